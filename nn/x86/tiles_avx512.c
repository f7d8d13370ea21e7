// Convolution tiles for AVX-512: 32 registers. Tiles leave room for the weights and
// one input.
#if !defined(__AVX512F__)
#error "compile this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

#include "nn/conv_direct.h"
#include "nn/x86/vec512.h"

#define NARROW 1 // maps may be bytes and bfloat16

#include "nn/tile_f32.h"
#include "nn/x86/kernels_x86.h"

// clang-format off
TILES(flat, 1, UP_TO_24)
TILES(flat, 2, UP_TO_14)
TILES(flat, 3, UP_TO_9)
TILES(chain, 1, UP_TO_20)
TILES(chain, 2, UP_TO_10)
TILES(chain, 3, UP_TO_6)
// clang-format on

const struct nn_tile_set nn_tiles_avx512 = {
    .lanes = LANES,
    .flat_pixels = { 24, 14, 9 },
    .chain_pixels = { 20, 10, 6 },
    .flat = { flat_1, flat_2, flat_3 },
    .chain = { chain_1, chain_2, chain_3 },
    .dot = dot,
};
