#include "tools/lab/bench_latencies.h"

#include "base/clock.h"

void lab_latencies_add(struct lab_latencies *latencies, int64_t ns)
{
    const int64_t us = ns / MC_NS_PER_US;
    const int64_t index = us < 0 ? 0 : us > LAB_LATENCY_MAX_US ? LAB_LATENCY_MAX_US : us;
    atomic_fetch_add_explicit(&latencies->counts[index], 1, memory_order_relaxed);
}

void lab_latencies_clear(struct lab_latencies *latencies)
{
    for (int us = 0; us <= LAB_LATENCY_MAX_US; us++) {
        atomic_store_explicit(&latencies->counts[us], 0, memory_order_relaxed);
    }
}

static unsigned count_of(const struct lab_latencies *latencies, int us)
{
    return atomic_load_explicit(&latencies->counts[us], memory_order_relaxed);
}

double lab_latencies_quantile_ms(const struct lab_latencies *latencies, double share)
{
    uint64_t all = 0, seen = 0;
    for (int us = 0; us <= LAB_LATENCY_MAX_US; us++) {
        all += count_of(latencies, us);
    }
    const uint64_t wanted = (uint64_t)(share * (double)all);
    for (int us = 0; us <= LAB_LATENCY_MAX_US; us++) {
        seen += count_of(latencies, us);
        if (seen > wanted || seen == all) {
            return us / 1000.0;
        }
    }
    return 0;
}
