// One connection: the requests it sends and what waits to be sent to it.
//
// Messages go out in the order in which they came in, one write at a time. Of
// each stream at most one record waits: a newer one takes its place, and the
// count of those it missed goes with it. With every_frame they all wait, up to
// SERVER_BACKLOG_MAX; the publisher stops the stream before that. The state of
// a stream is replaced in the same way. Replies are bounded because no request
// is read while SERVER_REPLIES_MAX messages wait. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "protocol/framing.h"
#include "protocol/json.h"
#include "server/message.h"

enum {
    SERVER_REPLIES_MAX = 16,  // messages other than records, while requests are read
    SERVER_BACKLOG_MAX = 160, // waiting records of one stream, with every_frame
};

struct server_subscriber;

struct server_subscriber_callbacks {
    // A request; line NULL: one that was too long. May reply, not close.
    void (*on_request)(void *user, struct server_subscriber *subscriber, const char *line,
                       size_t length);
    // A message was sent.
    void (*on_sent)(void *user, struct server_subscriber *subscriber);
    // The last callback; the subscriber is freed after it.
    void (*on_closed)(void *user, struct server_subscriber *subscriber);
    void *user;
};

enum server_outgoing_kind {
    SERVER_OUTGOING_REPLY,
    SERVER_OUTGOING_STATE,
    SERVER_OUTGOING_RECORD,
    SERVER_OUTGOING_END,
};

struct server_outgoing {
    struct server_message *message; // a reference of ours
    enum server_outgoing_kind kind;
    int stream; // -1 for a reply
};

// One stream, as this subscriber sees it.
struct server_subscription {
    bool active;
    int waiting;                     // records in the queue
    uint64_t missed;                 // records left out since the last one sent
    bool calibrating;                // waits for the neutral face to be measured
    struct protocol_id calibrate_id; // of its request
};

struct server_subscriber {
    struct server_subscriber *previous, *next; // the publisher's list
    unsigned long number;                      // for log lines
    int peer_pid, peer_uid;                    // -1 when unknown
    bool every_frame;
    uint64_t sent_count, missed_count; // records
    const char *close_reason;          // for the log; a constant

    // Private to subscriber.c.
    uv_pipe_t pipe;
    struct server_subscriber_callbacks callbacks;
    struct protocol_framing framing;
    struct server_outgoing *queue; // a ring
    int queue_capacity, queue_first, queue_count;
    int control_count; // messages in the queue that are not records
    int stream_count;
    struct server_subscription *subscriptions; // stream_count of them
    uv_write_t write;
    struct server_message *writing; // in flight; NULL: none
    uint64_t writing_since_ms;      // by uv_now
    char tail[PROTOCOL_JSON_TAIL_BYTES];
    bool reading;   // requests are read
    bool half_open; // the peer sends no more
    bool finishing; // close when all is sent
};

// Takes a connection that waits on the listener. Returns NULL and sets err when
// that fails: the connection is closed then.
struct server_subscriber *
server_subscriber_accept(uv_stream_t *listener, int stream_count, bool every_frame,
                         const struct server_subscriber_callbacks *callbacks,
                         struct mc_error *err) MC_MUST_USE;

// These take a reference of their own. A connection that is closing takes nothing.
void server_subscriber_reply(struct server_subscriber *subscriber, struct server_message *message);
void server_subscriber_state(struct server_subscriber *subscriber, int stream,
                             struct server_message *message);
void server_subscriber_record(struct server_subscriber *subscriber, int stream,
                              struct server_message *message);
void server_subscriber_end(struct server_subscriber *subscriber, int stream,
                           struct server_message *message);

// Reads no more, and closes once all that waits is sent.
void server_subscriber_finish(struct server_subscriber *subscriber);

// Closes now; on_closed comes later. reason is for the log, a constant.
void server_subscriber_close(struct server_subscriber *subscriber, const char *reason);

// To be called once a second: closes a connection whose write is stuck for
// stuck_ms, or whose peer is gone.
void server_subscriber_check(struct server_subscriber *subscriber, uint64_t stuck_ms);
