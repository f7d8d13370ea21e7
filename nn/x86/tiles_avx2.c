// Convolution tiles for AVX2 and FMA: 16 registers. Tiles leave room for the
// weights and one input.
#if !(defined(__AVX2__) && defined(__FMA__))
#error "compile this file with -mavx2 -mfma"
#endif

#include "nn/conv_direct.h"
#include "nn/x86/vec256.h"

#define NARROW 0 // lower precision is left to AVX-512

#include "nn/tile_f32.h"
#include "nn/x86/kernels_x86.h"

// clang-format off
TILES(flat, 1, UP_TO_12)
TILES(flat, 2, UP_TO_6)
TILES(flat, 3, UP_TO_4)
TILES(chain, 1, UP_TO_11)
TILES(chain, 2, UP_TO_4)
TILES(chain, 3, UP_TO_2)
// clang-format on

const struct nn_tile_set nn_tiles_avx2 = {
    .lanes = LANES,
    .flat_pixels = { 12, 6, 4 },
    .chain_pixels = { 11, 4, 2 },
    .flat = { flat_1, flat_2, flat_3 },
    .chain = { chain_1, chain_2, chain_3 },
    .dot = dot,
};
