// The kernels of x86 processors.
#pragma once

#include <stdbool.h>

struct nn_kernels;
struct nn_microkernel_set;
struct nn_winograd_set;

// Replaces plain C by the fastest kernels that cpu_flags allow. Returns false, having
// changed nothing, when they allow none.
bool nn_kernels_init_x86(struct nn_kernels *kernels, unsigned cpu_flags);

// All operators but the full convolution.
void nn_kernels_init_loops_avx2(struct nn_kernels *kernels);
void nn_kernels_init_loops_avx512(struct nn_kernels *kernels);

extern const struct nn_microkernel_set nn_microkernels_avx2, nn_microkernels_avx512,
    nn_microkernels_avx_vnni;
extern const struct nn_winograd_set nn_winograd_avx2, nn_winograd_avx512;
extern const struct nn_microkernel_set nn_microkernels_avx512_bf16, nn_microkernels_avx512_u8;
extern const struct nn_microkernel_set nn_microkernels_amx_bf16, nn_microkernels_amx_u8;
