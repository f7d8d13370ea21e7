// Convolution tiles for bytes on AVX2 with AVX-VNNI: vpdpbusd multiplies four
// unsigned inputs by four signed weights and adds in int32, exactly.
#if !(defined(__AVX2__) && defined(__FMA__) && defined(__AVXVNNI__))
#error "compile this file with -mavx2 -mfma -mavxvnni"
#endif

#include "nn/conv_direct.h"
#include "nn/x86/vec256.h"

// A word is four neighbouring channels; a sum is a whole number.
typedef __m256i word, acc;

static inline word word_load(const char *p)
{
    int bits; // maps of small numbers may lie at any address
    memcpy(&bits, p, sizeof bits);
    return _mm256_set1_epi32(bits);
}

static inline acc acc_start(const float *bias)
{
    (void)bias; // added in acc_value
    return _mm256_setzero_si256();
}

static inline acc acc_add(word input, vec weights, acc sum)
{
    return _mm256_dpbusd_avx_epi32(sum, input, _mm256_castps_si256(weights));
}

static inline vec acc_value(acc sum, const struct nn_tile *tile, int channel)
{
    return vec_fma(_mm256_cvtepi32_ps(sum), vec_load(tile->scale + channel),
                   vec_load(tile->bias + channel));
}

#define NARROW INLINE
#include "nn/conv_tile.h"
#include "nn/x86/kernels_x86.h"

static float dot(const void *weights, const void *in, int count)
{
    const uint8_t *a = in;
    const int8_t *b = weights;
    __m256i sum = _mm256_setzero_si256();
    int i = 0;
    for (; i + 32 <= count; i += 32) {
        sum = _mm256_dpbusd_avx_epi32(sum, _mm256_loadu_si256((const __m256i *)(a + i)),
                                      _mm256_loadu_si256((const __m256i *)(b + i)));
    }
    int32_t parts[LANES], total = 0;
    _mm256_storeu_si256((__m256i *)parts, sum);
    for (int lane = 0; lane < LANES; lane++) {
        total += parts[lane];
    }
    for (; i < count; i++) {
        total += a[i] * b[i];
    }
    return (float)total;
}

TILE_SET(nn_tiles_avx_vnni, 12, 6, 4, 11, 4, 2)
