// Monotonic time. All times in the program are nanoseconds of CLOCK_MONOTONIC, so that
// subscribers on the same machine can compare them with their own clock.
#pragma once

#include <stdint.h>

#define MC_NS_PER_SECOND INT64_C(1000000000)
#define MC_NS_PER_MS INT64_C(1000000)
#define MC_NS_PER_US INT64_C(1000)

// The time now, in ns. Any thread.
int64_t mc_clock_now_ns(void);

// The CPU time of the calling thread, in ns: for measuring work whatever else runs on the
// machine. Costs a system call. Any thread.
int64_t mc_clock_thread_ns(void);

// For tests: fixes the time that mc_clock_now_ns returns. A negative value restores the real
// clock. Any thread.
void mc_clock_set_ns(int64_t now_ns);
