// The kernels of x86 processors.
#pragma once

#include "nn/kernels.h"

// Puts the fastest kernels that cpu_flags allow in place of what is there.
void nn_kernels_init_x86(struct nn_kernels *kernels, unsigned cpu_flags);

void nn_kernels_init_avx2(struct nn_kernels *kernels);
void nn_kernels_init_avx512(struct nn_kernels *kernels);
