// One connection: the requests it sends, and the queue of messages to it.
//
// Messages go out in order: at once when the queue is empty and the kernel takes them,
// otherwise one write at a time. The subscription's mode limits how many records of a
// stream may queue: one, which a newer record replaces (latest); a fixed number, beyond
// which records are missed (queue); or SERVER_BACKLOG_MAX, before which the stream is held
// (every-frame). Each record carries the number missed since the one before it. At most one state
// and one end of a stream are queued between two of its records; newer ones supersede them. At most
// two lists of streams are queued, both with the streams there are now: one before the first
// message of a stream that the client has not heard of, one after the last end of a stream that was
// removed; more only where records of removed streams are queued, which follow a list that names
// them. A stream that comes and goes before the client hears of it leaves nothing. Replies are
// bounded because requests are not read while too many messages other than records are queued, nor
// while replies that take SERVER_LARGE_BYTES are unsent, nor from a client that sends them too
// fast. What there is no memory for closes the connection: nobody waits for it. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "protocol/encode.h"
#include "protocol/framing.h"
#include "protocol/message.h"
#include "server/message.h"
#include "server/own_policies.h"
#include "server/send_queue.h"
#include "server/subscription.h"

struct server_subscriber;

struct server_subscriber_callbacks {
    // A request arrived; line NULL: it was too long. May reply or close.
    void (*on_request)(void *user, struct server_subscriber *subscriber, const char *line,
                       size_t length);
    // True when a request may be handled now; otherwise call server_subscriber_resume later.
    bool (*may_request)(void *user, const struct server_subscriber *subscriber);
    // Records of the stream have left the queue, sent or dropped.
    void (*on_drained)(void *user, int stream);
    // The last callback; the subscriber is freed after it.
    void (*on_closed)(void *user, struct server_subscriber *subscriber);
    void *user;
};

struct server_subscriber {
    struct server_subscriber *previous, *next; // the publisher's list
    unsigned long number;                      // for the log
    int peer_pid, peer_uid;                    // -1 when unknown
    char label[PROTOCOL_LABEL_BYTES];          // the name it gave itself; "" if none
    enum protocol_encoding encoding;           // of messages sent from now on
    bool greeted;                              // it has sent a valid request
    uint64_t sent_count;                       // records
    size_t reply_bytes;                        // memory of replies that are queued or in flight
    int awaited_replies;      // requests that are answered later: until then it is not idle
    uint64_t asked_ms;        // uv_now at its last request, or when it was accepted
    const char *close_reason; // for the log; a constant
    // By stream; NULL: none so far. Owned. For streams to come see follows_all.
    struct server_subscription *subscriptions[PROTOCOL_STREAMS_MAX];
    int active_count;                  // active subscriptions
    bool follows_all;                  // subscribed to all streams
    struct protocol_policy all_policy; // how, as asked for
    struct server_own_policies own;    // but for these, while they are gone
    uint64_t missed_before;            // records missed of streams that are gone

    // Private to subscriber.c and its parts.
    uv_pipe_t pipe;
    struct server_subscriber_callbacks callbacks;
    struct protocol_framing framing;
    struct server_send_queue queue;
    int control_count;  // queued messages that are not records
    int past_count;     // queued records of streams that are gone
    int request_credit; // requests it may send until the next check
    uint64_t accepted_ms;
    uv_write_t write;
    struct server_message *writing; // in flight; NULL: none
    bool writing_reply;             // it is a reply
    uint64_t writing_since_ms;      // when it last made progress, by uv_now
    size_t writing_left;            // bytes at the last check
    char tail[PROTOCOL_TAIL_BYTES];
    bool reading;   // requests are read
    bool half_open; // the peer sends no more
    bool finishing; // close when all is sent
};

// Accepts the connection pending on the listener. Returns NULL and sets err on failure; the
// connection is then closed.
struct server_subscriber *
server_subscriber_accept(uv_stream_t *listener, const struct server_subscriber_callbacks *callbacks,
                         struct mc_error *err) MC_MUST_USE;

// Whether it gets any records, now or once there are streams.
bool server_subscriber_is_subscribed(const struct server_subscriber *subscriber);

// The subscription to a stream, which may be inactive. Returns NULL when out of memory.
struct server_subscription *server_subscriber_subscription(struct server_subscriber *subscriber,
                                                           int stream);

// A request will be answered later; now it has been. In between, the connection stays open even if
// the client shuts down its side, and is not idle.
void server_subscriber_await_reply(struct server_subscriber *subscriber);
void server_subscriber_reply_sent(struct server_subscriber *subscriber);

// Subscribes to all streams, those to come among them, or no longer does. Neither changes what
// there is: see server_stream_feeds_subscribe.
void server_subscriber_follow_all(struct server_subscriber *subscriber,
                                  const struct protocol_policy *policy);
void server_subscriber_follow_no_more(struct server_subscriber *subscriber);

// Its policy for a stream that was just added, if it is subscribed to all.
struct protocol_policy server_subscriber_policy_of(struct server_subscriber *subscriber,
                                                   const char *name, bool *is_own);

// The stream of that name is about to go, and with it the subscription: keeps what it asked of this
// one alone. Returns false when out of memory.
bool server_subscriber_keep_policy(struct server_subscriber *subscriber, int stream,
                                   const char *name);

// The stream is about to go: its records that are queued are sent nevertheless. As many records of
// removed streams may be queued as mode queue allows for all streams together; one more closes
// the connection.
void server_subscriber_keep_records(struct server_subscriber *subscriber, int stream);

// The stream is gone: frees the subscription, which is no longer active.
void server_subscriber_forget(struct server_subscriber *subscriber, int stream);

// These retain the message. A closing connection ignores them.
void server_subscriber_reply(struct server_subscriber *subscriber, struct server_message *message);
void server_subscriber_state(struct server_subscriber *subscriber, int stream,
                             struct server_message *message);
void server_subscriber_end(struct server_subscriber *subscriber, int stream,
                           struct server_message *message);

// Sends the list of streams, to which one was added or, after its end, from which one was removed.
// If that was the last subscription of a client that sends no more, the connection is closed once
// everything queued is sent.
void server_subscriber_stream_added(struct server_subscriber *subscriber,
                                    struct server_shared_message *streams);
void server_subscriber_stream_removed(struct server_subscriber *subscriber,
                                      struct server_shared_message *streams);

// Sends a record of an active subscription. over_budget: memory is short, so the record is
// missed unless the queue is empty. Returns false when this record, or the one it replaces,
// is missed.
bool server_subscriber_record(struct server_subscription *subscription,
                              struct server_message *message, bool over_budget);

// Records that were missed, over all streams.
uint64_t server_subscriber_missed(const struct server_subscriber *subscriber);

// Drops the queued records of a stream, which are missed, and returns how many. For a change of
// encoding or of the subscription.
int server_subscriber_purge(struct server_subscriber *subscriber, int stream);

// Stops reading requests, and closes once everything queued is sent.
void server_subscriber_finish(struct server_subscriber *subscriber);

// Closes now; on_closed comes later. reason is for the log, a constant.
void server_subscriber_close(struct server_subscriber *subscriber, const char *reason);

// True when the client's process belongs to the group, as its own or as a supplementary one.
bool server_subscriber_is_in_group(const struct server_subscriber *subscriber, gid_t group);

// Handles the requests that were put off.
void server_subscriber_resume(struct server_subscriber *subscriber);

// To be called every SERVER_CHECK_MS: allows further requests, and closes a connection whose
// write has made no progress for stuck_ms, that has sent no valid request within greeting_ms,
// or whose peer is gone.
void server_subscriber_check(struct server_subscriber *subscriber, uint64_t stuck_ms,
                             uint64_t greeting_ms);
