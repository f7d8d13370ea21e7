// One connection: the requests it sends and what waits to be sent to it.
//
// Messages go out in the order in which they came in, one write at a time. Of
// each stream at most one record waits: a newer one takes its place, and the
// count of those it missed goes with it. With every_frame they all wait, up to
// DAEMON_BACKLOG_MAX; the publisher stops the stream before that. The state of
// a stream is replaced in the same way. Replies are bounded because no request
// is read while DAEMON_REPLIES_MAX messages wait. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "daemon/message.h"
#include "protocol/framing.h"
#include "protocol/json.h"

enum {
    DAEMON_REPLIES_MAX = 16,  // messages other than records, while requests are read
    DAEMON_BACKLOG_MAX = 160, // waiting records of one stream, with every_frame
};

struct daemon_subscriber;

struct daemon_subscriber_callbacks {
    // A request; line NULL: one that was too long. May reply, not close.
    void (*on_request)(void *user, struct daemon_subscriber *subscriber, const char *line,
                       size_t length);
    // A message was sent.
    void (*on_sent)(void *user, struct daemon_subscriber *subscriber);
    // The last callback; the subscriber is freed after it.
    void (*on_closed)(void *user, struct daemon_subscriber *subscriber);
    void *user;
};

enum daemon_outgoing_kind {
    DAEMON_OUTGOING_REPLY,
    DAEMON_OUTGOING_STATE,
    DAEMON_OUTGOING_RECORD,
    DAEMON_OUTGOING_END,
};

struct daemon_outgoing {
    struct daemon_message *message; // a reference of ours
    enum daemon_outgoing_kind kind;
    int stream; // -1 for a reply
};

// One stream, as this subscriber sees it.
struct daemon_subscription {
    bool active;
    int waiting;     // records in the queue
    uint64_t missed; // records left out since the last one sent
};

struct daemon_subscriber {
    struct daemon_subscriber *previous, *next; // the publisher's list
    unsigned long number;                      // for log lines
    int peer_pid, peer_uid;                    // -1 when unknown
    bool every_frame;
    uint64_t sent_count, missed_count; // records
    const char *close_reason;          // for the log; a constant

    // Private to subscriber.c.
    uv_pipe_t pipe;
    struct daemon_subscriber_callbacks callbacks;
    struct protocol_framing framing;
    struct daemon_outgoing *queue; // a ring
    int queue_capacity, queue_first, queue_count;
    int control_count; // messages in the queue that are not records
    int stream_count;
    struct daemon_subscription *subscriptions; // stream_count of them
    uv_write_t write;
    struct daemon_message *writing; // in flight; NULL: none
    uint64_t writing_since_ms;      // by uv_now
    char tail[PROTOCOL_JSON_TAIL_BYTES];
    bool reading;   // requests are read
    bool half_open; // the peer sends no more
    bool finishing; // close when all is sent
};

// Takes a connection that waits on the listener. Returns NULL and sets err when
// that fails: the connection is closed then.
struct daemon_subscriber *
daemon_subscriber_accept(uv_stream_t *listener, int stream_count, bool every_frame,
                         const struct daemon_subscriber_callbacks *callbacks,
                         struct mc_error *err) MC_MUST_USE;

// These take a reference of their own. A connection that is closing takes nothing.
void daemon_subscriber_reply(struct daemon_subscriber *subscriber, struct daemon_message *message);
void daemon_subscriber_state(struct daemon_subscriber *subscriber, int stream,
                             struct daemon_message *message);
void daemon_subscriber_record(struct daemon_subscriber *subscriber, int stream,
                              struct daemon_message *message);
void daemon_subscriber_end(struct daemon_subscriber *subscriber, int stream,
                           struct daemon_message *message);

// Reads no more, and closes once all that waits is sent.
void daemon_subscriber_finish(struct daemon_subscriber *subscriber);

// Closes now; on_closed comes later. reason is for the log, a constant.
void daemon_subscriber_close(struct daemon_subscriber *subscriber, const char *reason);

// To be called once a second: closes a connection whose write is stuck for
// stuck_ms, or whose peer is gone.
void daemon_subscriber_check(struct daemon_subscriber *subscriber, uint64_t stuck_ms);
