// The precision in which a network computes between its input and its results.
#pragma once

#include <stdbool.h>

enum nn_precision {
    NN_PRECISION_AUTO, // the fastest on this processor whose measured deviation is small
    NN_PRECISION_F32,
    NN_PRECISION_BF16, // maps and weights are bfloat16, sums float32
    NN_PRECISION_INT8, // maps are bytes with a scale, weights signed bytes, sums int32
    NN_PRECISION_COUNT,
};

// "auto", "f32", "bf16", "int8", NULL.
extern const char *const nn_precision_names[NN_PRECISION_COUNT + 1];

// "f32", "bf16", "int8" or "auto". Static.
const char *nn_precision_name(enum nn_precision precision);

// Looks up a precision by name. False, leaving *precision alone, if there is none.
bool nn_precision_parse(const char *name, enum nn_precision *precision);
