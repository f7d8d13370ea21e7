#include "server/publisher.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/json.h"
#include "protocol/record.h"
#include "server/message.h"
#include "server/subscriber.h"

enum {
    CHECK_MS = 1000,
    STUCK_MS = 30000,       // a write that makes no progress closes its connection
    STUCK_FINISH_MS = 3000, // the same while finishing
    FINISH_CHECKS_MAX = 60, // after so many seconds nobody is waited for any more
    HIGH_WATER = 64,        // waiting records of one reader that hold a stream
    LOW_WATER = 16,         // and let it go on
};

// A stream as subscribers know it.
struct channel {
    struct protocol_state state;
    uint64_t records, dropped;
    bool ended, held;
};

struct server_publisher {
    uv_loop_t *loop;
    struct server_publisher_callbacks callbacks;
    struct protocol_hello hello;
    int workers;
    bool every_frame, finishing;
    int finish_checks;        // seconds since finishing began
    struct channel *channels; // one for each stream
    int channel_count;
    struct server_subscriber *first; // list
    int connection_count;
    unsigned long accepted; // in all
    struct server_message_pool pool;
    uv_timer_t check;
    int64_t start_ns;
};

// ---- messages ------------------------------------------------------------------

static struct server_message *message_begin(struct server_publisher *publisher)
{
    struct server_message *message = server_message_acquire(&publisher->pool);
    if (message == NULL) {
        mc_log(MC_LOG_ERROR, "no memory for a message");
    }
    return message;
}

// False, with a log line, when the message could not be encoded.
static bool message_is_whole(const struct server_message *message)
{
    if (message->buffer.failed) {
        mc_log(MC_LOG_ERROR, "a message did not fit into %d bytes", PROTOCOL_MESSAGE_BYTES);
        return false;
    }
    return true;
}

// Sends it to one connection, and lets go of it.
static void reply(struct server_subscriber *subscriber, struct server_message *message)
{
    if (message_is_whole(message)) {
        server_subscriber_reply(subscriber, message);
    }
    server_message_release(message);
}

static void reply_error(struct server_publisher *publisher, struct server_subscriber *subscriber,
                        const struct protocol_error *error)
{
    struct server_message *message = message_begin(publisher);
    if (message != NULL) {
        protocol_json_error(&message->buffer, error);
        reply(subscriber, message);
    }
}

// ---- requests --------------------------------------------------------------------

static int find_stream(const struct server_publisher *publisher, const char *name)
{
    for (int i = 0; i < publisher->channel_count; i++) {
        if (strcmp(publisher->hello.streams[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool is_subscribed(const struct server_subscriber *subscriber)
{
    for (int i = 0; i < subscriber->stream_count; i++) {
        if (subscriber->subscriptions[i].active) {
            return true;
        }
    }
    return false;
}

static int count_subscribed(const struct server_publisher *publisher, int stream)
{
    int count = 0;
    for (const struct server_subscriber *s = publisher->first; s != NULL; s = s->next) {
        count += stream < 0 ? is_subscribed(s) : s->subscriptions[stream].active;
    }
    return count;
}

static void send_state(struct server_publisher *publisher, struct server_subscriber *subscriber,
                       int stream)
{
    struct server_message *message = message_begin(publisher);
    if (message != NULL) {
        protocol_json_state(&message->buffer, &publisher->channels[stream].state);
        if (message_is_whole(message)) {
            server_subscriber_state(subscriber, stream, message);
        }
        server_message_release(message);
    }
}

static struct server_message *end_message(struct server_publisher *publisher, int stream)
{
    const struct channel *channel = &publisher->channels[stream];
    struct server_message *message = message_begin(publisher);
    if (message != NULL) {
        struct protocol_end end = { .records = channel->records };
        memcpy(end.stream, channel->state.stream, sizeof end.stream);
        memcpy(end.state, channel->state.state, sizeof end.state);
        memcpy(end.reason, channel->state.reason, sizeof end.reason);
        protocol_json_end(&message->buffer, &end);
        if (!message_is_whole(message)) {
            server_message_release(message);
            return NULL;
        }
    }
    return message;
}

static void send_end(struct server_publisher *publisher, struct server_subscriber *subscriber,
                     int stream)
{
    struct server_message *message = end_message(publisher, stream);
    if (message != NULL) {
        server_subscriber_end(subscriber, stream, message);
        server_message_release(message);
    }
}

static void set_subscription(struct server_publisher *publisher,
                             struct server_subscriber *subscriber,
                             const struct protocol_request *request, bool active)
{
    struct protocol_subscribed granted = { .id = request->id,
                                           .every_frame = publisher->every_frame };
    for (int i = 0; i < publisher->channel_count; i++) {
        if (request->stream[0] == '\0' ||
            strcmp(request->stream, publisher->hello.streams[i]) == 0) {
            memcpy(granted.streams[granted.stream_count++], publisher->hello.streams[i],
                   PROTOCOL_NAME_BYTES);
        }
    }
    struct server_message *message = message_begin(publisher);
    if (message == NULL) {
        return;
    }
    if (active) {
        protocol_json_subscribed(&message->buffer, &granted);
    } else {
        protocol_json_unsubscribed(&message->buffer, &granted);
    }
    reply(subscriber, message);
    for (int i = 0; i < granted.stream_count; i++) {
        int stream = find_stream(publisher, granted.streams[i]);
        subscriber->subscriptions[stream].active = active;
        if (active) {
            send_state(publisher, subscriber, stream);
        }
        if (active && publisher->channels[stream].ended) {
            send_end(publisher, subscriber, stream);
        }
    }
    publisher->callbacks.on_subscribed(publisher->callbacks.user, count_subscribed(publisher, -1));
}

static void send_status(struct server_publisher *publisher, struct server_subscriber *subscriber,
                        struct protocol_id id)
{
    struct protocol_status *status = calloc(1, sizeof *status);
    struct server_message *message = message_begin(publisher);
    if (status != NULL && message != NULL) {
        status->id = id;
        status->uptime_s = (double)(mc_clock_now_ns() - publisher->start_ns) / 1e9;
        status->connections = publisher->connection_count;
        status->workers = publisher->workers;
        status->missed = subscriber->missed_count;
        status->stream_count = publisher->channel_count;
        for (int i = 0; i < publisher->channel_count; i++) {
            const struct channel *channel = &publisher->channels[i];
            struct protocol_stream_status *stream = &status->streams[i];
            memcpy(stream->stream, channel->state.stream, sizeof stream->stream);
            memcpy(stream->state, channel->state.state, sizeof stream->state);
            memcpy(stream->reason, channel->state.reason, sizeof stream->reason);
            stream->records = channel->records;
            stream->dropped = channel->dropped;
            stream->subscribers = count_subscribed(publisher, i);
        }
        protocol_json_status(&message->buffer, status);
        reply(subscriber, message);
    } else {
        server_message_release(message);
    }
    free(status);
}

static void send_pong(struct server_publisher *publisher, struct server_subscriber *subscriber,
                      struct protocol_id id)
{
    struct server_message *message = message_begin(publisher);
    if (message != NULL) {
        protocol_json_pong(&message->buffer, id);
        reply(subscriber, message);
    }
}

// Those who read can't change what the others get: only the daemon's own user and
// root may, as the kernel tells who is at the other end.
static bool may_change(const struct server_subscriber *subscriber)
{
    return subscriber->peer_uid == 0 ||
           (subscriber->peer_uid > 0 && (uid_t)subscriber->peer_uid == geteuid());
}

static void calibrate(struct server_publisher *publisher, struct server_subscriber *subscriber,
                      const struct protocol_request *request)
{
    int stream = find_stream(publisher, request->stream);
    struct server_subscription *subscription = &subscriber->subscriptions[stream];
    struct protocol_error error = { .id = request->id, .code = PROTOCOL_ERROR_FORBIDDEN };
    if (publisher->callbacks.on_calibrate == NULL) {
        error.code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error.message, sizeof error.message, "there is no camera here to calibrate for");
    } else if (!may_change(subscriber)) {
        snprintf(error.message, sizeof error.message,
                 "calibrate is for root and the user that runs the daemon, not for uid %d",
                 subscriber->peer_uid);
    } else if (subscription->calibrating) {
        error.code = PROTOCOL_ERROR_BAD_REQUEST;
        snprintf(error.message, sizeof error.message, "%s is being calibrated for you already",
                 request->stream);
    } else {
        subscription->calibrating = true;
        subscription->calibrate_id = request->id;
        publisher->callbacks.on_calibrate(publisher->callbacks.user, stream);
        return;
    }
    reply_error(publisher, subscriber, &error);
}

static void reply_calibrated(struct server_publisher *publisher,
                             struct server_subscriber *subscriber, int stream, int faces)
{
    struct server_subscription *subscription = &subscriber->subscriptions[stream];
    const char *name = publisher->hello.streams[stream];
    subscription->calibrating = false;
    if (faces == 0) {
        struct protocol_error error = { .id = subscription->calibrate_id,
                                        .code = PROTOCOL_ERROR_NO_FACE };
        snprintf(error.message, sizeof error.message,
                 "no face looked at the camera of %s for long enough", name);
        reply_error(publisher, subscriber, &error);
        return;
    }
    struct protocol_calibrated done = { .id = subscription->calibrate_id, .faces = faces };
    memcpy(done.stream, name, sizeof done.stream);
    struct server_message *message = message_begin(publisher);
    if (message != NULL) {
        protocol_json_calibrated(&message->buffer, &done);
        reply(subscriber, message);
    }
}

static void on_request(void *user, struct server_subscriber *subscriber, const char *line,
                       size_t length)
{
    struct server_publisher *publisher = user;
    struct protocol_request request;
    struct protocol_error error = { .code = PROTOCOL_ERROR_TOO_LONG };
    if (line == NULL) {
        snprintf(error.message, sizeof error.message, "a request wants at most %d bytes in a line",
                 PROTOCOL_REQUEST_BYTES);
        reply_error(publisher, subscriber, &error);
        return;
    }
    if (!protocol_json_parse_request(line, length, &request, &error)) {
        reply_error(publisher, subscriber, &error);
        return;
    }
    if (request.stream[0] != '\0' && find_stream(publisher, request.stream) < 0) {
        error = (struct protocol_error){ .id = request.id, .code = PROTOCOL_ERROR_UNKNOWN_STREAM };
        snprintf(error.message, sizeof error.message,
                 "no stream '%s' here: hello lists those there are", request.stream);
        reply_error(publisher, subscriber, &error);
        return;
    }
    switch (request.type) {
    case PROTOCOL_SUBSCRIBE:
    case PROTOCOL_UNSUBSCRIBE:
        set_subscription(publisher, subscriber, &request, request.type == PROTOCOL_SUBSCRIBE);
        break;
    case PROTOCOL_STATUS:
        send_status(publisher, subscriber, request.id);
        break;
    case PROTOCOL_PING:
        send_pong(publisher, subscriber, request.id);
        break;
    case PROTOCOL_CALIBRATE:
        calibrate(publisher, subscriber, &request);
        break;
    }
}

// ---- pressure ----------------------------------------------------------------------

static int most_waiting(const struct server_publisher *publisher, int stream)
{
    int most = 0;
    for (const struct server_subscriber *s = publisher->first; s != NULL; s = s->next) {
        int waiting = s->subscriptions[stream].waiting;
        most = waiting > most ? waiting : most;
    }
    return most;
}

static void update_pressure(struct server_publisher *publisher, int stream)
{
    struct channel *channel = &publisher->channels[stream];
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
        publisher->callbacks.on_finished(publisher->callbacks.user);
    }
}

static void on_closed(void *user, struct server_subscriber *subscriber)
{
    struct server_publisher *publisher = user;
    *(subscriber->previous == NULL ? &publisher->first : &subscriber->previous->next) =
        subscriber->next;
    if (subscriber->next != NULL) {
        subscriber->next->previous = subscriber->previous;
    }
    publisher->connection_count--;
    mc_log(MC_LOG_INFO,
           "connection %lu (pid %d) closed: %s; %" PRIu64 " records sent, %" PRIu64 " missed",
           subscriber->number, subscriber->peer_pid, subscriber->close_reason,
           subscriber->sent_count, subscriber->missed_count);
    update_pressures(publisher);
    finish_if_done(publisher);
}

static void greet(struct server_publisher *publisher, struct server_subscriber *subscriber)
{
    struct server_message *message = message_begin(publisher);
    if (message == NULL) {
        server_subscriber_close(subscriber, "no memory for its greeting");
        return;
    }
    protocol_json_hello(&message->buffer, &publisher->hello);
    reply(subscriber, message);
    if (publisher->connection_count > SERVER_CONNECTIONS_MAX) {
        struct protocol_error error = { .code = PROTOCOL_ERROR_TOO_MANY };
        snprintf(error.message, sizeof error.message, "there are %d connections already",
                 SERVER_CONNECTIONS_MAX);
        reply_error(publisher, subscriber, &error);
        server_subscriber_finish(subscriber);
    }
}

void server_publisher_accept(struct server_publisher *publisher, uv_stream_t *listener)
{
    static struct mc_log_limit limit;
    const struct server_subscriber_callbacks callbacks = { on_request, on_sent, on_closed,
                                                           publisher };
    struct mc_error err = { 0 };
    struct server_subscriber *subscriber = server_subscriber_accept(
        listener, publisher->channel_count, publisher->every_frame, &callbacks, &err);
    if (subscriber == NULL) {
        unsigned skipped;
        if (mc_log_limit_pass(&limit, MC_NS_PER_SECOND, &skipped)) {
            mc_log(MC_LOG_WARNING, "a connection failed: %s", err.message);
        }
        return;
    }
    subscriber->number = ++publisher->accepted;
    subscriber->next = publisher->first;
    if (publisher->first != NULL) {
        publisher->first->previous = subscriber;
    }
    publisher->first = subscriber;
    publisher->connection_count++;
    mc_log(MC_LOG_INFO, "connection %lu from pid %d, uid %d", subscriber->number,
           subscriber->peer_pid, subscriber->peer_uid);
    greet(publisher, subscriber);
}

static void on_check(uv_timer_t *timer)
{
    struct server_publisher *publisher = timer->data;
    struct server_subscriber *next;
    publisher->finish_checks += publisher->finishing;
    for (struct server_subscriber *s = publisher->first; s != NULL; s = next) {
        next = s->next;
        if (publisher->finish_checks > FINISH_CHECKS_MAX) {
            server_subscriber_close(s, "it reads too slowly");
        } else {
            server_subscriber_check(s, publisher->finishing ? STUCK_FINISH_MS : STUCK_MS);
        }
    }
}

// ---- what the streams say ------------------------------------------------------------

void server_publisher_record(struct server_publisher *publisher, int stream,
                             struct protocol_record *record)
{
    struct channel *channel = &publisher->channels[stream];
    channel->records++;
    channel->dropped = record->dropped;
    record->t_publish_ns = mc_clock_now_ns();
    if (count_subscribed(publisher, stream) == 0) {
        return;
    }
    struct server_message *message = message_begin(publisher);
    if (message == NULL) {
        return;
    }
    protocol_json_record(&message->buffer, record);
    struct server_subscriber *next;
    for (struct server_subscriber *s = publisher->first; s != NULL && message_is_whole(message);
         s = next) {
        next = s->next;
        if (s->subscriptions[stream].active) {
            server_subscriber_record(s, stream, message);
        }
    }
    server_message_release(message);
    update_pressure(publisher, stream);
}

void server_publisher_state(struct server_publisher *publisher, int stream, const char *state,
                            const char *reason)
{
    struct protocol_state *known = &publisher->channels[stream].state;
    snprintf(known->state, sizeof known->state, "%s", state);
    snprintf(known->reason, sizeof known->reason, "%s", reason);
    for (struct server_subscriber *s = publisher->first; s != NULL; s = s->next) {
        if (s->subscriptions[stream].active) {
            send_state(publisher, s, stream);
        }
    }
}

void server_publisher_end(struct server_publisher *publisher, int stream)
{
    publisher->channels[stream].ended = true;
    for (struct server_subscriber *s = publisher->first; s != NULL; s = s->next) {
        if (s->subscriptions[stream].active) {
            send_end(publisher, s, stream);
        }
    }
}

void server_publisher_calibrated(struct server_publisher *publisher, int stream, int faces)
{
    struct server_subscriber *next;
    for (struct server_subscriber *s = publisher->first; s != NULL; s = next) {
        next = s->next;
        if (s->subscriptions[stream].calibrating) {
            reply_calibrated(publisher, s, stream, faces);
        }
    }
}

// ---- life ------------------------------------------------------------------------------

static void fill_hello(struct server_publisher *publisher,
                       const struct server_publisher_options *options)
{
    struct protocol_hello *hello = &publisher->hello;
    hello->major = PROTOCOL_MAJOR;
    hello->minor = PROTOCOL_MINOR;
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
    publisher->start_ns = mc_clock_now_ns();
    fill_hello(publisher, options);
    uv_timer_init(loop, &publisher->check);
    publisher->check.data = publisher;
    uv_timer_start(&publisher->check, on_check, CHECK_MS, CHECK_MS);
    return publisher;
}

void server_publisher_finish(struct server_publisher *publisher)
{
    publisher->finishing = true;
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
        free(publisher->channels);
        free(publisher);
    }
}
