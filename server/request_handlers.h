// Handles the requests of subscribers and replies to them. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "server/connection_log.h"
#include "server/control_group.h"
#include "server/stream_feed.h"
#include "server/subscriber.h"

struct server_publisher_callbacks;

struct server_request_handlers {
    struct server_stream_feeds *feeds;
    struct server_connection_log *log;
    // Subscriptions have changed.
    void (*on_subscribed)(void *user);
    // Fills the status, except for what belongs to one connection: id and missed.
    void (*on_status)(void *user, struct protocol_status *status);
    void *user; // of the two above
    // What requests ask of the server's owner: on_calibrate, on_calibration, on_settings,
    // on_stream, on_reload, on_metrics. server_calibration_done or server_calibration_failed
    // replies to the first.
    const struct server_publisher_callbacks *callbacks;
    struct server_control_group control_group; // who may send reserved requests
};

// Replies to one request; line NULL: the request was too long.
void server_request_handle(const struct server_request_handlers *handlers,
                           struct server_subscriber *subscriber, const char *line, size_t length);
