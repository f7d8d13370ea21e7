#include "nn/precision.h"

#include <stddef.h>
#include <string.h>

const char *const nn_precision_names[NN_PRECISION_COUNT + 1] = {
    [NN_PRECISION_AUTO] = "auto", [NN_PRECISION_F32] = "f32",  [NN_PRECISION_BF16] = "bf16",
    [NN_PRECISION_INT8] = "int8", [NN_PRECISION_COUNT] = NULL,
};

const char *nn_precision_name(enum nn_precision precision)
{
    return nn_precision_names[precision];
}

bool nn_precision_parse(const char *name, enum nn_precision *precision)
{
    for (int i = 0; i < NN_PRECISION_COUNT; i++) {
        if (strcmp(name, nn_precision_names[i]) == 0) {
            *precision = (enum nn_precision)i;
            return true;
        }
    }
    return false;
}
