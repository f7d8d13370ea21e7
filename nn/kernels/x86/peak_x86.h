// Multiply-adds without end: see nn/kernels/peak.h.
#pragma once

// Return the multiply-adds of single numbers done in so many rounds. The sums
// start from value and end in it, so that no compiler leaves out the work.
double nn_peak_burn_avx2(int rounds, volatile float *value);
double nn_peak_burn_avx512(int rounds, volatile float *value);

// The next loop has a constant count: it is written out.
#if defined(__clang__)
#define NN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NN_UNROLL _Pragma("GCC unroll 32")
#endif
