// Convolution tiles for AVX-512: 32 registers. Tiles leave room for the weights and
// one input.
#if !defined(__AVX512F__)
#error "compile this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

// First: what the loops are written in.
#include "nn/kernels/conv_direct.h"
#include "nn/kernels/x86/vec512.h"

#define NARROW CALLED // only a network's first maps become narrow here

#include "nn/kernels/winograd_tile.h"
#include "nn/kernels/x86/kernels_x86.h"

TILE_SET(nn_tiles_avx512, 24, 14, 9, 20, 10, 6)
PAIR_SET(nn_pairs_avx512, 24, 12, 8)
