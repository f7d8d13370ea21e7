// One connection: the requests it sends and what waits to be sent to it.
//
// Messages go out in the order in which they came in: at once where none waits and the
// kernel takes them, else one write at a time. Of each stream so many records wait as
// the subscription's mode lets: one, whose place a newer one takes; a queue, that no
// more are added to; or, in every-frame mode, SERVER_BACKLOG_MAX, before which the
// publisher stops the stream. Each goes out with the count of those that were missed
// since the one before it. The state of a stream is replaced like a record. Replies are
// bounded because no request is read while SERVER_REPLIES_MAX messages wait, nor one of
// a client that sends too many. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "protocol/encode.h"
#include "protocol/framing.h"
#include "server/limits.h"
#include "server/message.h"
#include "server/send_queue.h"
#include "server/subscription.h"

enum {
    SERVER_REPLIES_MAX = 16, // messages other than records, while requests are read
};

struct server_subscriber;

struct server_subscriber_callbacks {
    // A request; line NULL: one that was too long. May reply, not close.
    void (*on_request)(void *user, struct server_subscriber *subscriber, const char *line,
                       size_t length);
    // True when a request may be handed out now; else server_subscriber_resume comes.
    bool (*may_request)(void *user);
    // A message that had to wait was sent.
    void (*on_sent)(void *user, struct server_subscriber *subscriber);
    // The last callback; the subscriber is freed after it.
    void (*on_closed)(void *user, struct server_subscriber *subscriber);
    void *user;
};

struct server_subscriber {
    struct server_subscriber *previous, *next; // the publisher's list
    unsigned long number;                      // for log lines
    int peer_pid, peer_uid;                    // -1 when unknown
    char label[PROTOCOL_LABEL_BYTES];          // what it calls itself
    enum protocol_encoding encoding;           // of what is sent to it from now on
    bool asked;                                // a request that made sense has come
    uint64_t sent_count;                       // records
    const char *close_reason;                  // for the log; a constant
    struct server_subscription *subscriptions; // stream_count of them
    int stream_count, active_count;            // active_count: of them

    // Private to subscriber.c.
    uv_pipe_t pipe;
    struct server_subscriber_callbacks callbacks;
    struct protocol_framing framing;
    struct server_send_queue_queue queue;
    int control_count;  // messages in the queue that are not records
    int request_credit; // requests that it may send until the next check
    uint64_t accepted_ms;
    uv_write_t write;
    struct server_message *writing; // in flight; NULL: none
    uint64_t writing_since_ms;      // since when it makes no progress; by uv_now
    size_t writing_left;            // bytes at the last check
    char tail[PROTOCOL_TAIL_BYTES];
    bool reading;   // requests are read
    bool half_open; // the peer sends no more
    bool finishing; // close when all is sent
};

// Takes a connection that waits on the listener. Returns NULL and sets err when
// that fails: the connection is closed then.
struct server_subscriber *
server_subscriber_accept(uv_stream_t *listener, int stream_count,
                         const struct server_subscriber_callbacks *callbacks,
                         struct mc_error *err) MC_MUST_USE;

// These take a reference of their own. A connection that is closing takes nothing.
void server_subscriber_reply(struct server_subscriber *subscriber, struct server_message *message);
void server_subscriber_state(struct server_subscriber *subscriber, int stream,
                             struct server_message *message);
void server_subscriber_end(struct server_subscriber *subscriber, int stream,
                           struct server_message *message);

// A record for an active subscription. crowded: memory is short, so it is missed
// unless nothing waits. False: it was missed, or the one whose place it took.
bool server_subscriber_record(struct server_subscription *subscription,
                              struct server_message *message, bool crowded);

// Records that were missed, of all streams.
uint64_t server_subscriber_missed(const struct server_subscriber *subscriber);

// Takes what waits of a stream's records out: they are missed. For a change of encoding,
// or of what is subscribed to.
void server_subscriber_purge(struct server_subscriber *subscriber, int stream);

// Reads no more, and closes once all that waits is sent.
void server_subscriber_finish(struct server_subscriber *subscriber);

// Closes now; on_closed comes later. reason is for the log, a constant.
void server_subscriber_close(struct server_subscriber *subscriber, const char *reason);

// Takes up requests that were put off.
void server_subscriber_resume(struct server_subscriber *subscriber);

// To be called every SERVER_CHECK_MS: lets it send more requests; closes a connection
// whose write is stuck, that does not say what it wants, or whose peer is gone.
void server_subscriber_check(struct server_subscriber *subscriber, uint64_t stuck_ms,
                             uint64_t greeting_ms);
