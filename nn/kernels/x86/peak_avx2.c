// AVX2: two units with a latency of four or five cycles need up to ten sums in flight; there
// are registers for twelve.
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif

#include "nn/kernels/x86/peak_x86.h"
#include "nn/kernels/x86/vec256.h"

enum { SUMS = 12 };

#define PEAK_BURN nn_peak_burn_avx2
#include "nn/kernels/peak_loop.h"
