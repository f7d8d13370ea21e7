#include "nn/kernels/x86/kernels_x86.h"

#include "base/cpu.h"
#include "nn/kernels/conv_choice.h"

static microkernel_table avx2 = { [NN_F32] = &nn_microkernels_avx2 };
static microkernel_table avx2_vnni = {
    [NN_F32] = &nn_microkernels_avx2, [NN_U8] = &nn_microkernels_avx_vnni
};
static microkernel_table avx512 = { [NN_F32] = &nn_microkernels_avx512 };
static microkernel_table avx512_vnni = {
    [NN_F32] = &nn_microkernels_avx512, [NN_U8] = &nn_microkernels_avx512_u8
};
static microkernel_table avx512_bf16 = { [NN_F32] = &nn_microkernels_avx512,
                                         [NN_BF16] = &nn_microkernels_avx512_bf16,
                                         [NN_U8] = &nn_microkernels_avx512_u8 };
static microkernel_table amx = { [NN_F32] = &nn_microkernels_avx512,
                                 [NN_BF16] = &nn_microkernels_amx_bf16,
                                 [NN_U8] = &nn_microkernels_amx_u8 };

CONV(avx2, nn_winograd_avx2)
CONV(avx2_vnni, nn_winograd_avx2)
CONV(avx512, nn_winograd_avx512)
CONV(avx512_vnni, nn_winograd_avx512)
CONV(avx512_bf16, nn_winograd_avx512)
CONV(amx, nn_winograd_avx512)

static void init_avx2(struct nn_kernels *kernels, unsigned cpu_flags)
{
    nn_kernels_init_loops_avx2(kernels);
    if (cpu_flags & MC_CPU_AVX_VNNI) {
        USE(kernels, "avx2", avx2_vnni, 1u << NN_U8);
    } else {
        USE(kernels, "avx2", avx2, 0);
    }
}

static void init_avx512(struct nn_kernels *kernels, unsigned cpu_flags)
{
    // Every processor with bfloat16 products also has byte products.
    const unsigned products = MC_CPU_AVX512_VNNI | MC_CPU_AVX512_BF16;
    nn_kernels_init_loops_avx512(kernels);
    if (cpu_flags & MC_CPU_AMX) {
        USE(kernels, "amx", amx, 1u << NN_U8 | 1u << NN_BF16);
    } else if ((cpu_flags & products) == products) {
        USE(kernels, "avx512", avx512_bf16, 1u << NN_U8 | 1u << NN_BF16);
    } else if (cpu_flags & MC_CPU_AVX512_VNNI) {
        USE(kernels, "avx512", avx512_vnni, 1u << NN_U8);
    } else {
        USE(kernels, "avx512", avx512, 0);
    }
}

bool nn_kernels_init_x86(struct nn_kernels *kernels, unsigned cpu_flags)
{
    if (cpu_flags & MC_CPU_AVX512) {
        init_avx512(kernels, cpu_flags);
        return true;
    }
    if (cpu_flags & MC_CPU_AVX2) {
        init_avx2(kernels, cpu_flags);
        return true;
    }
    return false;
}
