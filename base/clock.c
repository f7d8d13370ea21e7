#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static atomic_int_fast64_t fixed_ns = -1;

int64_t mc_clock_now_ns(void)
{
    const int64_t fixed = atomic_load_explicit(&fixed_ns, memory_order_relaxed);
    if (fixed >= 0) {
        return fixed;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MC_NS_PER_SECOND + now.tv_nsec;
}

int64_t mc_clock_thread_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * MC_NS_PER_SECOND + now.tv_nsec;
}

void mc_clock_set_ns(int64_t now_ns)
{
    atomic_store_explicit(&fixed_ns, now_ns, memory_order_relaxed);
}
