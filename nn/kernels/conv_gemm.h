// The convolution as im2col and a matrix product by OpenBLAS, for any processor that
// OpenBLAS supports. Weights are packed as in plain C. Inputs of lower precision are left
// to plain C.
#pragma once

#include "nn/kernels/kernels.h"

nn_conv_fn nn_conv_gemm;
nn_conv_size_fn nn_conv_gemm_scratch;
