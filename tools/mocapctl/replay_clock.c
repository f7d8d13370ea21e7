#include "tools/mocapctl/replay_clock.h"

#include <math.h>

static const double DAY_NS = 86400e9;

// Doubles hold differences of times of a day to a few nanoseconds.
static double difference(int64_t later, int64_t earlier)
{
    return (double)later - (double)earlier;
}

int64_t mocapctl_replay_clock_due_ns(struct mocapctl_replay_clock *clock, int64_t published_ns,
                                     int64_t now_ns)
{
    if (!clock->running || fabs(difference(published_ns, clock->last_ns)) > DAY_NS) {
        clock->running = true;
        clock->start_ns = now_ns;
        clock->first_ns = published_ns;
    }
    clock->last_ns = published_ns;
    const double wait_ns = difference(published_ns, clock->first_ns) / clock->speed;
    const double due_ns = (double)clock->start_ns + wait_ns;
    // Slow replay of long recordings: beyond what the clock will ever show.
    return due_ns < 0x1p62 ? (int64_t)due_ns : INT64_C(1) << 62;
}

int64_t mocapctl_replay_clock_arrival_ns(int64_t arrival_ns, int64_t published_ns, int64_t now_ns)
{
    const double latency_ns = difference(published_ns, arrival_ns);
    return latency_ns >= 0 && latency_ns < (double)now_ns ? now_ns - (int64_t)latency_ns : now_ns;
}
