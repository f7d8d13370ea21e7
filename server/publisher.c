#include "server/publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/encode.h"
#include "server/admission.h"
#include "server/calibration_requests.h"
#include "server/connection_list.h"
#include "server/connection_log.h"
#include "server/rate_limit.h"
#include "server/reply.h"
#include "server/request_handlers.h"
#include "server/stream_feed.h"
#include "server/subscriber.h"

enum {
    CHECK_MS = 250,         // between two checks of every connection
    CHECKS_AT_ONCE = 32,    // connections checked before a pause
    STATES_MS = 1000,       // between two messages that a stream is down
    STUCK_FINISH_MS = 3000, // while finishing: a write without progress
    FINISH_MS = 60000,      // after that, connections that still read are closed
    FILES_LOG_S = 10,       // between two complaints that file descriptors ran out
};

struct server_publisher {
    uv_loop_t *loop;
    struct server_publisher_callbacks callbacks;
    struct protocol_hello hello;
    struct server_limits limits;
    struct server_admission admission;
    int workers;
    int network_count;
    struct protocol_network_status networks[PROTOCOL_NETWORKS_MAX];
    struct server_stream_feeds feeds;
    struct server_request_handlers handlers;
    struct server_connection_log log;
    bool finishing;
    uint64_t finishing_since_ms;
    struct server_connection_list connections;
    unsigned long accepted; // connections in all
    struct server_rate_limit limit;
    uv_stream_t *pending;  // the listener with a connection to accept, or NULL
    unsigned long resumed; // number of the connection resumed last
    uv_timer_t check;
    uint64_t checked_ms, states_repeat_ms; // when each was last begun
    int64_t start_ns;
};

// ---- callbacks of subscribers and request handlers

static void tell_subscribed(void *user)
{
    const struct server_publisher *publisher = user;
    publisher->callbacks.on_subscribed(publisher->callbacks.user,
                                       publisher->feeds.subscribed_count);
}

static void on_request(void *user, struct server_subscriber *subscriber, const char *line,
                       size_t length)
{
    struct server_publisher *publisher = user;
    server_rate_limit_request(&publisher->limit);
    server_request_handle(&publisher->handlers, subscriber, line, length);
}

static bool may_request(void *user, const struct server_subscriber *subscriber)
{
    const struct server_publisher *publisher = user;
    const bool over_budget = publisher->feeds.pool.bytes > publisher->feeds.pending_bytes;
    return (subscriber->reply_bytes == 0 || !over_budget) &&
           server_rate_limit_may_request(&publisher->limit);
}

static void on_drained(void *user, int stream)
{
    struct server_publisher *publisher = user;
    server_stream_feeds_update_pressure(&publisher->feeds, stream);
}

static void on_status(void *user, struct protocol_status *status)
{
    server_publisher_status(user, status);
}

// ---- connections

static void finish_if_done(struct server_publisher *publisher)
{
    if (publisher->finishing && publisher->connections.first == NULL &&
        !uv_is_closing((uv_handle_t *)&publisher->check)) {
        uv_close((uv_handle_t *)&publisher->check, NULL);
        server_rate_limit_close(&publisher->limit);
        publisher->callbacks.on_finished(publisher->callbacks.user);
    }
}

static void on_closed(void *user, struct server_subscriber *subscriber)
{
    struct server_publisher *publisher = user;
    server_connection_list_remove(&publisher->connections, subscriber);
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        server_stream_feeds_unsubscribe(&publisher->feeds, subscriber, i);
    }
    server_connection_log_write(
        &publisher->log, subscriber, "closed: %s; %" PRIu64 " records sent, %" PRIu64 " missed",
        subscriber->close_reason, subscriber->sent_count, server_subscriber_missed(subscriber));
    tell_subscribed(publisher);
    finish_if_done(publisher);
}

static void close_idle(struct server_publisher *publisher, struct server_subscriber *idle)
{
    static const struct protocol_error error = {
        .code = PROTOCOL_ERROR_TOO_MANY,
        .message = "too many connections: this one was idle for longest",
    };
    server_reply_refuse(&publisher->feeds.pool, idle, &error);
    server_subscriber_close(idle, "it was idle for longest, and its place was needed");
}

static void admit(struct server_publisher *publisher, struct server_subscriber *subscriber)
{
    struct server_subscriber *idle;
    struct protocol_error error;
    if (!server_admission_check(&publisher->admission, publisher->connections.first, subscriber,
                                &idle, &error)) {
        server_reply_refuse(&publisher->feeds.pool, subscriber, &error);
        server_subscriber_finish(subscriber);
    } else if (idle != NULL) {
        close_idle(publisher, idle);
    }
}

// Without a free descriptor libuv closes new connections and says nothing.
static void check_files(struct server_publisher *publisher)
{
    static struct mc_log_limit limit;
    unsigned skipped;
    const int fd = fcntl(uv_backend_fd(publisher->loop), F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) {
        close(fd);
    }
    if (fd >= 0 || errno != EMFILE) {
        return;
    }
    if (mc_log_limit_pass(&limit, FILES_LOG_S * MC_NS_PER_SECOND, &skipped)) {
        mc_log(MC_LOG_WARNING,
               "too many open files: new connections are closed; see ulimit -n or LimitNOFILE=");
    }
    struct server_subscriber *idle = server_admission_idle(publisher->connections.first);
    if (idle != NULL) {
        close_idle(publisher, idle);
    }
}

static void greet(struct server_publisher *publisher, struct server_subscriber *subscriber)
{
    struct server_reply reply;
    publisher->hello.stream_count =
        server_stream_feeds_list(&publisher->feeds, publisher->hello.streams);
    server_reply_begin(&reply, &publisher->feeds.pool, subscriber);
    protocol_encode_hello(reply.buffer, &publisher->hello);
    server_reply_end(&reply);
    admit(publisher, subscriber);
}

void server_publisher_accept(struct server_publisher *publisher, uv_stream_t *listener)
{
    static struct mc_log_limit limit;
    const struct server_subscriber_callbacks callbacks = { on_request, may_request, on_drained,
                                                           on_closed, publisher };
    struct mc_error err = { 0 };
    publisher->pending = NULL;
    if (!server_rate_limit_accept(&publisher->limit)) {
        publisher->pending = listener; // libuv reports no other before this one is accepted
        return;
    }
    struct server_subscriber *subscriber = server_subscriber_accept(listener, &callbacks, &err);
    if (subscriber == NULL) {
        unsigned skipped;
        if (mc_log_limit_pass(&limit, MC_NS_PER_SECOND, &skipped)) {
            mc_log(MC_LOG_WARNING, "a connection failed: %s", err.message);
        }
        return;
    }
    subscriber->number = ++publisher->accepted;
    server_connection_list_append(&publisher->connections, subscriber);
    server_connection_log_write(&publisher->log, subscriber, "connected");
    greet(publisher, subscriber);
}

// Resumes what was put off, round robin: connections after the one resumed last come first.
static void on_resume(void *user)
{
    struct server_publisher *publisher = user;
    if (publisher->pending != NULL && !uv_is_closing((uv_handle_t *)publisher->pending)) {
        server_publisher_accept(publisher, publisher->pending);
    }
    for (int pass = 0; pass < 2; pass++) {
        unsigned long from = pass == 0 ? publisher->resumed : 0;
        struct server_subscriber *next;
        for (struct server_subscriber *s = publisher->connections.first; s != NULL; s = next) {
            next = s->next;
            if (!server_rate_limit_may_request(&publisher->limit)) {
                return;
            }
            if (s->number > from && !s->reading) {
                publisher->resumed = s->number;
                server_subscriber_resume(s);
            }
        }
    }
}

static void check_connection(const struct server_publisher *publisher,
                             struct server_subscriber *subscriber)
{
    const bool finishing = publisher->finishing;
    if (finishing && uv_now(publisher->loop) - publisher->finishing_since_ms > FINISH_MS) {
        server_subscriber_close(subscriber, "it reads too slowly");
    } else {
        server_subscriber_check(subscriber,
                                finishing ? STUCK_FINISH_MS : publisher->limits.stuck_ms,
                                publisher->limits.greeting_ms);
    }
}

static void begin_check(struct server_publisher *publisher)
{
    publisher->checked_ms = uv_now(publisher->loop);
    publisher->connections.unchecked = publisher->connections.first;
    if (publisher->checked_ms - publisher->states_repeat_ms >= STATES_MS) {
        publisher->states_repeat_ms = publisher->checked_ms;
        server_stream_feeds_repeat_states(&publisher->feeds);
    }
    server_connection_log_renew(&publisher->log);
    check_files(publisher);
}

// Checks some of the connections: a record is not delayed by a check of all of them.
static void on_check(uv_timer_t *timer)
{
    struct server_publisher *publisher = timer->data;
    if (publisher->connections.unchecked == NULL) {
        begin_check(publisher);
    }
    for (int i = 0; i < CHECKS_AT_ONCE && publisher->connections.unchecked != NULL; i++) {
        struct server_subscriber *subscriber = publisher->connections.unchecked;
        publisher->connections.unchecked = subscriber->next;
        check_connection(publisher, subscriber);
    }
    const uint64_t passed_ms = uv_now(publisher->loop) - publisher->checked_ms;
    const uint64_t rest_ms = passed_ms < CHECK_MS ? CHECK_MS - passed_ms : 0;
    uv_timer_start(timer, on_check,
                   publisher->connections.unchecked != NULL ? SERVER_PAUSE_MS : rest_ms, 0);
}

// ---- what streams publish

void server_publisher_record(struct server_publisher *publisher, int stream,
                             struct protocol_record *record)
{
    record->t_publish_ns = mc_clock_now_ns();
    server_stream_feeds_record(&publisher->feeds, stream, record);
}

void server_publisher_state(struct server_publisher *publisher, int stream,
                            enum protocol_stream_state state, const char *reason)
{
    server_stream_feeds_state(&publisher->feeds, stream, state, reason);
}

void server_publisher_end(struct server_publisher *publisher, int stream)
{
    server_stream_feeds_end(&publisher->feeds, stream);
}

// ---- which streams there are

static void encode_streams(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                           const void *content)
{
    protocol_encode_streams(buffer, encoding, content);
}

static void tell_streams(struct server_publisher *publisher,
                         void (*tell)(struct server_subscriber *subscriber,
                                      struct server_shared_message *streams))
{
    struct protocol_streams streams;
    struct server_shared_message shared = { .pool = &publisher->feeds.pool,
                                            .encode = encode_streams,
                                            .content = &streams };
    struct server_subscriber *next;
    streams.stream_count = server_stream_feeds_list(&publisher->feeds, streams.streams);
    for (struct server_subscriber *s = publisher->connections.first; s != NULL; s = next) {
        next = s->next;
        tell(s, &shared);
    }
    server_shared_message_release(&shared);
}

int server_publisher_add_stream(struct server_publisher *publisher, const char *name)
{
    const int stream = server_stream_feeds_add(&publisher->feeds, name);
    if (stream < 0) {
        return -1;
    }
    struct server_subscriber *next;
    for (struct server_subscriber *s = publisher->connections.first; s != NULL; s = next) {
        next = s->next;
        if (!s->follows_all) {
            continue;
        }
        bool is_own;
        struct protocol_policy policy = server_subscriber_policy_of(s, name, &is_own);
        if (!server_stream_feeds_subscribe(&publisher->feeds, s, stream, &policy)) {
            server_subscriber_close(s, "out of memory for its subscription");
        } else {
            s->subscriptions[stream]->is_own = is_own;
        }
    }
    tell_streams(publisher, server_subscriber_stream_added);
    server_stream_feeds_greet_all(&publisher->feeds, stream);
    tell_subscribed(publisher);
    return stream;
}

int server_publisher_find_stream(const struct server_publisher *publisher, const char *name)
{
    return server_stream_feeds_find(&publisher->feeds, name);
}

void server_publisher_remove_stream(struct server_publisher *publisher, int stream,
                                    const char *reason)
{
    struct protocol_error error = { .code = PROTOCOL_ERROR_UNKNOWN_STREAM };
    snprintf(error.message, sizeof error.message, "the stream is gone: %s", reason);
    const char *name = publisher->feeds.feeds[stream].state.stream;
    server_publisher_not_calibrated(publisher, stream, &error);
    if (!publisher->feeds.feeds[stream].ended) {
        server_stream_feeds_state(&publisher->feeds, stream, PROTOCOL_STREAM_ENDED, reason);
        server_stream_feeds_end(&publisher->feeds, stream);
    }
    struct server_subscriber *next;
    for (struct server_subscriber *s = publisher->connections.first; s != NULL; s = next) {
        next = s->next;
        if (!server_subscriber_keep_policy(s, stream, name)) {
            server_subscriber_close(s, "out of memory for its subscription");
        }
        server_subscriber_keep_records(s, stream);
        server_stream_feeds_unsubscribe(&publisher->feeds, s, stream);
        server_subscriber_forget(s, stream);
    }
    server_stream_feeds_remove(&publisher->feeds, stream);
    tell_streams(publisher, server_subscriber_stream_removed);
    tell_subscribed(publisher);
}

static void apply_limits(struct server_publisher *publisher, const struct server_limits *limits)
{
    publisher->limits = *limits;
    publisher->feeds.pending_bytes = limits->pending_bytes;
    publisher->admission =
        (struct server_admission){ limits->connections, limits->connections_per_user };
    if (publisher->admission.per_user == 0) {
        publisher->admission.per_user = server_admission_default_share(limits->connections);
    }
}

void server_publisher_set_limits(struct server_publisher *publisher,
                                 const struct server_limits *limits, gid_t control_group)
{
    apply_limits(publisher, limits);
    server_control_group_set(&publisher->handlers.control_group, control_group);
}

void server_publisher_calibrated(struct server_publisher *publisher, int stream,
                                 const struct protocol_calibrated *calibrated)
{
    struct server_subscriber *next;
    for (struct server_subscriber *s = publisher->connections.first; s != NULL; s = next) {
        next = s->next;
        server_calibration_done(&publisher->handlers, s, stream, calibrated);
    }
}

void server_publisher_not_calibrated(struct server_publisher *publisher, int stream,
                                     const struct protocol_error *error)
{
    struct server_subscriber *next;
    for (struct server_subscriber *s = publisher->connections.first; s != NULL; s = next) {
        next = s->next;
        server_calibration_failed(&publisher->handlers, s, stream, error);
    }
}

// ---- status

void server_publisher_status(const struct server_publisher *publisher,
                             struct protocol_status *status)
{
    status->uptime_s = (double)(mc_clock_now_ns() - publisher->start_ns) / 1e9;
    status->connections = publisher->connections.count;
    status->workers = publisher->workers;
    status->network_count = publisher->network_count;
    memcpy(status->networks, publisher->networks, sizeof status->networks);
    status->stream_count = 0;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        const struct server_stream_feed *feed = &publisher->feeds.feeds[i];
        if (!feed->used) {
            continue;
        }
        struct protocol_stream_status *stream = &status->streams[status->stream_count++];
        server_stream_feed_status(feed, stream);
        if (publisher->callbacks.on_status != NULL) {
            publisher->callbacks.on_status(publisher->callbacks.user, i, stream);
        }
    }
}

int server_publisher_count(const struct server_publisher *publisher, int stream)
{
    return publisher->feeds.feeds[stream].subscription_count;
}

// ---- life

static void fill_hello(struct server_publisher *publisher,
                       const struct server_publisher_options *options)
{
    struct protocol_hello *hello = &publisher->hello;
    hello->major = PROTOCOL_MAJOR;
    hello->minor = PROTOCOL_MINOR;
    hello->encodings = 1u << PROTOCOL_JSON | 1u << PROTOCOL_CBOR;
    snprintf(hello->server, sizeof hello->server, "%s", options->server);
    // The start time serves: all that counts is that it differs after each start.
    snprintf(hello->boot_id, sizeof hello->boot_id, "%016" PRIx64, (uint64_t)publisher->start_ns);
    if (options->dense != NULL) {
        hello->dense = *options->dense;
    }
}

static bool init_feeds(struct server_publisher *publisher,
                       const struct server_publisher_options *options)
{
    publisher->feeds = (struct server_stream_feeds){
        .every_frame = options->every_frame,
        .on_pressure = publisher->callbacks.on_pressure,
        .user = publisher->callbacks.user,
    };
    return server_stream_feeds_init(&publisher->feeds, options->streams, options->stream_count);
}

static void start_timers(struct server_publisher *publisher)
{
    server_rate_limit_init(&publisher->limit, publisher->loop, on_resume, publisher);
    uv_timer_init(publisher->loop, &publisher->check);
    publisher->check.data = publisher;
    uv_timer_start(&publisher->check, on_check, CHECK_MS, 0);
}

struct server_publisher *server_publisher_create(uv_loop_t *loop,
                                                 const struct server_publisher_options *options,
                                                 const struct server_publisher_callbacks *callbacks,
                                                 struct mc_error *err)
{
    struct server_publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher != NULL) {
        publisher->callbacks = *callbacks;
    }
    if (publisher == NULL || !init_feeds(publisher, options)) {
        free(publisher);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the server");
        return NULL;
    }
    publisher->loop = loop;
    publisher->workers = options->workers;
    publisher->network_count = options->network_count;
    for (int i = 0; i < options->network_count; i++) {
        publisher->networks[i] = options->networks[i];
    }
    apply_limits(publisher, &options->limits);
    publisher->start_ns = mc_clock_now_ns();
    publisher->handlers = (struct server_request_handlers){
        .feeds = &publisher->feeds,
        .log = &publisher->log,
        .on_subscribed = tell_subscribed,
        .on_status = on_status,
        .user = publisher,
        .callbacks = &publisher->callbacks,
    };
    server_control_group_set(&publisher->handlers.control_group, options->control_group);
    fill_hello(publisher, options);
    start_timers(publisher);
    return publisher;
}

void server_publisher_finish(struct server_publisher *publisher)
{
    publisher->finishing = true;
    publisher->finishing_since_ms = uv_now(publisher->loop);
    struct server_subscriber *next;
    for (struct server_subscriber *s = publisher->connections.first; s != NULL; s = next) {
        next = s->next;
        server_subscriber_finish(s);
    }
    finish_if_done(publisher);
}

void server_publisher_destroy(struct server_publisher *publisher)
{
    if (publisher != NULL) {
        server_stream_feeds_finish(&publisher->feeds);
        free(publisher);
    }
}
