#include "nn/kernels/kernels.h"

#include "base/cpu.h"
#include "nn/kernels/conv_gemm.h"
#include "nn/kernels/conv_plain.h"
#include "nn/kernels/gemm.h"
#include "nn/kernels/kernels_loops.h"
#if defined(__x86_64__)
#include "nn/kernels/x86/kernels_x86.h"
#elif defined(__aarch64__)
#include "nn/kernels/arm/kernels_arm.h"
#endif

void nn_kernels_init(struct nn_kernels *kernels, unsigned cpu_flags)
{
    *kernels = (struct nn_kernels){
        .name = "scalar",
        .conv = nn_conv_c,
        .conv_weights = nn_conv_weights_c,
        .conv_scratch = nn_conv_scratch_c,
        .conv_pack = nn_conv_pack_c,
    };
    loops_init(kernels);
#if defined(__x86_64__)
    if (nn_kernels_init_x86(kernels, cpu_flags)) {
        return;
    }
#elif defined(__aarch64__)
    if (nn_kernels_init_arm(kernels, cpu_flags)) {
        return;
    }
#endif
    // Last, so that OpenBLAS isn't even checked where other kernels replace it.
    if ((cpu_flags & MC_CPU_BLAS) && nn_gemm_usable()) {
        kernels->name = "blas";
        kernels->conv = nn_conv_gemm;
        kernels->conv_scratch = nn_conv_gemm_scratch;
    }
}
