// Convolution microkernels for AVX-512, which has 32 vector registers. Tile sizes leave
// room for the weights and one input.
#if !defined(__AVX512F__)
#error "compile this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

// First, since the microkernels are written in terms of it.
#include "nn/kernels/x86/vec512.h"

#define NARROW CALLED // from float32 input, only a network's first maps are narrow

#include "nn/kernels/winograd_tile.h"
#include "nn/kernels/x86/kernels_x86.h"

MICROKERNEL_SET(nn_microkernels_avx512, 24, 14, 9, 20, 10, 6)
WINOGRAD_SET(nn_winograd_avx512, 24, 12, 8)
