// What the files of the publisher share: its state, and how it answers requests.
#pragma once

#include "protocol/message.h"
#include "server/encodings.h"
#include "server/message.h"
#include "server/publisher.h"
#include "server/rate_limit.h"
#include "server/stream_feed.h"
#include "server/subscriber.h"

struct server_publisher {
    uv_loop_t *loop;
    struct server_publisher_callbacks callbacks;
    struct protocol_hello hello;
    struct server_limits limits;
    int workers;
    bool every_frame, finishing;
    uint64_t finishing_ms;               // when that began
    struct server_stream_feed *channels; // one for each stream
    int channel_count;
    struct server_subscriber *first, *last; // list, the oldest first
    int connection_count, subscribed_count; // of those that have subscribed to something
    unsigned long accepted;                 // in all
    struct server_rate_limit pace;
    uv_stream_t *waiting;    // the listener that has a connection to be taken, or NULL
    unsigned long resumed;   // the number of the connection that was resumed last
    int logged, log_skipped; // lines about connections since the last check
    struct server_encodings variants;
    struct server_message_pool pool;
    uv_timer_t check;
    struct server_subscriber *unchecked; // the next to be looked at; NULL: all were
    uint64_t checked_ms, told_ms;        // when that began, and streams that are down were told
    int64_t start_ns;
};

// A line about a connection, unless there were too many of them just now.
void server_publisher_log(struct server_publisher *publisher,
                          const struct server_subscriber *subscriber, const char *format, ...)
    MC_PRINTF(3, 4);

// These send one connection a message in its encoding: the stream's state, its end, an
// error.
void server_publisher_send_state(struct server_publisher *publisher,
                                 struct server_subscriber *subscriber, int stream);
void server_publisher_send_end(struct server_publisher *publisher,
                               struct server_subscriber *subscriber, int stream);
void server_publisher_send_error(struct server_publisher *publisher,
                                 struct server_subscriber *subscriber,
                                 const struct protocol_error *error);

// Answers a request; line NULL: one that was too long.
void server_publisher_answer(struct server_publisher *publisher,
                             struct server_subscriber *subscriber, const char *line, size_t length);

// Lets go of what the connection has subscribed to.
void server_publisher_drop_subscriptions(struct server_publisher *publisher,
                                         struct server_subscriber *subscriber);
