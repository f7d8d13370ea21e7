#include "server/subscriber.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { QUEUE_CAPACITY_FIRST = 8 };

static void pump(struct server_subscriber *subscriber);
static void read_requests(struct server_subscriber *subscriber);

static bool closing(const struct server_subscriber *subscriber)
{
    return uv_is_closing((const uv_handle_t *)&subscriber->pipe) != 0;
}

// ---- the queue

static struct server_outgoing *queue_at(struct server_subscriber *subscriber, int index)
{
    return &subscriber->queue[(subscriber->queue_first + index) % subscriber->queue_capacity];
}

static bool queue_grow(struct server_subscriber *subscriber)
{
    int capacity =
        subscriber->queue_capacity == 0 ? QUEUE_CAPACITY_FIRST : 2 * subscriber->queue_capacity;
    struct server_outgoing *queue = malloc((size_t)capacity * sizeof *queue);
    if (queue == NULL) {
        return false;
    }
    for (int i = 0; i < subscriber->queue_count; i++) {
        queue[i] = *queue_at(subscriber, i);
    }
    free(subscriber->queue);
    subscriber->queue = queue;
    subscriber->queue_capacity = capacity;
    subscriber->queue_first = 0;
    return true;
}

static void queue_push(struct server_subscriber *subscriber, enum server_outgoing_kind kind,
                       int stream, struct server_message *message)
{
    if (subscriber->queue_count == subscriber->queue_capacity && !queue_grow(subscriber)) {
        server_subscriber_close(subscriber, "no memory for its messages");
        return;
    }
    *queue_at(subscriber, subscriber->queue_count++) = (struct server_outgoing){
        .message = server_message_retain(message), .kind = kind, .stream = stream
    };
    if (kind == SERVER_OUTGOING_RECORD) {
        subscriber->subscriptions[stream].waiting++;
    } else {
        subscriber->control_count++;
    }
}

// Takes the oldest out. The reference goes to the caller.
static struct server_outgoing queue_pop(struct server_subscriber *subscriber)
{
    struct server_outgoing outgoing = *queue_at(subscriber, 0);
    subscriber->queue_first = (subscriber->queue_first + 1) % subscriber->queue_capacity;
    subscriber->queue_count--;
    if (outgoing.kind == SERVER_OUTGOING_RECORD) {
        subscriber->subscriptions[outgoing.stream].waiting--;
    } else {
        subscriber->control_count--;
    }
    return outgoing;
}

// Puts the message in the place of one of its kind and stream that still waits.
static bool queue_replace(struct server_subscriber *subscriber, enum server_outgoing_kind kind,
                          int stream, struct server_message *message)
{
    for (int i = 0; i < subscriber->queue_count; i++) {
        struct server_outgoing *waiting = queue_at(subscriber, i);
        if (waiting->kind == kind && waiting->stream == stream) {
            server_message_release(waiting->message);
            waiting->message = server_message_retain(message);
            return true;
        }
    }
    return false;
}

// ---- sending

static void on_written(uv_write_t *write, int status)
{
    struct server_subscriber *subscriber = write->data;
    server_message_release(subscriber->writing);
    subscriber->writing = NULL;
    if (status < 0) {
        server_subscriber_close(subscriber, "it closed the connection");
        return;
    }
    pump(subscriber);
    if (!closing(subscriber)) {
        subscriber->callbacks.on_sent(subscriber->callbacks.user, subscriber);
    }
    if (!closing(subscriber) && !subscriber->reading) {
        read_requests(subscriber);
    }
}

// Sends the next message unless one is in flight.
static void pump(struct server_subscriber *subscriber)
{
    if (subscriber->writing != NULL || closing(subscriber)) {
        return;
    }
    if (subscriber->queue_count == 0) {
        if (subscriber->finishing) {
            server_subscriber_close(subscriber, "all was sent");
        }
        return;
    }
    struct server_outgoing outgoing = queue_pop(subscriber);
    struct protocol_buffer *buffer = &outgoing.message->buffer;
    uv_buf_t parts[2] = { uv_buf_init(buffer->data, (unsigned)buffer->length) };
    unsigned part_count = 1;
    if (outgoing.kind == SERVER_OUTGOING_RECORD) {
        struct server_subscription *subscription = &subscriber->subscriptions[outgoing.stream];
        size_t length = protocol_json_record_tail(subscriber->tail, subscription->missed);
        parts[part_count++] = uv_buf_init(subscriber->tail, (unsigned)length);
        subscription->missed = 0;
        subscriber->sent_count++;
    }
    subscriber->writing = outgoing.message;
    subscriber->writing_since_ms = uv_now(subscriber->pipe.loop);
    int status = uv_write(&subscriber->write, (uv_stream_t *)&subscriber->pipe, parts, part_count,
                          on_written);
    if (status < 0) {
        server_message_release(subscriber->writing);
        subscriber->writing = NULL;
        server_subscriber_close(subscriber, "it closed the connection");
    }
}

static void send_message(struct server_subscriber *subscriber, enum server_outgoing_kind kind,
                         int stream, struct server_message *message)
{
    if (closing(subscriber)) {
        return;
    }
    queue_push(subscriber, kind, stream, message);
    pump(subscriber);
}

void server_subscriber_reply(struct server_subscriber *subscriber, struct server_message *message)
{
    send_message(subscriber, SERVER_OUTGOING_REPLY, -1, message);
}

void server_subscriber_state(struct server_subscriber *subscriber, int stream,
                             struct server_message *message)
{
    if (!queue_replace(subscriber, SERVER_OUTGOING_STATE, stream, message)) {
        send_message(subscriber, SERVER_OUTGOING_STATE, stream, message);
    }
}

void server_subscriber_end(struct server_subscriber *subscriber, int stream,
                           struct server_message *message)
{
    if (!queue_replace(subscriber, SERVER_OUTGOING_END, stream, message)) {
        send_message(subscriber, SERVER_OUTGOING_END, stream, message);
    }
}

void server_subscriber_record(struct server_subscriber *subscriber, int stream,
                              struct server_message *message)
{
    struct server_subscription *subscription = &subscriber->subscriptions[stream];
    int limit = subscriber->every_frame ? SERVER_BACKLOG_MAX : 1;
    if (subscription->waiting < limit) {
        send_message(subscriber, SERVER_OUTGOING_RECORD, stream, message);
        return;
    }
    subscription->missed++;
    subscriber->missed_count++;
    if (!subscriber->every_frame) {
        queue_replace(subscriber, SERVER_OUTGOING_RECORD, stream, message);
    }
}

// ---- requests

// Hands out the requests that have arrived, as far as replies may wait.
static void handle_requests(struct server_subscriber *subscriber)
{
    while (subscriber->control_count < SERVER_REPLIES_MAX && !closing(subscriber)) {
        char *line;
        size_t length;
        enum protocol_framing_result result =
            protocol_framing_next(&subscriber->framing, &line, &length);
        if (result == PROTOCOL_FRAMING_MORE) {
            return;
        }
        bool whole = result == PROTOCOL_FRAMING_LINE;
        subscriber->callbacks.on_request(subscriber->callbacks.user, subscriber,
                                         whole ? line : NULL, whole ? length : 0);
    }
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct server_subscriber *subscriber = handle->data;
    size_t size;
    room->base = protocol_framing_room(&subscriber->framing, &size);
    room->len = size;
}

// True when the peer has closed its end altogether, not only stopped sending.
static bool peer_gone(const struct server_subscriber *subscriber)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&subscriber->pipe, &fd) != 0) {
        return true;
    }
    struct pollfd peer = { .fd = fd };
    return poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR)) != 0;
}

static bool subscribed(const struct server_subscriber *subscriber)
{
    for (int i = 0; i < subscriber->stream_count; i++) {
        if (subscriber->subscriptions[i].active) {
            return true;
        }
    }
    return false;
}

// The peer sends no more. One that is subscribed may still read: what echo and
// a pipe to socat look like. Others get their replies.
static void on_last_request(struct server_subscriber *subscriber)
{
    subscriber->half_open = true;
    uv_read_stop((uv_stream_t *)&subscriber->pipe);
    subscriber->reading = false;
    if (peer_gone(subscriber)) {
        server_subscriber_close(subscriber, "it closed the connection");
    } else if (!subscribed(subscriber)) {
        server_subscriber_finish(subscriber);
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
        server_subscriber_close(subscriber, "it closed the connection");
        return;
    }
    protocol_framing_add(&subscriber->framing, (size_t)count);
    handle_requests(subscriber);
    if (subscriber->control_count >= SERVER_REPLIES_MAX && !closing(subscriber)) {
        uv_read_stop(stream);
        subscriber->reading = false;
    }
}

// Takes up reading again where it was stopped for the sake of replies.
static void read_requests(struct server_subscriber *subscriber)
{
    if (subscriber->half_open || subscriber->finishing) {
        return;
    }
    handle_requests(subscriber);
    if (subscriber->control_count < SERVER_REPLIES_MAX && !closing(subscriber)) {
        subscriber->reading =
            uv_read_start((uv_stream_t *)&subscriber->pipe, on_room, on_read) == 0;
    }
}

// ---- life

static void read_peer(struct server_subscriber *subscriber)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    uv_os_fd_t fd;
    subscriber->peer_pid = subscriber->peer_uid = -1;
    if (uv_fileno((uv_handle_t *)&subscriber->pipe, &fd) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
        subscriber->peer_pid = (int)peer.pid;
        subscriber->peer_uid = (int)peer.uid;
    }
}

static void destroy(struct server_subscriber *subscriber)
{
    server_message_release(subscriber->writing);
    while (subscriber->queue_count > 0) {
        server_message_release(queue_pop(subscriber).message);
    }
    protocol_framing_finish(&subscriber->framing);
    free(subscriber->queue);
    free(subscriber->subscriptions);
    free(subscriber);
}

static void on_closed(uv_handle_t *handle)
{
    struct server_subscriber *subscriber = handle->data;
    if (subscriber->callbacks.on_closed != NULL) {
        subscriber->callbacks.on_closed(subscriber->callbacks.user, subscriber);
    }
    destroy(subscriber);
}

static bool set_up(struct server_subscriber *subscriber, uv_stream_t *listener, int stream_count,
                   struct mc_error *err)
{
    // First of all: a connection that isn't taken stops the listener.
    int status = uv_accept(listener, (uv_stream_t *)&subscriber->pipe);
    if (status < 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, -status, "accept: %s", uv_strerror(status));
    }
    subscriber->subscriptions = calloc((size_t)stream_count, sizeof *subscriber->subscriptions);
    if (subscriber->subscriptions == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a connection");
    }
    return protocol_framing_init(&subscriber->framing, PROTOCOL_REQUEST_BYTES, err);
}

struct server_subscriber *
server_subscriber_accept(uv_stream_t *listener, int stream_count, bool every_frame,
                         const struct server_subscriber_callbacks *callbacks, struct mc_error *err)
{
    struct server_subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (subscriber == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a connection");
        return NULL;
    }
    uv_pipe_init(listener->loop, &subscriber->pipe, 0);
    subscriber->pipe.data = subscriber;
    subscriber->write.data = subscriber;
    subscriber->every_frame = every_frame;
    subscriber->stream_count = stream_count;
    if (!set_up(subscriber, listener, stream_count, err)) {
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

void server_subscriber_check(struct server_subscriber *subscriber, uint64_t stuck_ms)
{
    if (closing(subscriber)) {
        return;
    }
    uint64_t now_ms = uv_now(subscriber->pipe.loop);
    if (subscriber->writing != NULL && now_ms - subscriber->writing_since_ms >= stuck_ms) {
        server_subscriber_close(subscriber, "it does not read");
    } else if (subscriber->half_open && peer_gone(subscriber)) {
        server_subscriber_close(subscriber, "it closed the connection");
    }
}
