// Multiply-adds without end: see nn/peak.h.
#pragma once

// Returns the multiply-adds of single numbers done in so many rounds. result is
// of no interest, but must be kept.
double nn_peak_burn_avx2(int rounds, float *result);
double nn_peak_burn_avx512(int rounds, float *result);

// The next loop has a constant count: it is written out.
#if defined(__clang__)
#define NN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NN_UNROLL _Pragma("GCC unroll 32")
#endif
