#include "nn/x86/kernels_x86.h"

#include "base/cpu.h"

void nn_kernels_init_x86(struct nn_kernels *kernels, unsigned cpu_flags)
{
    if (cpu_flags & MC_CPU_AVX512) {
        nn_kernels_init_avx512(kernels);
    } else if (cpu_flags & MC_CPU_AVX2) {
        nn_kernels_init_avx2(kernels);
    }
}
