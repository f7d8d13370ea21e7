// A histogram of latencies. It may be in memory that processes share: one adds, the other reads.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum { LAB_LATENCY_MAX_US = 200000 }; // what takes longer counts as this

struct lab_latencies {                          // zeroed: none
    atomic_uint counts[LAB_LATENCY_MAX_US + 1]; // records by latency in us
};

void lab_latencies_add(struct lab_latencies *latencies, int64_t ns);
void lab_latencies_clear(struct lab_latencies *latencies);

// The quantile of the share, ms; 0 when there are none.
double lab_latencies_quantile_ms(const struct lab_latencies *latencies, double share);
