// The loop of multiply-adds; see nn/kernels/peak.h.
#pragma once

// Runs the given number of rounds and returns the number of scalar multiply-adds in them. The
// sums start from value and end in it, so that the compiler cannot optimise them away.
double nn_peak_burn_neon(int rounds, volatile float *value);
