// Monotonic time. All times in the program are nanoseconds of CLOCK_MONOTONIC,
// which is also what subscribers on the same machine can compare with.
#pragma once

#include <stdint.h>

#define MC_NS_PER_SECOND INT64_C(1000000000)
#define MC_NS_PER_MS INT64_C(1000000)
#define MC_NS_PER_US INT64_C(1000)

// Now, in ns. Any thread.
int64_t mc_clock_now_ns(void);

// The processor's time that the calling thread has had, in ns: what others on the
// machine take doesn't count. For measuring work; a system call. Any thread.
int64_t mc_clock_thread_ns(void);

// Fixes the time that mc_clock_now_ns returns, for tests; a negative value
// gives the real clock back. Thread: main, while no other runs.
void mc_clock_set_ns(int64_t now_ns);
