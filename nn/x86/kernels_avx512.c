// AVX-512: 32 registers of 16 floats. Tiles leave room for the weights and one input.
#if !defined(__AVX512F__)
#error "compile this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma"
#endif

#include <immintrin.h>

#include "nn/conv_plain.h"
#include "nn/x86/kernels_x86.h"

enum { LANES = 16 };

typedef __m512 vec;

static inline vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void vec_store(float *p, vec v)
{
    _mm512_storeu_ps(p, v);
}

static inline __mmask16 mask_first(int count)
{
    return (__mmask16)((1u << count) - 1);
}

static inline vec vec_load_first(const float *p, int count)
{
    return _mm512_maskz_loadu_ps(mask_first(count), p);
}

static inline void vec_store_first(float *p, vec v, int count)
{
    _mm512_mask_storeu_ps(p, mask_first(count), v);
}

static inline vec vec_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline vec vec_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

static inline float vec_sum(vec v)
{
    return _mm512_reduce_add_ps(v);
}

// a0 b0 a1 b1 …
static inline void vec_interleave(vec a, vec b, vec *low, vec *high)
{
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i second =
        _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    *low = _mm512_permutex2var_ps(a, first, b);
    *high = _mm512_permutex2var_ps(a, second, b);
}

#include "nn/conv_tile.h"
#include "nn/kernels_loops.h"

// clang-format off
TILES(flat, 1, UP_TO_24)
TILES(flat, 2, UP_TO_14)
TILES(flat, 3, UP_TO_9)
TILES(chain, 1, UP_TO_20)
TILES(chain, 2, UP_TO_10)
TILES(chain, 3, UP_TO_6)
// clang-format on

static const struct nn_tile_set tiles = {
    .lanes = LANES,
    .flat_pixels = { 24, 14, 9 },
    .chain_pixels = { 20, 10, 6 },
    .flat = { flat_1, flat_2, flat_3 },
    .chain = { chain_1, chain_2, chain_3 },
    .dot = dot,
};

static void conv(const struct nn_conv *conv, const struct nn_conv_maps *maps, struct nn_rows rows,
                 float *scratch)
{
    (void)scratch;
    nn_conv_direct(&tiles, conv, maps, rows);
}

static size_t conv_weights(const struct nn_conv *conv)
{
    return nn_conv_direct_weights(&tiles, conv);
}

static void conv_pack(const struct nn_conv *conv, const float *plain, float *packed)
{
    nn_conv_direct_pack(&tiles, conv, plain, packed);
}

void nn_kernels_init_avx512(struct nn_kernels *kernels)
{
    kernels->name = "avx512";
    kernels->conv = conv;
    kernels->conv_weights = conv_weights;
    kernels->conv_scratch = nn_conv_scratch_c;
    kernels->conv_pack = conv_pack;
    loops_init(kernels);
}
