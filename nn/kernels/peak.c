#include "nn/kernels/peak.h"

#include <stdint.h>

#include "base/clock.h"
#include "base/cpu.h"
#if defined(__x86_64__)
#include "nn/kernels/x86/peak_x86.h"
#elif defined(__aarch64__)
#include "nn/kernels/arm/peak_arm.h"
#endif

enum { SUMS = 32 };

// The sums converge to 2, so no slow denormals occur. Returns the number of multiply-adds.
static double burn_c(int rounds, volatile float *value)
{
    float sums[SUMS];
    for (int i = 0; i < SUMS; i++) {
        sums[i] = *value;
    }
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < SUMS; i++) {
            sums[i] = sums[i] * 0.5f + 1.0f;
        }
    }
    for (int i = 1; i < SUMS; i++) {
        sums[0] += sums[i];
    }
    *value = sums[0];
    return (double)rounds * SUMS;
}

double nn_peak_gflops(unsigned cpu_flags)
{
    double (*burn)(int rounds, volatile float *value) = burn_c;
#if defined(__x86_64__)
    burn = cpu_flags & MC_CPU_AVX512 ? nn_peak_burn_avx512
           : cpu_flags & MC_CPU_AVX2 ? nn_peak_burn_avx2
                                     : burn_c;
#elif defined(__aarch64__)
    burn = cpu_flags & MC_CPU_NEON ? nn_peak_burn_neon : burn_c;
#endif
    // In pieces long enough that reading the clock between them costs nothing.
    enum { ROUNDS = 2000 };
    volatile float value = 0; // volatile, so that the compiler cannot optimise the work away
    const int64_t begin_ns = mc_clock_now_ns();
    int64_t now_ns = begin_ns;
    double macs = 0;
    while (now_ns - begin_ns < MC_NS_PER_MS / 2) {
        macs += burn(ROUNDS, &value);
        now_ns = mc_clock_now_ns();
    }
    return 2 * macs / (double)(now_ns - begin_ns);
}
