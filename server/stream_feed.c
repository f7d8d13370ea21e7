#include "server/stream_feed.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/encode.h"

enum { CAPACITY_FIRST = 8 };

bool server_stream_feeds_init(struct server_stream_feeds *feeds,
                              const char (*names)[PROTOCOL_NAME_BYTES], int count)
{
    feeds->feeds = calloc(PROTOCOL_STREAMS_MAX, sizeof *feeds->feeds);
    if (feeds->feeds == NULL) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        server_stream_feeds_add(feeds, names[i]);
    }
    return true;
}

void server_stream_feeds_finish(struct server_stream_feeds *feeds)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        free(feeds->feeds[i].subscriptions);
    }
    free(feeds->feeds);
    server_message_pool_finish(&feeds->pool);
}

int server_stream_feeds_find(const struct server_stream_feeds *feeds, const char *name)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        if (feeds->feeds[i].used && strcmp(feeds->feeds[i].state.stream, name) == 0) {
            return i;
        }
    }
    return -1;
}

int server_stream_feeds_list(const struct server_stream_feeds *feeds,
                             char names[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES])
{
    int count = 0;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        if (feeds->feeds[i].used) {
            memcpy(names[count++], feeds->feeds[i].state.stream, PROTOCOL_NAME_BYTES);
        }
    }
    return count;
}

int server_stream_feeds_add(struct server_stream_feeds *feeds, const char *name)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        struct server_stream_feed *feed = &feeds->feeds[i];
        if (!feed->used) {
            feed->used = true;
            snprintf(feed->state.stream, sizeof feed->state.stream, "%s", name);
            feed->state.state = PROTOCOL_STREAM_CONNECTING;
            return i;
        }
    }
    return -1;
}

void server_stream_feeds_remove(struct server_stream_feeds *feeds, int stream)
{
    struct server_stream_feed *feed = &feeds->feeds[stream];
    assert(feed->used && feed->subscription_count == 0);
    free(feed->subscriptions);
    *feed = (struct server_stream_feed){ 0 };
}

void server_stream_feed_status(const struct server_stream_feed *feed,
                               struct protocol_stream_status *status)
{
    memcpy(status->stream, feed->state.stream, sizeof status->stream);
    status->state = feed->state.state;
    memcpy(status->reason, feed->state.reason, sizeof status->reason);
    status->records = feed->records;
    status->dropped = feed->dropped;
    status->drops.subscriber = feed->missed;
    status->subscribers = feed->subscription_count;
}

// ---- pressure

static int most_waiting(const struct server_stream_feed *feed)
{
    int most = 0;
    for (int i = 0; i < feed->subscription_count; i++) {
        const struct server_subscription *subscription = feed->subscriptions[i];
        if (subscription->policy.mode == PROTOCOL_EVERY_FRAME && subscription->waiting > most) {
            most = subscription->waiting;
        }
    }
    return most;
}

void server_stream_feeds_update_pressure(struct server_stream_feeds *feeds, int stream)
{
    struct server_stream_feed *feed = &feeds->feeds[stream];
    if (!feeds->every_frame) {
        return;
    }
    int waiting = most_waiting(feed);
    bool held = feed->held ? waiting > SERVER_LOW_WATER : waiting >= SERVER_HIGH_WATER;
    if (held != feed->held) {
        feed->held = held;
        feeds->on_pressure(feeds->user, stream, held);
    }
}

// ---- what streams publish

static void keep_faces(struct server_stream_feed *feed, const struct protocol_record *record)
{
    if (record->face_count > 0) {
        feed->last_seen.face_count = record->face_count;
        memcpy(feed->last_seen.faces, record->faces,
               (size_t)record->face_count * sizeof record->faces[0]);
    }
}

void server_stream_feeds_record(struct server_stream_feeds *feeds, int stream,
                                const struct protocol_record *record)
{
    struct server_stream_feed *feed = &feeds->feeds[stream];
    feed->records++;
    feed->dropped = record->dropped;
    for (int i = 0; i < feed->subscription_count; i++) {
        struct server_subscription *subscription = feed->subscriptions[i];
        if (!server_subscription_due(subscription, record->t_publish_ns)) {
            continue;
        }
        struct server_message *message =
            server_encodings_encode(&feeds->encodings, subscription->encoding_index, &feeds->pool,
                                    record, &feed->last_seen);
        if (message != NULL) {
            bool over_budget = feeds->pool.bytes > feeds->pending_bytes &&
                               subscription->policy.mode != PROTOCOL_EVERY_FRAME;
            feed->missed += !server_subscriber_record(subscription, message, over_budget);
        } else { // out of memory
            subscription->missed++;
            subscription->missed_count++;
            feed->missed++;
        }
    }
    server_encodings_clear(&feeds->encodings);
    keep_faces(feed, record);
    server_stream_feeds_update_pressure(feeds, stream);
}

static void encode_state(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                         const void *content)
{
    const struct server_stream_feed *feed = content;
    protocol_encode_state(buffer, encoding, &feed->state);
}

static void encode_end(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                       const void *content)
{
    const struct server_stream_feed *feed = content;
    struct protocol_end end = { .records = feed->records, .state = feed->state.state };
    memcpy(end.stream, feed->state.stream, sizeof end.stream);
    memcpy(end.reason, feed->state.reason, sizeof end.reason);
    protocol_encode_end(buffer, encoding, &end);
}

static void send_state(struct server_shared_message *state, struct server_subscriber *subscriber,
                       int stream)
{
    struct server_message *message = server_shared_message_get(state, subscriber->encoding);
    if (message != NULL) {
        server_subscriber_state(subscriber, stream, message);
    } else {
        server_subscriber_close(subscriber, "out of memory for a stream's state");
    }
}

static void send_end(struct server_shared_message *end, struct server_subscriber *subscriber,
                     int stream)
{
    struct server_message *message = server_shared_message_get(end, subscriber->encoding);
    if (message != NULL) {
        server_subscriber_end(subscriber, stream, message);
    } else {
        server_subscriber_close(subscriber, "out of memory for a stream's end");
    }
}

void server_stream_feeds_greet_all(struct server_stream_feeds *feeds, int stream)
{
    const struct server_stream_feed *feed = &feeds->feeds[stream];
    struct server_shared_message shared = { .pool = &feeds->pool,
                                            .encode = encode_state,
                                            .content = feed };
    for (int i = 0; i < feed->subscription_count; i++) {
        send_state(&shared, feed->subscriptions[i]->subscriber, stream);
    }
    server_shared_message_release(&shared);
}

void server_stream_feeds_state(struct server_stream_feeds *feeds, int stream,
                               enum protocol_stream_state state, const char *reason)
{
    struct protocol_state *known = &feeds->feeds[stream].state;
    known->state = state;
    if (state != PROTOCOL_STREAM_ENDED && state != PROTOCOL_STREAM_FAILED) {
        feeds->feeds[stream].ended = false;
    }
    snprintf(known->reason, sizeof known->reason, "%s", reason);
    server_stream_feeds_greet_all(feeds, stream);
}

void server_stream_feeds_repeat_states(struct server_stream_feeds *feeds)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        enum protocol_stream_state state = feeds->feeds[i].state.state;
        if (!feeds->feeds[i].used) {
            continue;
        }
        if (state == PROTOCOL_STREAM_CONNECTING || state == PROTOCOL_STREAM_STALLED) {
            server_stream_feeds_greet_all(feeds, i);
        }
    }
}

void server_stream_feeds_end(struct server_stream_feeds *feeds, int stream)
{
    struct server_stream_feed *feed = &feeds->feeds[stream];
    struct server_shared_message shared = { .pool = &feeds->pool,
                                            .encode = encode_end,
                                            .content = feed };
    feed->ended = true;
    for (int i = 0; i < feed->subscription_count; i++) {
        send_end(&shared, feed->subscriptions[i]->subscriber, stream);
    }
    server_shared_message_release(&shared);
}

void server_stream_feeds_greet(struct server_stream_feeds *feeds,
                               struct server_subscriber *subscriber, int stream)
{
    const struct server_stream_feed *feed = &feeds->feeds[stream];
    struct server_shared_message state = { .pool = &feeds->pool,
                                           .encode = encode_state,
                                           .content = feed };
    struct server_shared_message end = { .pool = &feeds->pool,
                                         .encode = encode_end,
                                         .content = feed };
    send_state(&state, subscriber, stream);
    if (feed->ended) {
        send_end(&end, subscriber, stream);
    }
    server_shared_message_release(&state);
    server_shared_message_release(&end);
}

// ---- subscriptions

static bool add(struct server_stream_feed *feed, struct server_subscription *subscription)
{
    if (feed->subscription_count == feed->subscription_capacity) {
        int capacity =
            feed->subscription_capacity == 0 ? CAPACITY_FIRST : 2 * feed->subscription_capacity;
        struct server_subscription **grown =
            realloc(feed->subscriptions, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        feed->subscriptions = grown;
        feed->subscription_capacity = capacity;
    }
    feed->subscriptions[feed->subscription_count++] = subscription;
    return true;
}

static void drop(struct server_stream_feed *feed, const struct server_subscription *subscription)
{
    int kept = 0;
    for (int i = 0; i < feed->subscription_count; i++) {
        if (feed->subscriptions[i] != subscription) {
            feed->subscriptions[kept++] = feed->subscriptions[i];
        }
    }
    feed->subscription_count = kept;
}

// What a subscriber is told it missed, the status counts, too.
static void purge(struct server_stream_feeds *feeds, struct server_subscriber *subscriber,
                  int stream)
{
    feeds->feeds[stream].missed += (uint64_t)server_subscriber_purge(subscriber, stream);
}

bool server_stream_feeds_subscribe(struct server_stream_feeds *feeds,
                                   struct server_subscriber *subscriber, int stream,
                                   struct protocol_policy *policy)
{
    struct server_subscription *subscription = server_subscriber_subscription(subscriber, stream);
    if (subscription == NULL) {
        return false;
    }
    if (subscription->active) { // changed: its count of missed records goes on
        purge(feeds, subscriber, stream);
        server_encodings_release(&feeds->encodings, subscription->encoding_index);
    } else if (add(&feeds->feeds[stream], subscription)) {
        feeds->subscribed_count += subscriber->active_count++ == 0;
    } else {
        return false;
    }
    subscription->encoding_index = server_encodings_acquire(&feeds->encodings, policy);
    subscription->policy = *policy;
    subscription->due_ns = 0;
    subscription->active = true;
    return true;
}

void server_stream_feeds_unsubscribe(struct server_stream_feeds *feeds,
                                     struct server_subscriber *subscriber, int stream)
{
    struct server_subscription *subscription = subscriber->subscriptions[stream];
    if (subscription != NULL && subscription->active) {
        server_encodings_release(&feeds->encodings, subscription->encoding_index);
        drop(&feeds->feeds[stream], subscription);
        subscription->active = false;
        feeds->subscribed_count -= --subscriber->active_count == 0;
        purge(feeds, subscriber, stream);
        subscription->missed = 0;
    }
}

void server_stream_feeds_change_encoding(struct server_stream_feeds *feeds,
                                         struct server_subscriber *subscriber,
                                         enum protocol_encoding encoding)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        struct server_subscription *subscription = subscriber->subscriptions[i];
        if (subscription != NULL && subscription->active) {
            purge(feeds, subscriber, i);
            server_encodings_release(&feeds->encodings, subscription->encoding_index);
            subscription->policy.encoding = encoding;
            subscription->encoding_index =
                server_encodings_acquire(&feeds->encodings, &subscription->policy);
        }
    }
    subscriber->encoding = subscriber->all_policy.encoding = encoding;
}
