#include "nn/precision.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
    [NN_PRECISION_F32] = "f32",
    [NN_PRECISION_BF16] = "bf16",
    [NN_PRECISION_INT8] = "int8",
    [NN_PRECISION_AUTO] = "auto",
};

const char *nn_precision_name(enum nn_precision precision)
{
    return names[precision];
}

bool nn_precision_parse(const char *name, enum nn_precision *precision)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *precision = (enum nn_precision)i;
            return true;
        }
    }
    return false;
}
