// AVX-512: two units with a latency of four cycles need eight sums in flight; sixteen are on
// the safe side.
#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512VL__)
#error "compile this file with the flags of tiles_avx512.c"
#endif

#include "nn/kernels/x86/peak_x86.h"
#include "nn/kernels/x86/vec512.h"

enum { SUMS = 16 };

#define PEAK_BURN nn_peak_burn_avx512
#include "nn/kernels/peak_loop.h"
