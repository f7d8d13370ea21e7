// The convolution to one channel: products of vectors, so that lanes don't idle. Its
// weights are nn_conv_pack_c's, in the input's type.
#pragma once

#include "nn/kernels/kernels.h"

// The sum of weights times inputs over count numbers.
typedef float nn_dot_fn(const void *weights, const void *in, int count);

bool nn_conv_is_dot(const struct nn_conv *conv);
void nn_conv_dot(nn_dot_fn *dot, const struct nn_conv *conv, const struct nn_conv_maps *maps,
                 struct nn_rows rows);
