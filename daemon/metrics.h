// The daemon's metrics in Prometheus' text exposition format.
#pragma once

#include "protocol/buffer.h"
#include "protocol/message.h"

struct pipeline_stats;

// What the text is made of; all borrowed. A stream's status and stats have the same index.
struct daemon_metrics {
    const char *version;
    const struct protocol_status *status;
    const struct pipeline_stats *stats;
    int first, end; // the streams to write: first to end - 1
};

// Appends the metrics to text. The number of lines depends on the streams alone. When text has
// no room for them, it is marked as failed. Thread: loop.
void daemon_metrics_write(struct protocol_buffer *text, const struct daemon_metrics *metrics);
