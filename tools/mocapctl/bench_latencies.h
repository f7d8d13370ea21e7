// How often something took how long. Memory that processes share will do: one adds, the
// other asks.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum { MOCAPCTL_LATENCY_MAX_US = 200000 }; // what takes longer counts as this

struct mocapctl_latencies {                          // zeroed: none
    atomic_uint counts[MOCAPCTL_LATENCY_MAX_US + 1]; // how many took so many us
};

void mocapctl_latencies_add(struct mocapctl_latencies *latencies, int64_t ns);
void mocapctl_latencies_clear(struct mocapctl_latencies *latencies);

// What such a share of them took at most, ms; 0 when there are none.
double mocapctl_latencies_quantile_ms(const struct mocapctl_latencies *latencies, double share);
