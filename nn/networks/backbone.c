#include "nn/networks/backbone.h"

#include <stddef.h>
#include <string.h>

static const struct nn_backbone backbones[] = {
    // name, function, multiple, reduction, features
    { "lednet", nn_lednet, 32, 8, 64 },           //
    { "lednet-slim", nn_lednet_slim, 32, 8, 32 }, //
    { "erfnet", nn_erfnet, 8, 1, 32 },            //
    { "edanet", nn_edanet, 8, 8, 64 },            //
    { "esnet", nn_esnet, 8, 1, 32 },              //
    { "enet", nn_enet, 8, 1, 32 },                //
    { "enet-orig", nn_enet_original, 8, 1, 32 },  //
    { "hourglass", nn_hourglass, 32, 1, 35 },     //
    { "laednet", nn_laednet, 16, 2, 32 },         //
    { "lrdnet", nn_lrdnet, 8, 8, 64 },            //
    { "plain", nn_plain, 16, 16, 32 },            //
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
