// The requests that a connection sends.
#include <poll.h>

#include "server/subscriber.h"
#include "server/subscriber_parts.h"

enum { REPLIES_MAX = 16 }; // queued messages other than records, while requests are read

// True while requests may be read: there is room for replies and the rate is not exceeded.
static bool may_ask(const struct server_subscriber *subscriber)
{
    return subscriber->control_count < REPLIES_MAX &&
           subscriber->reply_bytes < SERVER_LARGE_BYTES && subscriber->request_credit > 0 &&
           subscriber->callbacks.may_request(subscriber->callbacks.user, subscriber);
}

// Handles the requests that have arrived. False: handling stopped early, there may be more.
static bool handle_requests(struct server_subscriber *subscriber)
{
    while (!server_subscriber_is_closing(subscriber) && !subscriber->finishing) {
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

bool server_subscriber_is_peer_gone(const struct server_subscriber *subscriber)
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

void server_subscriber_finish_if_done(struct server_subscriber *subscriber)
{
    if (subscriber->half_open && subscriber->awaited_replies == 0 &&
        !server_subscriber_is_subscribed(subscriber)) {
        server_subscriber_finish(subscriber);
    }
}

void server_subscriber_await_reply(struct server_subscriber *subscriber)
{
    subscriber->awaited_replies++;
}

void server_subscriber_reply_sent(struct server_subscriber *subscriber)
{
    subscriber->awaited_replies--;
    server_subscriber_finish_if_done(subscriber);
}

// The peer has shut down its writing side, as `echo … | socat` does. A subscriber keeps
// getting records; others get the replies that are due.
static void on_last_request(struct server_subscriber *subscriber)
{
    subscriber->half_open = true;
    uv_read_stop((uv_stream_t *)&subscriber->pipe);
    subscriber->reading = false;
    if (server_subscriber_is_peer_gone(subscriber)) {
        server_subscriber_close(subscriber, "the client closed the connection");
    } else {
        server_subscriber_finish_if_done(subscriber);
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
    if (!handle_requests(subscriber) && !server_subscriber_is_closing(subscriber)) {
        uv_read_stop(stream);
        subscriber->reading = false;
    }
}

void server_subscriber_read_requests(struct server_subscriber *subscriber)
{
    if (subscriber->half_open || subscriber->finishing) {
        return;
    }
    if (handle_requests(subscriber) && !server_subscriber_is_closing(subscriber)) {
        subscriber->reading =
            uv_read_start((uv_stream_t *)&subscriber->pipe, on_room, on_read) == 0;
    }
}
