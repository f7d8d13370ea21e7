// Convolution as a matrix product: the pixels under the window, gathered into
// rows, times the weights. It works on every processor that OpenBLAS knows.
#pragma once

#include "nn/kernels.h"

nn_conv_fn nn_conv_gemm;
nn_conv_size_fn nn_conv_gemm_scratch;

// Plain C's weight layout, which the matrix product shares.
nn_conv_size_fn nn_conv_weights_c;
nn_conv_pack_fn nn_conv_pack_c;

// Stores `count` finished sums of output channels from first on: residual, ReLU
// and shuffle, in plain C. step is 2 with a partner, else 1.
void nn_conv_store(const struct nn_conv *conv, const struct nn_conv_maps *maps, int y, int x,
                   int first, int count, int step, const float *sum);
