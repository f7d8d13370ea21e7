// Convolution microkernels for bytes on AVX2 with AVX-VNNI: vpdpbusd multiplies four
// unsigned inputs by four signed weights and adds in int32, exactly.
#if !(defined(__AVX2__) && defined(__FMA__) && defined(__AVXVNNI__))
#error "compile this file with -mavx2 -mfma -mavxvnni"
#endif

#include "nn/kernels/x86/vec256.h"

static inline ivec ivec_dot(ivec sum, ivec bytes, ivec weights)
{
    return _mm256_dpbusd_avx_epi32(sum, bytes, weights);
}

#include "nn/kernels/tile_u8.h"
#include "nn/kernels/x86/kernels_x86.h"

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

MICROKERNEL_SET(nn_microkernels_avx_vnni, 12, 6, 4, 11, 4, 2)
