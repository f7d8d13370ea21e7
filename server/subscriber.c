#include "server/subscriber.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/reserve.h"
#include "server/peer.h"
#include "server/subscriber_parts.h"

enum {
    SOCKET_BUFFER_BYTES = 16 * 1024, // the kernel's send buffer; Linux doubles it
    REQUEST_CREDIT_PER_CHECK = 8,    // requests a connection may send between two checks,
    REQUEST_CREDIT_MAX = 32,         // and as a burst after it has sent none for a while
};

bool server_subscriber_is_closing(const struct server_subscriber *subscriber)
{
    return uv_is_closing((const uv_handle_t *)&subscriber->pipe) != 0;
}

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
    server_own_policies_clear(&subscriber->own);
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
    server_subscriber_read_requests(subscriber);
    return subscriber;
}

void server_subscriber_finish(struct server_subscriber *subscriber)
{
    if (!server_subscriber_is_closing(subscriber)) {
        subscriber->finishing = true;
        uv_read_stop((uv_stream_t *)&subscriber->pipe);
        subscriber->reading = false;
        server_subscriber_pump(subscriber);
    }
}

void server_subscriber_close(struct server_subscriber *subscriber, const char *reason)
{
    if (!server_subscriber_is_closing(subscriber)) {
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
    if (server_subscriber_is_closing(subscriber)) {
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
    } else if (subscriber->half_open && server_subscriber_is_peer_gone(subscriber)) {
        server_subscriber_close(subscriber, "the client closed the connection");
    } else {
        server_subscriber_resume(subscriber);
    }
}

void server_subscriber_resume(struct server_subscriber *subscriber)
{
    if (!subscriber->reading && !server_subscriber_is_closing(subscriber)) {
        server_subscriber_read_requests(subscriber);
    }
}
