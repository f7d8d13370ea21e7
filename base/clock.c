#include "base/clock.h"

#include <time.h>

static int64_t fixed_ns = -1;

int64_t mc_clock_now_ns(void)
{
    if (fixed_ns >= 0) {
        return fixed_ns;
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
    fixed_ns = now_ns;
}
