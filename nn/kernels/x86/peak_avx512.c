// AVX-512: two units of four cycles want eight sums under way; sixteen make sure.
#if !defined(__AVX512F__)
#error "compile this file with -mavx512f"
#endif

#include <immintrin.h>

#include "nn/kernels/x86/peak_x86.h"

enum { LANES = 16, SUMS = 16 };

double nn_peak_burn_avx512(int rounds, volatile float *value)
{
    const __m512 half = _mm512_set1_ps(0.5f), one = _mm512_set1_ps(1.0f);
    __m512 sums[SUMS];
    for (int i = 0; i < SUMS; i++) {
        sums[i] = _mm512_set1_ps(*value);
    }
    for (int round = 0; round < rounds; round++) {
        NN_UNROLL
        for (int i = 0; i < SUMS; i++) {
            sums[i] = _mm512_fmadd_ps(sums[i], half, one);
        }
    }
    for (int i = 1; i < SUMS; i++) {
        sums[0] = _mm512_add_ps(sums[0], sums[i]);
    }
    float lanes[LANES];
    _mm512_storeu_ps(lanes, sums[0]);
    *value = lanes[0];
    return (double)rounds * SUMS * LANES;
}
