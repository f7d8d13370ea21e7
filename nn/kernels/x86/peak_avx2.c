// AVX2: two units of four or five cycles want ten sums under way; there is room for twelve.
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif

#include <immintrin.h>

#include "nn/kernels/x86/peak_x86.h"

enum { LANES = 8, SUMS = 12 };

double nn_peak_burn_avx2(int rounds, volatile float *value)
{
    const __m256 half = _mm256_set1_ps(0.5f), one = _mm256_set1_ps(1.0f);
    __m256 sums[SUMS];
    for (int i = 0; i < SUMS; i++) {
        sums[i] = _mm256_set1_ps(*value);
    }
    for (int round = 0; round < rounds; round++) {
        NN_UNROLL
        for (int i = 0; i < SUMS; i++) {
            sums[i] = _mm256_fmadd_ps(sums[i], half, one);
        }
    }
    for (int i = 1; i < SUMS; i++) {
        sums[0] = _mm256_add_ps(sums[0], sums[i]);
    }
    float lanes[LANES];
    _mm256_storeu_ps(lanes, sums[0]);
    *value = lanes[0];
    return (double)rounds * SUMS * LANES;
}
