// All operators but the full convolution, compiled for AVX2.
#include "nn/kernels/kernels_loops.h"
#include "nn/kernels/x86/kernels_x86.h"

void nn_kernels_init_loops_avx2(struct nn_kernels *kernels)
{
    loops_init(kernels);
}
