// The publisher's answers to requests.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/encode.h"
#include "protocol/request.h"
#include "server/publisher_internal.h"

// Sends it to one connection, and lets go of it.
static void reply(struct server_subscriber *subscriber, struct server_message *message)
{
    if (server_message_seal(message)) {
        server_subscriber_reply(subscriber, message);
    }
    server_message_release(message);
}

void server_publisher_send_error(struct server_publisher *publisher,
                                 struct server_subscriber *subscriber,
                                 const struct protocol_error *error)
{
    struct server_message *message = server_message_acquire(&publisher->pool, subscriber->encoding);
    if (message != NULL) {
        protocol_encode_error(&message->buffer, message->encoding, error);
        reply(subscriber, message);
    }
}

void server_publisher_send_state(struct server_publisher *publisher,
                                 struct server_subscriber *subscriber, int stream)
{
    struct server_message *message = server_message_acquire(&publisher->pool, subscriber->encoding);
    if (message != NULL) {
        protocol_encode_state(&message->buffer, message->encoding,
                              &publisher->channels[stream].state);
        if (server_message_seal(message)) {
            server_subscriber_state(subscriber, stream, message);
        }
        server_message_release(message);
    }
}

void server_publisher_send_end(struct server_publisher *publisher,
                               struct server_subscriber *subscriber, int stream)
{
    const struct server_stream_feed *channel = &publisher->channels[stream];
    struct server_message *message = server_message_acquire(&publisher->pool, subscriber->encoding);
    if (message != NULL) {
        struct protocol_end end = { .records = channel->records };
        memcpy(end.stream, channel->state.stream, sizeof end.stream);
        memcpy(end.state, channel->state.state, sizeof end.state);
        memcpy(end.reason, channel->state.reason, sizeof end.reason);
        protocol_encode_end(&message->buffer, message->encoding, &end);
        if (server_message_seal(message)) {
            server_subscriber_end(subscriber, stream, message);
        }
        server_message_release(message);
    }
}

// ---- subscriptions

int server_publisher_count(const struct server_publisher *publisher, int stream)
{
    return stream < 0 ? publisher->subscribed_count : publisher->channels[stream].reader_count;
}

static void drop(struct server_publisher *publisher, struct server_subscriber *subscriber,
                 int stream)
{
    struct server_subscription *subscription = &subscriber->subscriptions[stream];
    if (subscription->active) {
        server_subscriber_purge(subscriber, stream);
        server_encodings_release(&publisher->variants, subscription->variant);
        server_stream_feed_remove(&publisher->channels[stream], subscription);
        subscription->active = false;
        subscription->missed = 0;
        publisher->subscribed_count -= --subscriber->active_count == 0;
    }
}

void server_publisher_drop_subscriptions(struct server_publisher *publisher,
                                         struct server_subscriber *subscriber)
{
    for (int i = 0; i < subscriber->stream_count; i++) {
        drop(publisher, subscriber, i);
    }
}

// The streams that a request names: their numbers and their names.
static int named_streams(const struct server_publisher *publisher,
                         const struct protocol_request *request, struct protocol_subscribed *named,
                         int *numbers)
{
    for (int i = 0; i < publisher->channel_count; i++) {
        const char *name = publisher->hello.streams[i];
        if (request->stream[0] == '\0' || strcmp(request->stream, name) == 0) {
            numbers[named->stream_count] = i;
            memcpy(named->streams[named->stream_count++], name, PROTOCOL_NAME_BYTES);
        }
    }
    return named->stream_count;
}

// Sets what the connection's other subscriptions are encoded in, too. Records that wait
// in the old encoding would come after the reply: they are missed.
static void change_encoding(struct server_publisher *publisher,
                            struct server_subscriber *subscriber, enum protocol_encoding encoding)
{
    for (int i = 0; i < subscriber->stream_count; i++) {
        struct server_subscription *subscription = &subscriber->subscriptions[i];
        if (subscription->active) {
            server_subscriber_purge(subscriber, i);
            server_encodings_release(&publisher->variants, subscription->variant);
            subscription->policy.encoding = encoding;
            subscription->variant =
                server_encodings_acquire(&publisher->variants, &subscription->policy);
        }
    }
    subscriber->encoding = encoding;
}

// What is granted of what was asked for.
static struct protocol_policy grant(const struct server_publisher *publisher,
                                    const struct server_subscriber *subscriber,
                                    const struct protocol_request *request)
{
    struct protocol_policy policy = request->policy;
    if (!request->encoding_given) {
        policy.encoding = subscriber->encoding;
    }
    if (!request->mode_given) {
        policy.mode = publisher->every_frame ? PROTOCOL_EVERY_FRAME : PROTOCOL_LATEST;
    }
    return policy;
}

static void activate(struct server_publisher *publisher, struct server_subscriber *subscriber,
                     int stream, struct protocol_policy *policy)
{
    struct server_subscription *subscription = &subscriber->subscriptions[stream];
    if (subscription->active) { // changed: the count of those missed goes on
        server_subscriber_purge(subscriber, stream);
        server_encodings_release(&publisher->variants, subscription->variant);
    } else if (server_stream_feed_add(&publisher->channels[stream], subscription)) {
        publisher->subscribed_count += subscriber->active_count++ == 0;
    } else {
        server_subscriber_close(subscriber, "no memory for its subscription");
        return;
    }
    subscription->variant = server_encodings_acquire(&publisher->variants, policy);
    subscription->policy = *policy;
    subscription->due_ns = 0;
    subscription->active = true;
}

static void send_subscribed(struct server_publisher *publisher,
                            struct server_subscriber *subscriber, enum protocol_encoding encoding,
                            const struct protocol_subscribed *granted)
{
    struct server_message *message = server_message_acquire(&publisher->pool, encoding);
    if (message != NULL) {
        protocol_encode_subscribed(&message->buffer, encoding, granted);
        reply(subscriber, message);
    }
}

static void subscribe(struct server_publisher *publisher, struct server_subscriber *subscriber,
                      const struct protocol_request *request)
{
    struct protocol_subscribed granted = { .id = request->id };
    int numbers[PROTOCOL_STREAMS_MAX];
    int count = named_streams(publisher, request, &granted, numbers);
    const enum protocol_encoding before = subscriber->encoding;
    granted.policy = grant(publisher, subscriber, request);
    if (granted.policy.encoding != before) {
        change_encoding(publisher, subscriber, granted.policy.encoding);
    }
    if (granted.policy.label[0] != '\0') {
        memcpy(subscriber->label, granted.policy.label, sizeof subscriber->label);
    }
    for (int i = 0; i < count; i++) {
        activate(publisher, subscriber, numbers[i], &granted.policy);
    }
    send_subscribed(publisher, subscriber, before, &granted);
    for (int i = 0; i < count; i++) {
        server_publisher_send_state(publisher, subscriber, numbers[i]);
        if (publisher->channels[numbers[i]].ended) {
            server_publisher_send_end(publisher, subscriber, numbers[i]);
        }
    }
    server_publisher_log(publisher, subscriber, "subscribes to %s as %s, %s",
                         request->stream[0] == '\0' ? "all streams" : request->stream,
                         protocol_encoding_name(granted.policy.encoding),
                         protocol_mode_name(granted.policy.mode));
    publisher->callbacks.on_subscribed(publisher->callbacks.user,
                                       server_publisher_count(publisher, -1));
}

static void unsubscribe(struct server_publisher *publisher, struct server_subscriber *subscriber,
                        const struct protocol_request *request)
{
    struct protocol_subscribed left = { .id = request->id };
    int numbers[PROTOCOL_STREAMS_MAX];
    int count = named_streams(publisher, request, &left, numbers);
    for (int i = 0; i < count; i++) {
        drop(publisher, subscriber, numbers[i]);
    }
    struct server_message *message = server_message_acquire(&publisher->pool, subscriber->encoding);
    if (message != NULL) {
        protocol_encode_unsubscribed(&message->buffer, message->encoding, &left);
        reply(subscriber, message);
    }
    publisher->callbacks.on_subscribed(publisher->callbacks.user,
                                       server_publisher_count(publisher, -1));
}

// ---- the others

void server_publisher_status(const struct server_publisher *publisher,
                             struct protocol_status *status)
{
    status->uptime_s = (double)(mc_clock_now_ns() - publisher->start_ns) / 1e9;
    status->connections = publisher->connection_count;
    status->workers = publisher->workers;
    status->stream_count = publisher->channel_count;
    for (int i = 0; i < publisher->channel_count; i++) {
        const struct server_stream_feed *channel = &publisher->channels[i];
        struct protocol_stream_status *stream = &status->streams[i];
        memcpy(stream->stream, channel->state.stream, sizeof stream->stream);
        memcpy(stream->state, channel->state.state, sizeof stream->state);
        memcpy(stream->reason, channel->state.reason, sizeof stream->reason);
        stream->records = channel->records;
        stream->dropped = channel->dropped;
        stream->drops.subscriber = channel->missed;
        stream->subscribers = server_publisher_count(publisher, i);
        if (publisher->callbacks.on_status != NULL) {
            publisher->callbacks.on_status(publisher->callbacks.user, i, stream);
        }
    }
}

static void send_status(struct server_publisher *publisher, struct server_subscriber *subscriber,
                        struct protocol_id id)
{
    struct protocol_status *status = calloc(1, sizeof *status);
    struct server_message *message = server_message_acquire(&publisher->pool, subscriber->encoding);
    if (status != NULL && message != NULL) {
        server_publisher_status(publisher, status);
        status->id = id;
        status->missed = server_subscriber_missed(subscriber);
        protocol_encode_status(&message->buffer, message->encoding, status);
        reply(subscriber, message);
    } else {
        server_message_release(message);
    }
    free(status);
}

static void send_pong(struct server_publisher *publisher, struct server_subscriber *subscriber,
                      struct protocol_id id)
{
    struct server_message *message = server_message_acquire(&publisher->pool, subscriber->encoding);
    if (message != NULL) {
        protocol_encode_pong(&message->buffer, message->encoding, id);
        reply(subscriber, message);
    }
}

static int find_stream(const struct server_publisher *publisher, const char *name)
{
    for (int i = 0; i < publisher->channel_count; i++) {
        if (strcmp(publisher->hello.streams[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

int server_publisher_connections(const struct server_publisher *publisher,
                                 struct server_connection *connections, int count)
{
    int filled = 0;
    const struct server_subscriber *s = publisher->last;
    for (; s != NULL && filled < count; s = s->previous) {
        connections[filled++] = (struct server_connection){ s->number, s->peer_pid, s->sent_count,
                                                            server_subscriber_missed(s) };
    }
    return filled;
}

// The text, ended by a NUL, as a message; without one when there is too much of it.
static bool send_text(struct server_publisher *publisher, struct server_subscriber *subscriber,
                      struct protocol_id id, const char *text)
{
    struct server_message *message = server_message_acquire(&publisher->pool, subscriber->encoding);
    if (message == NULL) {
        return false;
    }
    protocol_encode_metrics(&message->buffer, message->encoding, id, text);
    bool fits = !message->buffer.failed;
    if (fits) {
        reply(subscriber, message);
    } else {
        server_message_release(message);
    }
    return fits;
}

static void send_metrics(struct server_publisher *publisher, struct server_subscriber *subscriber,
                         const struct protocol_request *request)
{
    int stream = request->stream[0] == '\0' ? -1 : find_stream(publisher, request->stream);
    struct protocol_buffer text;
    protocol_buffer_init(&text, PROTOCOL_MESSAGE_BYTES);
    publisher->callbacks.on_metrics(publisher->callbacks.user, stream, &text);
    protocol_buffer_bytes(&text, "", 1);
    if (text.failed || !send_text(publisher, subscriber, request->id, text.data)) {
        struct protocol_error error = { .id = request->id, .code = PROTOCOL_ERROR_UNSUPPORTED };
        snprintf(error.message, sizeof error.message,
                 "the metrics of all streams are too long for a message: ask for one stream");
        server_publisher_send_error(publisher, subscriber, &error);
    }
    protocol_buffer_finish(&text);
}

// ---- calibration

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
    server_publisher_send_error(publisher, subscriber, &error);
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
        server_publisher_send_error(publisher, subscriber, &error);
        return;
    }
    struct protocol_calibrated done = { .id = subscription->calibrate_id, .faces = faces };
    memcpy(done.stream, name, sizeof done.stream);
    struct server_message *message = server_message_acquire(&publisher->pool, subscriber->encoding);
    if (message != NULL) {
        protocol_encode_calibrated(&message->buffer, message->encoding, &done);
        reply(subscriber, message);
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

// ---- any request

// What the request's form does not tell: whether it can be done here.
static bool possible(const struct server_publisher *publisher,
                     const struct protocol_request *request, struct protocol_error *error)
{
    error->id = request->id;
    if (request->stream[0] != '\0' && find_stream(publisher, request->stream) < 0) {
        error->code = PROTOCOL_ERROR_UNKNOWN_STREAM;
        snprintf(error->message, sizeof error->message,
                 "no stream '%s' here: hello lists those there are", request->stream);
        return false;
    }
    if (request->type == PROTOCOL_METRICS && publisher->callbacks.on_metrics == NULL) {
        error->code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error->message, sizeof error->message, "there are no metrics here");
        return false;
    }
    if (request->mode_given && request->policy.mode == PROTOCOL_EVERY_FRAME &&
        !publisher->every_frame) {
        error->code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error->message, sizeof error->message,
                 "mode 'every-frame': wants mocapd --every-frame; a queue is possible");
        return false;
    }
    return true;
}

static bool parse(const char *line, size_t length, struct protocol_request *request,
                  struct protocol_error *error)
{
    if (line == NULL) {
        *error = (struct protocol_error){ .code = PROTOCOL_ERROR_TOO_LONG };
        snprintf(error->message, sizeof error->message,
                 "a request wants at most %d bytes in a line", PROTOCOL_REQUEST_BYTES);
        return false;
    }
    return protocol_request_parse(line, length, request, error);
}

void server_publisher_answer(struct server_publisher *publisher,
                             struct server_subscriber *subscriber, const char *line, size_t length)
{
    struct protocol_request request;
    struct protocol_error error;
    if (!parse(line, length, &request, &error) || !possible(publisher, &request, &error)) {
        server_publisher_send_error(publisher, subscriber, &error);
        if (error.code == PROTOCOL_ERROR_WRONG_VERSION) {
            server_subscriber_finish(subscriber);
        }
        return;
    }
    subscriber->asked = true;
    switch (request.type) {
    case PROTOCOL_SUBSCRIBE:
        subscribe(publisher, subscriber, &request);
        break;
    case PROTOCOL_UNSUBSCRIBE:
        unsubscribe(publisher, subscriber, &request);
        break;
    case PROTOCOL_STATUS:
        send_status(publisher, subscriber, request.id);
        break;
    case PROTOCOL_PING:
        send_pong(publisher, subscriber, request.id);
        break;
    case PROTOCOL_METRICS:
        send_metrics(publisher, subscriber, &request);
        break;
    case PROTOCOL_CALIBRATE:
        calibrate(publisher, subscriber, &request);
        break;
    }
}
