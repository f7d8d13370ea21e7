// NEON: up to four units with a latency of four cycles need sixteen sums in flight.
#include "nn/kernels/arm/peak_arm.h"
#include "nn/kernels/arm/vec128.h"

enum { SUMS = 16 };

#define PEAK_BURN nn_peak_burn_neon
#include "nn/kernels/peak_loop.h"
