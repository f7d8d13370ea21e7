#include "tools/follow.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "protocol/backoff.h"
#include "protocol/record.h"

enum { REPLY_TIMEOUT_MS = 2000 };

struct follow {
    struct follow_options options;
    struct mocap_client *client; // NULL: not connected
    atomic_bool is_stopped, is_wanted;
    int wake_fd;                             // eventfd: readable when one of these may have changed
    bool is_subscribed;                      // with client
    char subscribed_to[PROTOCOL_NAME_BYTES]; // the stream; "": all
    struct protocol_backoff backoff;
    int pause_ms;        // before the next attempt
    bool outage_is_told; // it has its line in the log
};

struct follow *follow_create(const struct follow_options *options, struct mc_error *err)
{
    struct follow *follow = calloc(1, sizeof *follow);
    if (follow == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for following the daemon");
        return NULL;
    }
    follow->options = *options;
    atomic_init(&follow->is_wanted, !options->at_rest);
    follow->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (follow->wake_fd < 0) {
        mc_error_set_errno(err, "eventfd");
        follow_destroy(follow);
        return NULL;
    }
    return follow;
}

void follow_destroy(struct follow *follow)
{
    if (follow == NULL) {
        return;
    }
    mocap_close(follow->client);
    if (follow->wake_fd >= 0) {
        close(follow->wake_fd);
    }
    free(follow);
}

const struct mocap_server *follow_server(const struct follow *follow)
{
    return follow->client != NULL ? mocap_server(follow->client) : NULL;
}

const char *follow_stream(const struct follow *follow)
{
    const char *named = follow->options.subscribe.stream;
    const struct mocap_server *server = follow_server(follow);
    const bool is_first =
        named == NULL && follow->options.first_alone && server != NULL && server->stream_count > 0;
    return is_first ? server->streams[0] : named;
}

static void wake(struct follow *follow)
{
    const int saved = errno; // it may interrupt anything
    const uint64_t one = 1;
    ssize_t count = write(follow->wake_fd, &one, sizeof one);
    (void)count; // full means that it is readable already
    errno = saved;
}

void follow_stop(struct follow *follow)
{
    atomic_store(&follow->is_stopped, true);
    wake(follow);
}

void follow_want(struct follow *follow, bool is_wanted)
{
    atomic_store(&follow->is_wanted, is_wanted);
    wake(follow);
}

// Waits for the daemon's bytes or to be woken. fd -1: for the latter alone. An
// interrupted wait ends early, as one that is woken: callers check again.
static void wait_for(const struct follow *follow, int fd, int timeout_ms)
{
    struct pollfd waited[2] = {
        { .fd = follow->wake_fd, .events = POLLIN },
        { .fd = fd, .events = POLLIN },
    };
    if (poll(waited, 2, timeout_ms) > 0 && waited[0].revents != 0) {
        uint64_t count;
        ssize_t bytes = read(follow->wake_fd, &count, sizeof count);
        (void)bytes; // it was for waking alone
    }
}

static void tell_outage(struct follow *follow, const char *reason)
{
    if (!follow->outage_is_told) {
        mc_log(MC_LOG_WARNING, "cannot follow mocapd: %s; trying again", reason);
        follow->outage_is_told = true;
    }
    if (follow->options.on_outage != NULL) {
        follow->options.on_outage(follow->options.user, reason);
    }
}

static enum follow_event lose(struct follow *follow, const char *reason)
{
    tell_outage(follow, reason);
    mocap_close(follow->client);
    follow->client = NULL;
    follow->pause_ms = protocol_backoff_first_ms(&follow->backoff);
    return FOLLOW_LOST;
}

static bool subscribe(struct follow *follow, struct mocap_error *error)
{
    struct mocap_options wanted = follow->options.subscribe;
    wanted.stream = follow_stream(follow);
    snprintf(follow->subscribed_to, sizeof follow->subscribed_to, "%s",
             wanted.stream == NULL ? "" : wanted.stream);
    follow->is_subscribed = mocap_subscribe(follow->client, &wanted, REPLY_TIMEOUT_MS, error);
    return follow->is_subscribed;
}

static bool unsubscribe(struct follow *follow, struct mocap_error *error)
{
    follow->is_subscribed = false;
    return mocap_unsubscribe(follow->client, NULL, REPLY_TIMEOUT_MS, error);
}

// Unsubscribes even without a subscription: the daemon closes connections that send no request.
static bool subscribe_if_wanted(struct follow *follow, struct mocap_error *error)
{
    return atomic_load(&follow->is_wanted) ? subscribe(follow, error) : unsubscribe(follow, error);
}

// The daemon has other streams now: subscribes again, to be told all of their states, and away from
// one that is not the first any more.
static bool renew(struct follow *follow, struct mocap_error *error)
{
    const char *stream = follow_stream(follow);
    const bool same = strcmp(follow->subscribed_to, stream == NULL ? "" : stream) == 0;
    return (same || unsubscribe(follow, error)) && subscribe(follow, error);
}

static bool connect_now(struct follow *follow)
{
    struct mocap_error error;
    follow->client = mocap_connect(follow->options.socket, REPLY_TIMEOUT_MS, &error);
    if (follow->client == NULL || !subscribe_if_wanted(follow, &error)) {
        tell_outage(follow, error.message);
        mocap_close(follow->client);
        follow->client = NULL;
        return false;
    }
    follow->outage_is_told = false;
    protocol_backoff_connected(&follow->backoff);
    mc_log(MC_LOG_INFO, "connected to %s", mocap_server(follow->client)->name);
    return true;
}

static enum follow_event connect_again(struct follow *follow)
{
    for (;;) {
        wait_for(follow, -1, follow->pause_ms);
        if (atomic_load(&follow->is_stopped)) {
            return FOLLOW_STOPPED;
        }
        if (connect_now(follow)) {
            return FOLLOW_CONNECTED;
        }
        follow->pause_ms = protocol_backoff_next_ms(&follow->backoff);
    }
}

enum follow_event follow_next(struct follow *follow, struct mocap_message *message)
{
    if (follow->client == NULL) {
        return connect_again(follow);
    }
    for (;;) {
        struct mocap_error error;
        if (atomic_load(&follow->is_stopped)) {
            return FOLLOW_STOPPED;
        }
        if (atomic_load(&follow->is_wanted) != follow->is_subscribed) {
            if (!subscribe_if_wanted(follow, &error)) {
                return lose(follow, error.message);
            }
            if (!follow->is_subscribed) {
                return FOLLOW_RESTING;
            }
        }
        switch (mocap_next(follow->client, 0, message, &error)) {
        case MOCAP_MESSAGE:
            if (message->type == MOCAP_STREAMS) {
                return !follow->is_subscribed || renew(follow, &error)
                           ? FOLLOW_CONNECTED
                           : lose(follow, error.message);
            }
            if (!follow->is_subscribed) {
                continue; // it was under way when the subscription was let go
            }
            return FOLLOW_MESSAGE;
        case MOCAP_CLOSED:
        case MOCAP_ERROR:
            return lose(follow, error.message);
        case MOCAP_TIMEOUT:
            break;
        }
        wait_for(follow, mocap_fd(follow->client), -1);
    }
}
