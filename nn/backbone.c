#include "nn/backbone.h"

#include <stddef.h>
#include <string.h>

static const struct nn_backbone backbones[] = {
    { "lednet", nn_lednet, 32, 8 },
    { "lednet-slim", nn_lednet_slim, 32, 8 },
};

enum { BACKBONE_COUNT = sizeof backbones / sizeof backbones[0] };

const struct nn_backbone *nn_backbone_find(const char *name)
{
    for (int i = 0; i < BACKBONE_COUNT; i++) {
        if (strcmp(backbones[i].name, name) == 0) {
            return &backbones[i];
        }
    }
    return NULL;
}

const struct nn_backbone *nn_backbone_at(int index)
{
    return index < BACKBONE_COUNT ? &backbones[index] : NULL;
}
