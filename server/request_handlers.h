// Handles the requests of subscribers and replies to them. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "protocol/message.h"
#include "server/connection_log.h"
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
    // on_stream, on_reload, on_metrics. server_request_calibrated or server_request_not_calibrated
    // replies to the first.
    const struct server_publisher_callbacks *callbacks;
    // Its members may send reserved requests, as root and the daemon's user may; 0: none.
    gid_t control_group;
    char control_group_name[64]; // or its number
    bool control_group_is_named;
};

// Sets the group and looks up its name. That may block, so it is not done for each request.
void server_request_handlers_set_group(struct server_request_handlers *handlers, gid_t group);

// Replies to one request; line NULL: the request was too long.
void server_request_handle(const struct server_request_handlers *handlers,
                           struct server_subscriber *subscriber, const char *line, size_t length);

// Replies to the subscriber's request to measure, if it has sent one. The id and the stream are
// filled in.
void server_request_calibrated(const struct server_request_handlers *handlers,
                               struct server_subscriber *subscriber, int stream,
                               const struct protocol_calibrated *calibrated);
void server_request_not_calibrated(const struct server_request_handlers *handlers,
                                   struct server_subscriber *subscriber, int stream,
                                   const struct protocol_error *error);

// Sends an error message.
void server_request_refuse(const struct server_request_handlers *handlers,
                           struct server_subscriber *subscriber,
                           const struct protocol_error *error);
