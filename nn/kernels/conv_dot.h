// The convolution to a single output channel: a dot product per pixel, since a vector of
// output channels would have one lane in use.
#pragma once

#include "nn/kernels/kernels.h"

// The sum over count numbers of weight times input. Their type is fixed per function.
typedef float nn_dot_fn(const void *weights, const void *in, int count);

// Whether this is the convolution to use.
bool nn_conv_is_dot(const struct nn_conv *conv);

void nn_conv_dot(nn_dot_fn *dot, const struct nn_conv *conv, const struct nn_conv_maps *maps,
                 struct nn_rows rows);

// Packs weights in the order of plain C (conv_plain.h), in the input's type.
void nn_conv_dot_pack(const struct nn_conv *conv, const float *plain, float *packed);
