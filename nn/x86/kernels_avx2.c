// AVX2 and FMA: 16 registers of 8 floats. Tiles leave room for the weights and one input.
#if !(defined(__AVX2__) && defined(__FMA__))
#error "compile this file with -mavx2 -mfma"
#endif

#include <immintrin.h>

#include "nn/conv_plain.h"
#include "nn/x86/kernels_x86.h"

enum { LANES = 8 };

typedef __m256 vec;

static inline vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline void vec_store(float *p, vec v)
{
    _mm256_storeu_ps(p, v);
}

static inline __m256i mask_first(int count)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vec vec_load_first(const float *p, int count)
{
    return _mm256_maskload_ps(p, mask_first(count));
}

static inline void vec_store_first(float *p, vec v, int count)
{
    _mm256_maskstore_ps(p, mask_first(count), v);
}

static inline vec vec_set1(float x)
{
    return _mm256_set1_ps(x);
}

static inline vec vec_zero(void)
{
    return _mm256_setzero_ps();
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}

static inline float vec_sum(vec v)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

// a0 b0 a1 b1 …
static inline void vec_interleave(vec a, vec b, vec *low, vec *high)
{
    vec even = _mm256_unpacklo_ps(a, b), odd = _mm256_unpackhi_ps(a, b);
    *low = _mm256_permute2f128_ps(even, odd, 0x20);
    *high = _mm256_permute2f128_ps(even, odd, 0x31);
}

#include "nn/conv_tile.h"
#include "nn/kernels_loops.h"

// clang-format off
TILES(flat, 1, UP_TO_12)
TILES(flat, 2, UP_TO_6)
TILES(flat, 3, UP_TO_4)
TILES(chain, 1, UP_TO_11)
TILES(chain, 2, UP_TO_4)
TILES(chain, 3, UP_TO_2)
// clang-format on

static const struct nn_tile_set tiles = {
    .lanes = LANES,
    .flat_pixels = { 12, 6, 4 },
    .chain_pixels = { 11, 4, 2 },
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

void nn_kernels_init_avx2(struct nn_kernels *kernels)
{
    kernels->name = "avx2";
    kernels->conv = conv;
    kernels->conv_weights = conv_weights;
    kernels->conv_scratch = nn_conv_scratch_c;
    kernels->conv_pack = conv_pack;
    loops_init(kernels);
}
