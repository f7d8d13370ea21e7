// The streams, and the subscriptions to them.
//
// A feed hands each record of its stream to the subscriptions that are due. The feeds of a
// server share its messages and its encodings. In every-frame mode a feed reports pressure:
// a stream is held while a subscription to it is far behind. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/message.h"
#include "server/encodings.h"
#include "server/message.h"
#include "server/subscriber.h"

struct server_stream_feed {
    bool used; // else there is no such stream
    struct protocol_state state;
    uint64_t records, dropped;
    uint64_t missed; // records that subscribers missed, all together
    bool ended;
    bool held;                                  // as last reported by on_pressure
    struct server_subscription **subscriptions; // the active ones, oldest first; owned
    int subscription_count, subscription_capacity;
    struct protocol_record last_seen; // faces of the last record that had any
};

struct server_stream_feeds {
    struct server_stream_feed *feeds; // owned; PROTOCOL_STREAMS_MAX, of which some are used
    int subscribed_count;             // connections with at least one subscription
    bool every_frame;
    size_t pending_bytes; // budget of queued messages; see server_limits
    struct server_message_pool pool;
    struct server_encodings encodings;
    // In every-frame mode: subscriptions to the stream are behind, or no longer are.
    void (*on_pressure)(void *user, int stream, bool held);
    void *user;
};

// feeds is zeroed but for every_frame, on_pressure and user; pending_bytes may be set at any time.
// Copies the names, which get the first indices. Returns false when out of memory.
bool server_stream_feeds_init(struct server_stream_feeds *feeds,
                              const char (*names)[PROTOCOL_NAME_BYTES], int count);
// All subscribers are gone.
void server_stream_feeds_finish(struct server_stream_feeds *feeds);

// Returns the stream's index, or -1.
int server_stream_feeds_find(const struct server_stream_feeds *feeds, const char *name);

// Lists the streams' names; returns how many there are.
int server_stream_feeds_list(const struct server_stream_feeds *feeds,
                             char names[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES]);

// Adds a stream, whose name is new; returns its index, or -1 when there are
// PROTOCOL_STREAMS_MAX.
int server_stream_feeds_add(struct server_stream_feeds *feeds, const char *name);

// Removes a stream that nobody is subscribed to. Its index may be used again.
void server_stream_feeds_remove(struct server_stream_feeds *feeds, int stream);

// Fills what the feed knows of the stream.
void server_stream_feed_status(const struct server_stream_feed *feed,
                               struct protocol_stream_status *status);

// ---- what streams publish

// Sends the record to every subscription that is due.
void server_stream_feeds_record(struct server_stream_feeds *feeds, int stream,
                                const struct protocol_record *record);
// A stream that had ended goes on when it gets another state.
void server_stream_feeds_state(struct server_stream_feeds *feeds, int stream,
                               enum protocol_stream_state state, const char *reason);
void server_stream_feeds_end(struct server_stream_feeds *feeds, int stream);

// Sends the stream's state to all of its subscribers.
void server_stream_feeds_greet_all(struct server_stream_feeds *feeds, int stream);

// Sends the state of every stream that is down to its subscribers again.
void server_stream_feeds_repeat_states(struct server_stream_feeds *feeds);

// Sends the stream's state to one subscriber, and its end if it has ended.
void server_stream_feeds_greet(struct server_stream_feeds *feeds,
                               struct server_subscriber *subscriber, int stream);

// ---- subscriptions

// Subscribes, or changes the subscription: queued records are then missed. policy->include
// may grow, see server_encodings_acquire. Returns false when out of memory.
bool server_stream_feeds_subscribe(struct server_stream_feeds *feeds,
                                   struct server_subscriber *subscriber, int stream,
                                   struct protocol_policy *policy);

// Does nothing where there is no subscription.
void server_stream_feeds_unsubscribe(struct server_stream_feeds *feeds,
                                     struct server_subscriber *subscriber, int stream);

// Changes the encoding of all messages to the subscriber. Records queued in the old one
// would arrive after the reply: they are missed.
void server_stream_feeds_change_encoding(struct server_stream_feeds *feeds,
                                         struct server_subscriber *subscriber,
                                         enum protocol_encoding encoding);

// To be called whenever records of the stream have left a queue, sent or not.
void server_stream_feeds_update_pressure(struct server_stream_feeds *feeds, int stream);
