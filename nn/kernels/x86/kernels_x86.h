// The kernels of x86 processors.
#pragma once

#include "nn/kernels/conv_direct.h"
#include "nn/kernels/kernels.h"

struct nn_pair_set;

// Puts the fastest kernels that cpu_flags allow in place of what is there; false when
// they allow none.
bool nn_kernels_init_x86(struct nn_kernels *kernels, unsigned cpu_flags);

// The operators beside convolution.
void nn_kernels_init_loops_avx2(struct nn_kernels *kernels);
void nn_kernels_init_loops_avx512(struct nn_kernels *kernels);

extern const struct nn_tile_set nn_tiles_avx2, nn_tiles_avx512, nn_tiles_avx_vnni;
extern const struct nn_pair_set nn_pairs_avx2, nn_pairs_avx512;
extern const struct nn_tile_set nn_tiles_avx512_bf16, nn_tiles_avx512_u8;
extern const struct nn_tile_set nn_tiles_amx_bf16, nn_tiles_amx_u8;
