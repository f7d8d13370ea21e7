// What a server of fleet streams counts, for Prometheus.
#pragma once

#include "protocol/buffer.h"
#include "tools/fleet/upstream.h"

void fleet_serve_metrics_write(struct protocol_buffer *text,
                               const struct fleet_upstream_counts *counts, int streams,
                               bool is_connected);
