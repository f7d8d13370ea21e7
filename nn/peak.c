#include "nn/peak.h"

#include <stdint.h>

#include "base/clock.h"
#include "base/cpu.h"
#if defined(__x86_64__)
#include "nn/x86/peak_x86.h"
#endif

enum { SUMS = 32 };

// Sums converge to 2, far from everything that is slow. Returns the multiply-adds done.
static double burn_c(int rounds, float *result)
{
    float sums[SUMS] = { 0 };
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < SUMS; i++) {
            sums[i] = sums[i] * 0.5f + 1.0f;
        }
    }
    *result = 0;
    for (int i = 0; i < SUMS; i++) {
        *result += sums[i];
    }
    return (double)rounds * SUMS;
}

double nn_peak_gflops(unsigned cpu_flags)
{
    double (*burn)(int rounds, float *result) = burn_c;
#if defined(__x86_64__)
    burn = cpu_flags & MC_CPU_AVX512 ? nn_peak_burn_avx512
           : cpu_flags & MC_CPU_AVX2 ? nn_peak_burn_avx2
                                     : burn_c;
#endif
    // As many rounds as the time takes, in pieces whose ends cost nothing beside them.
    enum { ROUNDS = 2000 };
    volatile float keep = 0; // so that the work has a purpose
    const int64_t begin_ns = mc_clock_now_ns();
    int64_t now_ns = begin_ns;
    double macs = 0;
    while (now_ns - begin_ns < MC_NS_PER_MS / 2) {
        float result;
        macs += burn(ROUNDS, &result);
        keep += result;
        now_ns = mc_clock_now_ns();
    }
    return 2 * macs / (double)(now_ns - begin_ns);
}
