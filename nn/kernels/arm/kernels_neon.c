// All operators but the full convolution, compiled with products and sums contracted.
#include "nn/kernels/arm/kernels_arm.h"
#include "nn/kernels/kernels_loops.h"

void nn_kernels_init_loops_neon(struct nn_kernels *kernels)
{
    loops_init(kernels);
}
