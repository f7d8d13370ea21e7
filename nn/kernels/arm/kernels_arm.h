// The kernels of 64-bit ARM processors.
#pragma once

#include <stdbool.h>

struct nn_kernels;
struct nn_microkernel_set;
struct nn_winograd_set;

// Replaces plain C by the fastest kernels that cpu_flags allow. Returns false, having
// changed nothing, when they allow none.
bool nn_kernels_init_arm(struct nn_kernels *kernels, unsigned cpu_flags);

// All operators but the full convolution.
void nn_kernels_init_loops_neon(struct nn_kernels *kernels);

extern const struct nn_microkernel_set nn_microkernels_neon, nn_microkernels_dotprod,
    nn_microkernels_i8mm, nn_microkernels_arm_bf16;
extern const struct nn_winograd_set nn_winograd_neon;
