// The convolution in plain C: the definition that all other versions are tested against,
// and functions that they share with it.
#pragma once

#include "nn/kernels/kernels.h"

nn_conv_fn nn_conv_c;

// Packed weights are taps x in_channels x out_channels floats, rounded to bfloat16 if the
// input is BF16. No scratch.
nn_conv_size_fn nn_conv_weights_c, nn_conv_scratch_c;
nn_conv_pack_fn nn_conv_pack_c;

// Applies the epilogue (activation, residual, activation, shuffle) to the sums of output
// channels first to first + count - 1 at pixel y, x, and stores them.
void nn_conv_store(const struct nn_conv *conv, const struct nn_conv_maps *maps, int y, int x,
                   int first, int count, const float *sum);
