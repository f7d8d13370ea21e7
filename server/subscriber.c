#include "server/subscriber.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/reserve.h"
#include "server/peer.h"

enum {
    SOCKET_BUFFER_BYTES = 16 * 1024, // the kernel's send buffer; Linux doubles it
    REPLIES_MAX = 16,                // queued messages other than records, while requests are read
    REQUEST_CREDIT_PER_CHECK = 8,    // requests a connection may send between two checks,
    REQUEST_CREDIT_MAX = 32,         // and as a burst after it has sent none for a while
};

static void pump(struct server_subscriber *subscriber);
static void read_requests(struct server_subscriber *subscriber);

static bool closing(const struct server_subscriber *subscriber)
{
    return uv_is_closing((const uv_handle_t *)&subscriber->pipe) != 0;
}

// ---- the queue

// Reports that records of the stream have left the queue. To be called last: the callback
// may publish.
static void drained(struct server_subscriber *subscriber, int stream)
{
    subscriber->callbacks.on_drained(subscriber->callbacks.user, stream);
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
}

// Removes the oldest entry; the caller owns its reference and calls drained.
static struct server_send_entry pop(struct server_subscriber *subscriber)
{
    struct server_send_entry entry = server_send_queue_pop(&subscriber->queue);
    if (entry.kind != SERVER_SEND_RECORD) {
        subscriber->control_count--;
        return entry;
    }
    struct server_subscription *subscription = subscriber->subscriptions[entry.stream];
    subscription->waiting--;
    if (entry.message == NULL) {
        entry.message = server_subscription_take(subscription, &entry.missed);
    }
    return entry;
}

void server_subscriber_purge(struct server_subscriber *subscriber, int stream)
{
    struct server_subscription *subscription = subscriber->subscriptions[stream];
    int purged = server_send_queue_purge(&subscriber->queue, stream, &subscription->missed);
    server_subscription_purge(subscription, purged);
    drained(subscriber, stream);
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
    server_message_release(subscriber->writing);
    subscriber->writing = NULL;
    if (status < 0) {
        server_subscriber_close(subscriber, "the client closed the connection");
        return;
    }
    pump(subscriber);
    if (!closing(subscriber) && !subscriber->reading) {
        read_requests(subscriber);
    }
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
static void write_parts(struct server_subscriber *subscriber, struct server_message *message,
                        const uv_buf_t *parts, unsigned part_count)
{
    subscriber->writing = server_message_retain(message);
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
        write_parts(subscriber, entry->message, parts + first, part_count - first);
    }
}

// Writes the next queued message unless one is in flight. One at a time, however fast the
// client reads: the other connections get their turn in between.
static void pump(struct server_subscriber *subscriber)
{
    if (subscriber->writing != NULL || closing(subscriber)) {
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
    write_parts(subscriber, entry.message, parts, part_count);
    server_message_release(entry.message);
    if (entry.kind == SERVER_SEND_RECORD) {
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
    if (closing(subscriber)) {
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
    }
}

void server_subscriber_stream_added(struct server_subscriber *subscriber,
                                    struct server_shared_message *streams)
{
    if (server_send_queue_has_list(&subscriber->queue)) {
        server_send_queue_renew_lists(&subscriber->queue, streams);
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
    if (!server_subscription_has_room(subscription) || (over_budget && !idle(subscriber))) {
        server_subscription_miss(subscription, message, over_budget);
        return false;
    }
    uint64_t missed = subscription->missed;
    subscription->missed = 0;
    send_message(subscriber, SERVER_SEND_RECORD, subscription->stream, message, missed);
    return true;
}

// ---- requests

// True while requests may be read: there is room for replies and the rate is not exceeded.
static bool may_ask(const struct server_subscriber *subscriber)
{
    return subscriber->control_count < REPLIES_MAX && subscriber->request_credit > 0 &&
           subscriber->callbacks.may_request(subscriber->callbacks.user);
}

// Handles the requests that have arrived. False: handling stopped early, there may be more.
static bool handle_requests(struct server_subscriber *subscriber)
{
    while (!closing(subscriber) && !subscriber->finishing) {
        char *line;
        size_t length;
        if (!may_ask(subscriber)) {
            return false;
        }
        enum protocol_framing_result result =
            protocol_framing_next(&subscriber->framing, &line, &length);
        if (result == PROTOCOL_FRAMING_MORE) {
            return true;
        }
        subscriber->request_credit--;
        subscriber->asked_ms = uv_now(subscriber->pipe.loop);
        bool whole = result == PROTOCOL_FRAMING_MESSAGE;
        subscriber->callbacks.on_request(subscriber->callbacks.user, subscriber,
                                         whole ? line : NULL, whole ? length : 0);
    }
    return false;
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct server_subscriber *subscriber = handle->data;
    size_t size;
    room->base = protocol_framing_room(&subscriber->framing, &size);
    room->len = size;
}

// True when the peer has closed the socket, not only shut down its writing side.
static bool peer_gone(const struct server_subscriber *subscriber)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&subscriber->pipe, &fd) != 0) {
        return true;
    }
    struct pollfd peer = { .fd = fd };
    return poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR)) != 0;
}

bool server_subscriber_is_subscribed(const struct server_subscriber *subscriber)
{
    return subscriber->follows_all || subscriber->active_count > 0;
}

// The peer sends no more, and nothing but what is queued will be sent to it.
static void finish_if_done(struct server_subscriber *subscriber)
{
    if (subscriber->half_open && subscriber->awaited_replies == 0 &&
        !server_subscriber_is_subscribed(subscriber)) {
        server_subscriber_finish(subscriber);
    }
}

void server_subscriber_stream_removed(struct server_subscriber *subscriber,
                                      struct server_shared_message *streams)
{
    subscriber->control_count -=
        server_send_queue_supersede_lists(&subscriber->queue, unannounced(subscriber));
    server_send_queue_renew_lists(&subscriber->queue, streams);
    send_list(subscriber, streams);
    finish_if_done(subscriber);
}

void server_subscriber_await_reply(struct server_subscriber *subscriber)
{
    subscriber->awaited_replies++;
}

void server_subscriber_reply_sent(struct server_subscriber *subscriber)
{
    subscriber->awaited_replies--;
    finish_if_done(subscriber);
}

// The peer has shut down its writing side, as `echo … | socat` does. A subscriber keeps
// getting records; others get the replies that are due.
static void on_last_request(struct server_subscriber *subscriber)
{
    subscriber->half_open = true;
    uv_read_stop((uv_stream_t *)&subscriber->pipe);
    subscriber->reading = false;
    if (peer_gone(subscriber)) {
        server_subscriber_close(subscriber, "the client closed the connection");
    } else {
        finish_if_done(subscriber);
    }
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room)
{
    struct server_subscriber *subscriber = stream->data;
    if (count == UV_EOF) {
        on_last_request(subscriber);
        return;
    }
    if (count < 0) {
        server_subscriber_close(subscriber, "the client closed the connection");
        return;
    }
    protocol_framing_add(&subscriber->framing, (size_t)count);
    if (!handle_requests(subscriber) && !closing(subscriber)) {
        uv_read_stop(stream);
        subscriber->reading = false;
    }
}

// Resumes reading where it was paused.
static void read_requests(struct server_subscriber *subscriber)
{
    if (subscriber->half_open || subscriber->finishing) {
        return;
    }
    if (handle_requests(subscriber) && !closing(subscriber)) {
        subscriber->reading =
            uv_read_start((uv_stream_t *)&subscriber->pipe, on_room, on_read) == 0;
    }
}

// ---- life

static void read_peer(struct server_subscriber *subscriber)
{
    uv_os_fd_t fd;
    struct server_peer peer = { -1, -1 };
    if (uv_fileno((uv_handle_t *)&subscriber->pipe, &fd) == 0) {
        peer = server_peer_read(fd);
    }
    subscriber->peer_pid = peer.pid;
    subscriber->peer_uid = peer.uid;
}

bool server_subscriber_is_in_group(const struct server_subscriber *subscriber, gid_t group)
{
    uv_os_fd_t fd;
    return uv_fileno((const uv_handle_t *)&subscriber->pipe, &fd) == 0 &&
           server_peer_is_in_group(fd, group);
}

static void destroy(struct server_subscriber *subscriber)
{
    server_message_release(subscriber->writing);
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        if (subscriber->subscriptions[i] != NULL) {
            server_message_release(subscriber->subscriptions[i]->newest);
            free(subscriber->subscriptions[i]);
        }
    }
    server_send_queue_finish(&subscriber->queue);
    protocol_framing_finish(&subscriber->framing);
    mc_reserve_free(subscriber);
}

static void on_closed(uv_handle_t *handle)
{
    struct server_subscriber *subscriber = handle->data;
    if (subscriber->callbacks.on_closed != NULL) {
        subscriber->callbacks.on_closed(subscriber->callbacks.user, subscriber);
    }
    destroy(subscriber);
}

// A large kernel buffer would hold stale records: a slow client should find the newest one,
// not those of the last three seconds.
static void set_send_buffer(struct server_subscriber *subscriber)
{
    uv_os_fd_t fd;
    const int size = SOCKET_BUFFER_BYTES;
    if (uv_fileno((uv_handle_t *)&subscriber->pipe, &fd) == 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
}

static bool set_up(struct server_subscriber *subscriber, uv_stream_t *listener,
                   struct mc_error *err)
{
    // First of all: a connection that isn't accepted stalls the listener.
    int status = uv_accept(listener, (uv_stream_t *)&subscriber->pipe);
    if (status < 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, -status, "accept: %s", uv_strerror(status));
    }
    set_send_buffer(subscriber);
    subscriber->accepted_ms = subscriber->asked_ms = uv_now(subscriber->pipe.loop);
    subscriber->request_credit = REQUEST_CREDIT_MAX;
    return protocol_framing_init(&subscriber->framing, PROTOCOL_REQUEST_BYTES, err);
}

struct server_subscriber *
server_subscriber_accept(uv_stream_t *listener, const struct server_subscriber_callbacks *callbacks,
                         struct mc_error *err)
{
    struct server_subscriber *subscriber = calloc(1, sizeof *subscriber);
    const bool has_memory = subscriber != NULL;
    if (subscriber == NULL) { // to accept it nevertheless, and close it
        subscriber = mc_reserve_calloc(1, sizeof *subscriber);
    }
    uv_pipe_init(listener->loop, &subscriber->pipe, 0);
    subscriber->pipe.data = subscriber;
    subscriber->write.data = subscriber;
    if (!set_up(subscriber, listener, err) ||
        (!has_memory && !mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a connection"))) {
        uv_close((uv_handle_t *)&subscriber->pipe, on_closed); // with no callbacks yet
        return NULL;
    }
    subscriber->callbacks = *callbacks;
    read_peer(subscriber);
    read_requests(subscriber);
    return subscriber;
}

void server_subscriber_finish(struct server_subscriber *subscriber)
{
    if (!closing(subscriber)) {
        subscriber->finishing = true;
        uv_read_stop((uv_stream_t *)&subscriber->pipe);
        subscriber->reading = false;
        pump(subscriber);
    }
}

void server_subscriber_close(struct server_subscriber *subscriber, const char *reason)
{
    if (!closing(subscriber)) {
        subscriber->close_reason = reason;
        uv_close((uv_handle_t *)&subscriber->pipe, on_closed);
    }
}

// True when the write in flight has made no progress for stuck_ms.
static bool is_stuck(struct server_subscriber *subscriber, uint64_t stuck_ms)
{
    if (subscriber->writing == NULL) {
        return false;
    }
    uint64_t now_ms = uv_now(subscriber->pipe.loop);
    size_t left = uv_stream_get_write_queue_size((uv_stream_t *)&subscriber->pipe);
    if (left != subscriber->writing_left) {
        subscriber->writing_left = left;
        subscriber->writing_since_ms = now_ms;
    }
    return now_ms - subscriber->writing_since_ms >= stuck_ms;
}

void server_subscriber_check(struct server_subscriber *subscriber, uint64_t stuck_ms,
                             uint64_t greeting_ms)
{
    if (closing(subscriber)) {
        return;
    }
    subscriber->request_credit += REQUEST_CREDIT_PER_CHECK;
    if (subscriber->request_credit > REQUEST_CREDIT_MAX) {
        subscriber->request_credit = REQUEST_CREDIT_MAX;
    }
    if (is_stuck(subscriber, stuck_ms)) {
        server_subscriber_close(subscriber, "it does not read");
    } else if (!subscriber->greeted &&
               uv_now(subscriber->pipe.loop) - subscriber->accepted_ms >= greeting_ms) {
        server_subscriber_close(subscriber, "it sent no valid request");
    } else if (subscriber->half_open && peer_gone(subscriber)) {
        server_subscriber_close(subscriber, "the client closed the connection");
    } else {
        server_subscriber_resume(subscriber);
    }
}

void server_subscriber_resume(struct server_subscriber *subscriber)
{
    if (!subscriber->reading && !closing(subscriber)) {
        read_requests(subscriber);
    }
}
