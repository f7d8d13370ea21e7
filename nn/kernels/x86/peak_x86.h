// Loops of multiply-adds; see nn/kernels/peak.h.
#pragma once

// Run the given number of rounds and return the number of scalar multiply-adds in them. The
// sums start from value and end in it, so that the compiler cannot optimise them away.
double nn_peak_burn_avx2(int rounds, volatile float *value);
double nn_peak_burn_avx512(int rounds, volatile float *value);
