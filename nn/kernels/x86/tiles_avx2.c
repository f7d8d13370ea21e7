// Convolution tiles for AVX2 and FMA: 16 registers. Tiles leave room for the
// weights and one input.
#if !(defined(__AVX2__) && defined(__FMA__))
#error "compile this file with -mavx2 -mfma"
#endif

// First: what the loops are written in.
#include "nn/kernels/conv_direct.h"
#include "nn/kernels/x86/vec256.h"

#define NARROW CALLED // only a network's first maps become narrow here

#include "nn/kernels/winograd_tile.h"
#include "nn/kernels/x86/kernels_x86.h"

TILE_SET(nn_tiles_avx2, 12, 6, 4, 11, 4, 2)
PAIR_SET(nn_pairs_avx2, 12, 6, 4)
