// Handles the requests of subscribers and replies to them. Thread: loop.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "protocol/message.h"
#include "server/connection_log.h"
#include "server/stream_feed.h"
#include "server/subscriber.h"

struct protocol_buffer;
struct protocol_stream_change;

struct server_request_handlers {
    struct server_stream_feeds *feeds;
    struct server_connection_log *log;
    // Subscriptions have changed.
    void (*on_subscribed)(void *user);
    // Fills all of the status but what belongs to one connection: id and missed.
    void (*on_status)(void *user, struct protocol_status *status);
    // Starts measuring the faces of a stream: NEUTRAL or RANGE. server_request_calibrated or
    // server_request_not_calibrated replies. Returns false and sets error when it cannot start.
    // NULL: this server cannot calibrate.
    bool (*on_calibrate)(void *user, int stream, const struct protocol_request *request,
                         struct protocol_error *error);
    // Fills calibration: SHOW, USE and RESET. Returns false and sets error on failure.
    bool (*on_calibration)(void *user, int stream, const struct protocol_request *request,
                           struct protocol_calibration *calibration, struct protocol_error *error);
    // Changes what settings has given, and fills the rest of it: what is in use. Returns false and
    // sets error on failure. NULL: this server has no settings.
    bool (*on_settings)(void *user, int stream, struct protocol_settings *settings,
                        struct protocol_error *error);
    // Adds, removes or changes a stream; reads the configuration again: see publisher.h. NULL: this
    // server cannot.
    bool (*on_stream)(void *user, const struct protocol_stream_change *change,
                      struct protocol_stream_changed *changed, struct protocol_error *error);
    bool (*on_reload)(void *user, struct protocol_reloaded *reloaded, struct protocol_error *error);
    // Its members may use what is reserved, beside root and the daemon's user; 0: none.
    gid_t control_group;
    // Writes the metrics of one stream; of all where it is -1. NULL: this server has none.
    void (*on_metrics)(void *user, int stream, struct protocol_buffer *text);
    void *user;
};

// Replies to one request; line NULL: one that was too long.
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
