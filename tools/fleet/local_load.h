// How busy a mocapd is, by its metrics. Thread: any.
#pragma once

#include "tools/fleet/capacity.h"

// What the metrics counted when they were last read; zeroed before.
struct fleet_local_counts {
    double latency_sum_s, records, dropped;
};

// Sets the load's latency_ms, the mean of the records since the counts, and dropped, the share of
// frames that found no worker; 0 without records. Sets the counts to those of metrics, the text
// that mocapd gives Prometheus.
void fleet_local_load_measure(struct fleet_local_counts *counts, const char *metrics,
                              struct fleet_load *load);
