// Convolution microkernels for AVX2 and FMA, which have 16 vector registers. Tile sizes leave
// room for the weights and one input.
#if !(defined(__AVX2__) && defined(__FMA__))
#error "compile this file with -mavx2 -mfma"
#endif

// First, since the microkernels are written in terms of it.
#include "nn/kernels/x86/vec256.h"

#define NARROW CALLED // from float32 input, only a network's first maps are narrow

#include "nn/kernels/winograd_tile.h"
#include "nn/kernels/x86/kernels_x86.h"

MICROKERNEL_SET(nn_microkernels_avx2, 12, 6, 4, 11, 4, 2)
WINOGRAD_SET(nn_winograd_avx2, 12, 6, 4)
