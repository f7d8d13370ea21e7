// Log lines about connections, limited so that a flood of them does not flood the log.
// Thread: loop.
#pragma once

#include "base/error.h"

struct server_subscriber;

struct server_connection_log { // zeroed: ready
    int written, skipped;      // since the last renewal
};

// Logs "connection 7 (pid 12, uid 1000, label) …", unless too many lines were logged since the
// last renewal.
void server_connection_log_write(struct server_connection_log *log,
                                 const struct server_subscriber *subscriber, const char *format,
                                 ...) MC_PRINTF(3, 4);

// Allows more lines and logs how many were left out. To be called every SERVER_CHECK_MS.
void server_connection_log_renew(struct server_connection_log *log);
