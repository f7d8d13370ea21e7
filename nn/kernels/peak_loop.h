// The loop of multiply-adds behind nn/kernels/peak.h, written once for all vector widths.
// Requires vec with its operations (vec256.h or vec512.h), SUMS, the number of independent
// sums, and PEAK_BURN, the function's name.

#include "nn/kernels/unroll.h"

double PEAK_BURN(int rounds, volatile float *value)
{
    const vec half = vec_set1(0.5f), one = vec_set1(1.0f);
    vec sums[SUMS];
    for (int i = 0; i < SUMS; i++) {
        sums[i] = vec_set1(*value);
    }
    for (int round = 0; round < rounds; round++) {
        UNROLL
        for (int i = 0; i < SUMS; i++) {
            sums[i] = vec_fma(sums[i], half, one);
        }
    }
    for (int i = 1; i < SUMS; i++) {
        sums[0] = vec_add(sums[0], sums[i]);
    }
    float lanes[LANES];
    vec_store(lanes, sums[0]);
    *value = lanes[0];
    return (double)rounds * SUMS * LANES;
}
