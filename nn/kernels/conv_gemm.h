// Convolution as a matrix product: the pixels under the window, gathered into
// rows, times the weights, which are packed as in plain C. It works on every
// processor that OpenBLAS knows. Lower precision is left to plain C.
#pragma once

#include "nn/kernels/kernels.h"

nn_conv_fn nn_conv_gemm;
nn_conv_size_fn nn_conv_gemm_scratch;
