// What a worker counts, for Prometheus.
#pragma once

#include "tools/fleet/local_daemon.h"
#include "tools/fleet/member.h"

// Replaces the file. Complains in the log, now and then, when that fails.
void fleet_work_metrics_write(const char *path, const struct fleet_member *member,
                              const struct fleet_local_state *state, int64_t now_ns);
