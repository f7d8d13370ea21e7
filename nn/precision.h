// How exact a network computes between its input and its results.
#pragma once

#include <stdbool.h>

enum nn_precision {
    NN_PRECISION_F32,
    NN_PRECISION_BF16, // maps and weights bfloat16, sums float32
    NN_PRECISION_INT8, // maps bytes with a scale, weights signed bytes, sums whole
    NN_PRECISION_AUTO, // int8 where the file is made for it and the processor is good at it
};

// "f32", "bf16", "int8", "auto"
const char *nn_precision_name(enum nn_precision precision);

// The precision of that name; false when there is none.
bool nn_precision_parse(const char *name, enum nn_precision *precision);
