#include "server/publisher.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/encode.h"
#include "server/publisher_internal.h"

enum {
    STUCK_FINISH_MS = 3000, // a write that makes no progress, while finishing
    FINISH_MS = 60000,      // after that nobody is waited for any more
    HIGH_WATER = 64,        // waiting records of one reader that hold a stream
    LOW_WATER = 16,         // and let it go on
};

void server_publisher_log(struct server_publisher *publisher,
                          const struct server_subscriber *subscriber, const char *format, ...)
{
    if (publisher->logged++ >= SERVER_LOGS_A_CHECK) {
        publisher->log_skipped++;
        return;
    }
    char said[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
    const char *label = subscriber->label;
    mc_log(MC_LOG_INFO, "connection %lu (pid %d, uid %d%s%s) %s", subscriber->number,
           subscriber->peer_pid, subscriber->peer_uid, label[0] == '\0' ? "" : ", ", label, said);
}

static void on_request(void *user, struct server_subscriber *subscriber, const char *line,
                       size_t length)
{
    struct server_publisher *publisher = user;
    server_rate_limit_request(&publisher->pace);
    server_publisher_answer(publisher, subscriber, line, length);
}

static bool may_request(void *user)
{
    const struct server_publisher *publisher = user;
    return server_rate_limit_may_request(&publisher->pace);
}

// ---- pressure ----------------------------------------------------------------------

static int most_waiting(const struct server_publisher *publisher, int stream)
{
    const struct server_stream_feed *channel = &publisher->channels[stream];
    int most = 0;
    for (int i = 0; i < channel->reader_count; i++) {
        const struct server_subscription *subscription = channel->readers[i];
        bool holds = subscription->policy.mode == PROTOCOL_EVERY_FRAME;
        int waiting = holds ? subscription->waiting : 0;
        most = waiting > most ? waiting : most;
    }
    return most;
}

static void update_pressure(struct server_publisher *publisher, int stream)
{
    struct server_stream_feed *channel = &publisher->channels[stream];
    if (!publisher->every_frame) {
        return;
    }
    int waiting = most_waiting(publisher, stream);
    bool held = channel->held ? waiting > LOW_WATER : waiting >= HIGH_WATER;
    if (held != channel->held) {
        channel->held = held;
        publisher->callbacks.on_pressure(publisher->callbacks.user, stream, held);
    }
}

static void update_pressures(struct server_publisher *publisher)
{
    for (int i = 0; i < publisher->channel_count; i++) {
        update_pressure(publisher, i);
    }
}

static void on_sent(void *user, struct server_subscriber *subscriber)
{
    (void)subscriber;
    update_pressures(user);
}

// ---- connections -------------------------------------------------------------------

static void finish_if_done(struct server_publisher *publisher)
{
    if (publisher->finishing && publisher->first == NULL &&
        !uv_is_closing((uv_handle_t *)&publisher->check)) {
        uv_close((uv_handle_t *)&publisher->check, NULL);
        server_rate_limit_close(&publisher->pace);
        publisher->callbacks.on_finished(publisher->callbacks.user);
    }
}

static void on_closed(void *user, struct server_subscriber *subscriber)
{
    struct server_publisher *publisher = user;
    *(subscriber->previous == NULL ? &publisher->first : &subscriber->previous->next) =
        subscriber->next;
    *(subscriber->next == NULL ? &publisher->last : &subscriber->next->previous) =
        subscriber->previous;
    if (publisher->unchecked == subscriber) {
        publisher->unchecked = subscriber->next;
    }
    publisher->connection_count--;
    server_publisher_drop_subscriptions(publisher, subscriber);
    server_publisher_log(
        publisher, subscriber, "closed: %s; %" PRIu64 " records sent, %" PRIu64 " missed",
        subscriber->close_reason, subscriber->sent_count, server_subscriber_missed(subscriber));
    update_pressures(publisher);
    publisher->callbacks.on_subscribed(publisher->callbacks.user,
                                       server_publisher_count(publisher, -1));
    finish_if_done(publisher);
}

static void greet(struct server_publisher *publisher, struct server_subscriber *subscriber)
{
    struct server_message *message = server_message_acquire(&publisher->pool, PROTOCOL_JSON);
    if (message == NULL) {
        server_subscriber_close(subscriber, "no memory for its greeting");
        return;
    }
    protocol_encode_hello(&message->buffer, &publisher->hello);
    if (server_message_seal(message)) {
        server_subscriber_reply(subscriber, message);
    }
    server_message_release(message);
    if (publisher->connection_count > publisher->limits.connections) {
        struct protocol_error error = { .code = PROTOCOL_ERROR_TOO_MANY };
        snprintf(error.message, sizeof error.message, "there are %d connections already",
                 publisher->limits.connections);
        server_publisher_send_error(publisher, subscriber, &error);
        server_subscriber_finish(subscriber);
    }
}

void server_publisher_accept(struct server_publisher *publisher, uv_stream_t *listener)
{
    static struct mc_log_limit limit;
    const struct server_subscriber_callbacks callbacks = { on_request, may_request, on_sent,
                                                           on_closed, publisher };
    struct mc_error err = { 0 };
    publisher->waiting = NULL;
    if (!server_rate_limit_accept(&publisher->pace)) {
        publisher->waiting = listener; // it calls no more before this one is taken
        return;
    }
    struct server_subscriber *subscriber =
        server_subscriber_accept(listener, publisher->channel_count, &callbacks, &err);
    if (subscriber == NULL) {
        unsigned skipped;
        if (mc_log_limit_pass(&limit, MC_NS_PER_SECOND, &skipped)) {
            mc_log(MC_LOG_WARNING, "a connection failed: %s", err.message);
        }
        return;
    }
    subscriber->number = ++publisher->accepted;
    // Last in the list: who was there before is served before.
    subscriber->previous = publisher->last;
    *(publisher->last == NULL ? &publisher->first : &publisher->last->next) = subscriber;
    publisher->last = subscriber;
    publisher->connection_count++;
    server_publisher_log(publisher, subscriber, "is there");
    greet(publisher, subscriber);
}

// Takes up what was put off, one connection after the other: those after the one that
// was resumed last come first.
static void on_resume(void *user)
{
    struct server_publisher *publisher = user;
    if (publisher->waiting != NULL && !uv_is_closing((uv_handle_t *)publisher->waiting)) {
        server_publisher_accept(publisher, publisher->waiting);
    }
    for (int pass = 0; pass < 2; pass++) {
        unsigned long from = pass == 0 ? publisher->resumed : 0;
        struct server_subscriber *next;
        for (struct server_subscriber *s = publisher->first; s != NULL; s = next) {
            next = s->next;
            if (!server_rate_limit_may_request(&publisher->pace)) {
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
    if (finishing && uv_now(publisher->loop) - publisher->finishing_ms > FINISH_MS) {
        server_subscriber_close(subscriber, "it reads too slowly");
    } else {
        server_subscriber_check(subscriber,
                                finishing ? STUCK_FINISH_MS : publisher->limits.stuck_ms,
                                publisher->limits.greeting_ms);
    }
}

static bool is_down(const struct server_stream_feed *channel)
{
    return strcmp(channel->state.state, "connecting") == 0 ||
           strcmp(channel->state.state, "stalled") == 0;
}

// Who waits for records is told why, once a second, as long as none come.
static void repeat_states(struct server_publisher *publisher)
{
    for (int i = 0; i < publisher->channel_count; i++) {
        const struct server_stream_feed *channel = &publisher->channels[i];
        for (int k = 0; is_down(channel) && k < channel->reader_count; k++) {
            server_publisher_send_state(publisher, channel->readers[k]->subscriber, i);
        }
    }
}

static void begin_check(struct server_publisher *publisher)
{
    publisher->checked_ms = uv_now(publisher->loop);
    publisher->unchecked = publisher->first;
    if (publisher->checked_ms - publisher->told_ms >= SERVER_STATES_MS) {
        publisher->told_ms = publisher->checked_ms;
        repeat_states(publisher);
    }
    if (publisher->log_skipped > 0) {
        mc_log(MC_LOG_INFO, "connections came and went: %d lines left out", publisher->log_skipped);
    }
    publisher->logged = publisher->log_skipped = 0;
}

// Looks at some connections, so that a record is not delayed by a look at all of them.
static void on_check(uv_timer_t *timer)
{
    struct server_publisher *publisher = timer->data;
    if (publisher->unchecked == NULL) {
        begin_check(publisher);
    }
    for (int i = 0; i < SERVER_CHECKS_AT_ONCE && publisher->unchecked != NULL; i++) {
        struct server_subscriber *subscriber = publisher->unchecked;
        publisher->unchecked = subscriber->next;
        check_connection(publisher, subscriber);
    }
    const uint64_t passed_ms = uv_now(publisher->loop) - publisher->checked_ms;
    const uint64_t rest_ms = passed_ms < SERVER_CHECK_MS ? SERVER_CHECK_MS - passed_ms : 0;
    uv_timer_start(timer, on_check, publisher->unchecked != NULL ? SERVER_PAUSE_MS : rest_ms, 0);
}

// ---- what the streams say ------------------------------------------------------------

// Hands the record to everybody who is due, each in its form.
static void fan_out(struct server_publisher *publisher, int stream,
                    const struct protocol_record *record)
{
    struct server_stream_feed *channel = &publisher->channels[stream];
    for (int i = 0; i < channel->reader_count; i++) {
        struct server_subscription *subscription = channel->readers[i];
        if (!server_subscription_due(subscription, record->t_publish_ns)) {
            continue;
        }
        struct server_message *message = server_encodings_encode(
            &publisher->variants, subscription->variant, &publisher->pool, record, &channel->seen);
        if (message != NULL) {
            bool crowded = publisher->pool.bytes > publisher->limits.pending_bytes &&
                           subscription->policy.mode != PROTOCOL_EVERY_FRAME;
            channel->missed += !server_subscriber_record(subscription, message, crowded);
        }
    }
    server_encodings_clear(&publisher->variants);
}

void server_publisher_record(struct server_publisher *publisher, int stream,
                             struct protocol_record *record)
{
    struct server_stream_feed *channel = &publisher->channels[stream];
    channel->records++;
    channel->dropped = record->dropped;
    record->t_publish_ns = mc_clock_now_ns();
    fan_out(publisher, stream, record);
    if (record->face_count > 0) {
        channel->seen.face_count = record->face_count;
        memcpy(channel->seen.faces, record->faces,
               (size_t)record->face_count * sizeof record->faces[0]);
    }
    update_pressure(publisher, stream);
}

void server_publisher_state(struct server_publisher *publisher, int stream, const char *state,
                            const char *reason)
{
    struct server_stream_feed *channel = &publisher->channels[stream];
    struct protocol_state *known = &channel->state;
    snprintf(known->state, sizeof known->state, "%s", state);
    snprintf(known->reason, sizeof known->reason, "%s", reason);
    for (int i = 0; i < channel->reader_count; i++) {
        server_publisher_send_state(publisher, channel->readers[i]->subscriber, stream);
    }
}

void server_publisher_end(struct server_publisher *publisher, int stream)
{
    struct server_stream_feed *channel = &publisher->channels[stream];
    channel->ended = true;
    for (int i = 0; i < channel->reader_count; i++) {
        server_publisher_send_end(publisher, channel->readers[i]->subscriber, stream);
    }
}

// ---- life ------------------------------------------------------------------------------

static void fill_hello(struct server_publisher *publisher,
                       const struct server_publisher_options *options)
{
    struct protocol_hello *hello = &publisher->hello;
    hello->major = PROTOCOL_MAJOR;
    hello->minor = PROTOCOL_MINOR;
    hello->encodings = 1u << PROTOCOL_JSON | 1u << PROTOCOL_CBOR;
    snprintf(hello->server, sizeof hello->server, "%s", options->server);
    // Another one after each start: the time of the start will do.
    snprintf(hello->boot_id, sizeof hello->boot_id, "%016" PRIx64, (uint64_t)publisher->start_ns);
    hello->stream_count = options->stream_count;
    for (int i = 0; i < options->stream_count; i++) {
        memcpy(hello->streams[i], options->streams[i], PROTOCOL_NAME_BYTES);
        struct protocol_state *state = &publisher->channels[i].state;
        memcpy(state->stream, options->streams[i], PROTOCOL_NAME_BYTES);
        snprintf(state->state, sizeof state->state, "connecting");
    }
}

struct server_publisher *server_publisher_create(uv_loop_t *loop,
                                                 const struct server_publisher_options *options,
                                                 const struct server_publisher_callbacks *callbacks,
                                                 struct mc_error *err)
{
    struct server_publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher != NULL) {
        publisher->channels = calloc((size_t)options->stream_count, sizeof *publisher->channels);
    }
    if (publisher == NULL || publisher->channels == NULL) {
        free(publisher);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the publisher");
        return NULL;
    }
    publisher->loop = loop;
    publisher->callbacks = *callbacks;
    publisher->channel_count = options->stream_count;
    publisher->workers = options->workers;
    publisher->every_frame = options->every_frame;
    publisher->limits = options->limits;
    publisher->start_ns = mc_clock_now_ns();
    fill_hello(publisher, options);
    server_rate_limit_init(&publisher->pace, loop, on_resume, publisher);
    uv_timer_init(loop, &publisher->check);
    publisher->check.data = publisher;
    uv_timer_start(&publisher->check, on_check, SERVER_CHECK_MS, 0);
    return publisher;
}

void server_publisher_finish(struct server_publisher *publisher)
{
    publisher->finishing = true;
    publisher->finishing_ms = uv_now(publisher->loop);
    struct server_subscriber *next;
    for (struct server_subscriber *s = publisher->first; s != NULL; s = next) {
        next = s->next;
        server_subscriber_finish(s);
    }
    finish_if_done(publisher);
}

void server_publisher_destroy(struct server_publisher *publisher)
{
    if (publisher != NULL) {
        server_message_pool_finish(&publisher->pool);
        for (int i = 0; i < publisher->channel_count; i++) {
            server_stream_feed_finish(&publisher->channels[i]);
        }
        free(publisher->channels);
        free(publisher);
    }
}
