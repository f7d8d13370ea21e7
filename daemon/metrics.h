// The daemon's metrics as Prometheus' text format.
#pragma once

#include "protocol/buffer.h"
#include "protocol/message.h"

struct pipeline_stats;
struct server_connection;

// What the text tells; all borrowed. Streams and their stats go by the same numbers.
struct daemon_metrics {
    const char *version;
    const struct protocol_status *status;
    const struct pipeline_stats *stats;
    int first, end; // streams from first to before end
    const struct server_connection *connections;
    int connection_count;
};

// Appends it; the buffer is to be checked for `failed`. Thread: loop.
void daemon_metrics_write(struct protocol_buffer *text, const struct daemon_metrics *metrics);
