// Convolution in plain C: the definition that all others are compared with, and
// what they share with it.
#pragma once

#include "nn/kernels/kernels.h"

nn_conv_fn nn_conv_c;

// Packs as taps x in_channels x out_channels floats, rounded where the input is
// BF16. No scratch.
nn_conv_size_fn nn_conv_weights_c, nn_conv_scratch_c;
nn_conv_pack_fn nn_conv_pack_c;

// Stores `count` finished sums of output channels from first on: residual, ReLU
// and shuffle.
void nn_conv_store(const struct nn_conv *conv, const struct nn_conv_maps *maps, int y, int x,
                   int first, int count, const float *sum);
