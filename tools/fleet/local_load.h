// How busy a mocapd is, by its metrics. Thread: any.
#pragma once

#include "protocol/message.h"
#include "tools/fleet/capacity.h"

struct fleet_stream_counts {
    char stream[PROTOCOL_NAME_BYTES];
    double latency_sum_s, records, dropped;
};

// What the metrics counted when they were last read; zeroed before.
struct fleet_local_counts {
    struct fleet_stream_counts streams[PROTOCOL_STREAMS_MAX];
    int stream_count;
};

// Sets the load's latency_ms, the mean of the records since the counts, and dropped, the share of
// frames that found no worker; 0 without records. A stream that is new, or counts from the start
// again, is left out until the next time. Sets the counts to those of metrics, the text that mocapd
// gives Prometheus.
void fleet_local_load_measure(struct fleet_local_counts *counts, const char *metrics,
                              struct fleet_load *load);
