#include "nn/kernels/arm/kernels_arm.h"

#include "base/cpu.h"
#include "nn/kernels/conv_choice.h"

static microkernel_table neon = { [NN_F32] = &nn_microkernels_neon };
static microkernel_table dotprod = {
    [NN_F32] = &nn_microkernels_neon, [NN_U8] = &nn_microkernels_dotprod
};
static microkernel_table i8mm = {
    [NN_F32] = &nn_microkernels_neon, [NN_U8] = &nn_microkernels_i8mm
};
static microkernel_table i8mm_bf16 = { [NN_F32] = &nn_microkernels_neon,
                                       [NN_BF16] = &nn_microkernels_arm_bf16,
                                       [NN_U8] = &nn_microkernels_i8mm };

CONV(neon, nn_winograd_neon)
CONV(dotprod, nn_winograd_neon)
CONV(i8mm, nn_winograd_neon)
CONV(i8mm_bf16, nn_winograd_neon)

bool nn_kernels_init_arm(struct nn_kernels *kernels, unsigned cpu_flags)
{
    if (!(cpu_flags & MC_CPU_NEON)) {
        return false;
    }
    nn_kernels_init_loops_neon(kernels);
    if (!(cpu_flags & MC_CPU_DOTPROD)) {
        USE(kernels, "neon", neon, 0);
    } else if (!(cpu_flags & MC_CPU_I8MM)) {
        USE(kernels, "dotprod", dotprod, 1u << NN_U8);
    } else if (!(cpu_flags & MC_CPU_ARM_BF16)) {
        USE(kernels, "i8mm", i8mm, 1u << NN_U8);
    } else {
        USE(kernels, "i8mm", i8mm_bf16, 1u << NN_U8 | 1u << NN_BF16);
    }
    return true;
}
