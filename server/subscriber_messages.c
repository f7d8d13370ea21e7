// What is sent to a connection, and what waits to be.
#include <assert.h>
#include <stdlib.h>

#include "server/subscriber.h"
#include "server/subscriber_parts.h"

static const char no_list[] = "out of memory for a list of streams";

// Reports that records of the stream have left the queue. To be called last: the callback
// may publish.
static void drained(struct server_subscriber *subscriber, int stream)
{
    subscriber->callbacks.on_drained(subscriber->callbacks.user, stream);
}

// What the entry adds to the replies' bytes, until it is written.
static size_t reply_bytes(const struct server_send_entry *entry)
{
    return entry->kind == SERVER_SEND_REPLY ? entry->message->counted_bytes : 0;
}

static void push(struct server_subscriber *subscriber, const struct server_send_entry *entry)
{
    struct server_send_entry queued = *entry;
    const bool record = queued.kind == SERVER_SEND_RECORD;
    struct server_subscription *subscription =
        record ? subscriber->subscriptions[queued.stream] : NULL;
    server_message_retain(queued.message);
    if (record && server_subscription_keep(subscription, queued.message, queued.missed)) {
        queued.message = NULL; // the entry counts no missed records: a purge adds both
        queued.missed = 0;
    }
    if (!server_send_queue_push(&subscriber->queue, &queued)) {
        server_message_release(queued.message);
        server_subscriber_close(subscriber, "out of memory");
        return;
    }
    *(record ? &subscription->waiting : &subscriber->control_count) += 1;
    subscriber->reply_bytes += reply_bytes(entry);
}

// Removes the oldest entry; the caller owns its reference and calls drained.
static struct server_send_entry pop(struct server_subscriber *subscriber)
{
    struct server_send_entry entry = server_send_queue_pop(&subscriber->queue);
    if (entry.kind != SERVER_SEND_RECORD) {
        subscriber->control_count--;
        return entry;
    }
    if (entry.stream < 0) {
        subscriber->past_count--;
        return entry;
    }
    struct server_subscription *subscription = subscriber->subscriptions[entry.stream];
    subscription->waiting--;
    if (entry.message == NULL) {
        entry.message = server_subscription_take(subscription, &entry.missed);
    }
    return entry;
}

int server_subscriber_purge(struct server_subscriber *subscriber, int stream)
{
    struct server_subscription *subscription = subscriber->subscriptions[stream];
    int purged = server_send_queue_purge(&subscriber->queue, stream, &subscription->missed);
    server_subscription_purge(subscription, purged);
    drained(subscriber, stream);
    return purged;
}

uint64_t server_subscriber_missed(const struct server_subscriber *subscriber)
{
    uint64_t missed = subscriber->missed_before;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        const struct server_subscription *subscription = subscriber->subscriptions[i];
        missed += subscription == NULL ? 0 : subscription->missed_count;
    }
    return missed;
}

// ---- subscriptions

struct server_subscription *server_subscriber_subscription(struct server_subscriber *subscriber,
                                                           int stream)
{
    struct server_subscription *subscription = subscriber->subscriptions[stream];
    if (subscription == NULL) {
        subscription = calloc(1, sizeof *subscription);
    }
    if (subscription != NULL) {
        subscription->subscriber = subscriber;
        subscription->stream = stream;
    }
    subscriber->subscriptions[stream] = subscription;
    return subscription;
}

void server_subscriber_follow_all(struct server_subscriber *subscriber,
                                  const struct protocol_policy *policy)
{
    subscriber->follows_all = true;
    subscriber->all_policy = *policy;
    server_own_policies_clear(&subscriber->own);
}

void server_subscriber_follow_no_more(struct server_subscriber *subscriber)
{
    subscriber->follows_all = false;
    server_own_policies_clear(&subscriber->own);
}

struct protocol_policy server_subscriber_policy_of(struct server_subscriber *subscriber,
                                                   const char *name, bool *is_own)
{
    struct protocol_policy policy = subscriber->all_policy;
    *is_own = server_own_policies_take(&subscriber->own, name, &policy);
    policy.encoding = subscriber->encoding;
    return policy;
}

bool server_subscriber_keep_policy(struct server_subscriber *subscriber, int stream,
                                   const char *name)
{
    const struct server_subscription *subscription = subscriber->subscriptions[stream];
    return !subscriber->follows_all || subscription == NULL || !subscription->active ||
           !subscription->is_own ||
           server_own_policies_keep(&subscriber->own, name, &subscription->policy);
}

// A list of streams is sent. It is never out of date: it names all that there are subscriptions to.
static void announce(struct server_subscriber *subscriber)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        if (subscriber->subscriptions[i] != NULL) {
            subscriber->subscriptions[i]->announced = true;
        }
    }
}

void server_subscriber_keep_records(struct server_subscriber *subscriber, int stream)
{
    struct server_subscription *subscription = subscriber->subscriptions[stream];
    if (subscription == NULL || !subscription->announced || subscription->waiting == 0) {
        return; // nobody has heard of it: it is not mentioned
    }
    uint64_t missed;
    int lists;
    struct server_message *newest = server_subscription_take(subscription, &missed);
    subscriber->past_count +=
        server_send_queue_keep_records(&subscriber->queue, stream, newest, missed, &lists);
    subscription->waiting = 0;
    if (lists > 0) {
        announce(subscriber); // they stay, and name all that there are subscriptions to
    }
    if (subscriber->past_count > PROTOCOL_STREAMS_MAX * PROTOCOL_QUEUE_MAX) {
        server_subscriber_close(subscriber, "it reads too slowly");
    }
}

void server_subscriber_forget(struct server_subscriber *subscriber, int stream)
{
    struct server_subscription *subscription = subscriber->subscriptions[stream];
    if (subscription != NULL) {
        subscriber->control_count -= subscription->announced
                                         ? server_send_queue_drop_states(&subscriber->queue, stream)
                                         : server_send_queue_drop(&subscriber->queue, stream);
    }
    server_send_queue_detach(&subscriber->queue, stream);
    if (subscription != NULL) {
        assert(!subscription->active && subscription->newest == NULL);
        subscriber->missed_before += subscription->missed_count;
        free(subscription);
        subscriber->subscriptions[stream] = NULL;
    }
}

// ---- sending

static void on_written(uv_write_t *write, int status)
{
    struct server_subscriber *subscriber = write->data;
    if (subscriber->writing_reply) {
        subscriber->reply_bytes -= subscriber->writing->counted_bytes;
    }
    server_message_release(subscriber->writing);
    subscriber->writing = NULL;
    if (status < 0) {
        server_subscriber_close(subscriber, "the client closed the connection");
        return;
    }
    server_subscriber_pump(subscriber);
    if (!server_subscriber_is_closing(subscriber) && !subscriber->reading) {
        server_subscriber_read_requests(subscriber);
    }
}

// Fills parts with a message's bytes and, for a record, its tail; returns how many.
static unsigned cut_parts(struct server_subscriber *subscriber,
                          const struct server_send_entry *entry, uv_buf_t parts[2])
{
    const struct protocol_buffer *buffer = &entry->message->buffer;
    parts[0] = uv_buf_init(buffer->data, (unsigned)buffer->length);
    if (entry->kind == SERVER_SEND_STREAMS) {
        announce(subscriber);
    }
    if (entry->kind != SERVER_SEND_RECORD) {
        return 1;
    }
    size_t length = protocol_encode_tail(subscriber->tail, entry->message->encoding, entry->missed);
    parts[1] = uv_buf_init(subscriber->tail, (unsigned)length);
    subscriber->sent_count++;
    return 2;
}

// The message is in flight until on_written.
static void write_parts(struct server_subscriber *subscriber, const struct server_send_entry *entry,
                        const uv_buf_t *parts, unsigned part_count)
{
    subscriber->writing = server_message_retain(entry->message);
    subscriber->writing_reply = entry->kind == SERVER_SEND_REPLY;
    subscriber->writing_since_ms = uv_now(subscriber->pipe.loop);
    subscriber->writing_left = 0;
    int status = uv_write(&subscriber->write, (uv_stream_t *)&subscriber->pipe, parts, part_count,
                          on_written);
    if (status < 0) {
        server_message_release(subscriber->writing);
        subscriber->writing = NULL;
        server_subscriber_close(subscriber, "the client closed the connection");
    }
}

// Writes at once and queues what the kernel does not take. Mostly it takes all, which saves
// a callback and a change to the epoll set for each connection.
static void send_now(struct server_subscriber *subscriber, const struct server_send_entry *entry)
{
    uv_buf_t parts[2];
    unsigned part_count = cut_parts(subscriber, entry, parts), first = 0;
    int taken = uv_try_write((uv_stream_t *)&subscriber->pipe, parts, part_count);
    if (taken < 0 && taken != UV_EAGAIN) {
        server_subscriber_close(subscriber, "the client closed the connection");
        return;
    }
    size_t left = taken < 0 ? 0 : (size_t)taken;
    while (first < part_count && left >= parts[first].len) {
        left -= parts[first++].len;
    }
    if (first < part_count) {
        parts[first].base += left;
        parts[first].len -= left;
        subscriber->reply_bytes += reply_bytes(entry);
        write_parts(subscriber, entry, parts + first, part_count - first);
    }
}

void server_subscriber_pump(struct server_subscriber *subscriber)
{
    if (subscriber->writing != NULL || server_subscriber_is_closing(subscriber)) {
        return;
    }
    if (subscriber->queue.count == 0) {
        if (subscriber->finishing) {
            server_subscriber_close(subscriber, "finished");
        }
        return;
    }
    struct server_send_entry entry = pop(subscriber);
    uv_buf_t parts[2];
    unsigned part_count = cut_parts(subscriber, &entry, parts);
    write_parts(subscriber, &entry, parts, part_count);
    server_message_release(entry.message);
    if (entry.kind == SERVER_SEND_RECORD && entry.stream >= 0) {
        drained(subscriber, entry.stream);
    }
}

static bool idle(const struct server_subscriber *subscriber)
{
    return subscriber->writing == NULL && subscriber->queue.count == 0;
}

static void send_message(struct server_subscriber *subscriber, enum server_send_kind kind,
                         int stream, struct server_message *message, uint64_t missed)
{
    const struct server_send_entry entry = { message, kind, stream, missed };
    if (server_subscriber_is_closing(subscriber)) {
        return;
    }
    if (idle(subscriber)) {
        send_now(subscriber, &entry);
    } else {
        push(subscriber, &entry);
    }
}

void server_subscriber_reply(struct server_subscriber *subscriber, struct server_message *message)
{
    send_message(subscriber, SERVER_SEND_REPLY, -1, message, 0);
}

// Sends what makes queued messages out of date.
static void send_newer(struct server_subscriber *subscriber, enum server_send_kind kind, int stream,
                       struct server_message *message)
{
    subscriber->control_count -= server_send_queue_supersede(&subscriber->queue, kind, stream);
    send_message(subscriber, kind, stream, message, 0);
}

static void send_list(struct server_subscriber *subscriber, struct server_shared_message *streams)
{
    struct server_message *message = server_shared_message_get(streams, subscriber->encoding);
    if (message != NULL) {
        send_message(subscriber, SERVER_SEND_STREAMS, -1, message, 0);
    } else {
        server_subscriber_close(subscriber, no_list);
    }
}

static void renew_lists(struct server_subscriber *subscriber, struct server_shared_message *streams)
{
    if (!server_send_queue_renew_lists(&subscriber->queue, streams)) {
        server_subscriber_close(subscriber, no_list);
    }
}

void server_subscriber_stream_added(struct server_subscriber *subscriber,
                                    struct server_shared_message *streams)
{
    if (server_send_queue_has_list(&subscriber->queue)) {
        renew_lists(subscriber, streams);
    } else {
        send_list(subscriber, streams);
    }
}

// The streams of which the client has not heard yet, a bit each.
static uint64_t unannounced(const struct server_subscriber *subscriber)
{
    static_assert(PROTOCOL_STREAMS_MAX <= 64, "a bit for each stream");
    uint64_t streams = 0;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        const struct server_subscription *subscription = subscriber->subscriptions[i];
        if (subscription != NULL && !subscription->announced) {
            streams |= UINT64_C(1) << i;
        }
    }
    return streams;
}

void server_subscriber_stream_removed(struct server_subscriber *subscriber,
                                      struct server_shared_message *streams)
{
    subscriber->control_count -=
        server_send_queue_supersede_lists(&subscriber->queue, unannounced(subscriber));
    renew_lists(subscriber, streams);
    send_list(subscriber, streams);
    server_subscriber_finish_if_done(subscriber);
}

void server_subscriber_state(struct server_subscriber *subscriber, int stream,
                             struct server_message *message)
{
    send_newer(subscriber, SERVER_SEND_STATE, stream, message);
}

void server_subscriber_end(struct server_subscriber *subscriber, int stream,
                           struct server_message *message)
{
    send_newer(subscriber, SERVER_SEND_END, stream, message);
}

bool server_subscriber_record(struct server_subscription *subscription,
                              struct server_message *message, bool over_budget)
{
    struct server_subscriber *subscriber = subscription->subscriber;
    if (subscriber->finishing || !server_subscription_has_room(subscription) ||
        (over_budget && !idle(subscriber))) {
        server_subscription_miss(subscription, message, over_budget);
        return false;
    }
    uint64_t missed = subscription->missed;
    subscription->missed = 0;
    send_message(subscriber, SERVER_SEND_RECORD, subscription->stream, message, missed);
    return true;
}
