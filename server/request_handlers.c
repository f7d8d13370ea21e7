#include "server/request_handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggestion.h"
#include "protocol/encode.h"
#include "protocol/request.h"
#include "protocol/stream_change.h"
#include "server/calibration_requests.h"
#include "server/publisher.h"
#include "server/reply.h"

// ---- subscriptions

// Lists the streams that a request names: their indices and their names.
static int named_streams(const struct server_stream_feeds *feeds,
                         const struct protocol_request *request, struct protocol_subscribed *named,
                         int *indices)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        const char *name = feeds->feeds[i].state.stream;
        if (!feeds->feeds[i].used) {
            continue;
        }
        if (request->stream[0] == '\0' || strcmp(request->stream, name) == 0) {
            indices[named->stream_count] = i;
            memcpy(named->streams[named->stream_count++], name, PROTOCOL_NAME_BYTES);
        }
    }
    return named->stream_count;
}

static struct protocol_policy grant(const struct server_request_handlers *handlers,
                                    const struct server_subscriber *subscriber,
                                    const struct protocol_request *request)
{
    struct protocol_policy policy = request->policy;
    if (!request->encoding_given) {
        policy.encoding = subscriber->encoding;
    }
    if (!request->mode_given) {
        policy.mode = handlers->feeds->every_frame ? PROTOCOL_EVERY_FRAME : PROTOCOL_LATEST;
    }
    return policy;
}

static void send_subscribed(const struct server_request_handlers *handlers,
                            struct server_subscriber *subscriber, enum protocol_encoding encoding,
                            const struct protocol_subscribed *granted)
{
    struct server_reply reply;
    server_reply_begin_as(&reply, &handlers->feeds->pool, subscriber, encoding);
    protocol_encode_subscribed(reply.buffer, encoding, granted);
    server_reply_end(&reply);
}

static void subscribe(const struct server_request_handlers *handlers,
                      struct server_subscriber *subscriber, const struct protocol_request *request)
{
    struct server_stream_feeds *feeds = handlers->feeds;
    struct protocol_subscribed granted = { .id = request->id };
    int indices[PROTOCOL_STREAMS_MAX];
    int count = named_streams(feeds, request, &granted, indices);
    const enum protocol_encoding before = subscriber->encoding;
    granted.policy = grant(handlers, subscriber, request);
    const bool is_own = request->stream[0] != '\0';
    if (!is_own) {
        server_subscriber_follow_all(subscriber, &granted.policy);
    }
    if (granted.policy.encoding != before) {
        server_stream_feeds_change_encoding(feeds, subscriber, granted.policy.encoding);
    }
    if (granted.policy.label[0] != '\0') {
        memcpy(subscriber->label, granted.policy.label, sizeof subscriber->label);
    }
    for (int i = 0; i < count; i++) {
        if (!server_stream_feeds_subscribe(feeds, subscriber, indices[i], &granted.policy)) {
            server_subscriber_close(subscriber, "out of memory for its subscription");
            return;
        }
        subscriber->subscriptions[indices[i]]->is_own = is_own;
    }
    send_subscribed(handlers, subscriber, before, &granted);
    for (int i = 0; i < count; i++) {
        subscriber->subscriptions[indices[i]]->announced = true;
        server_stream_feeds_greet(feeds, subscriber, indices[i]);
    }
    server_connection_log_write(handlers->log, subscriber, "subscribes to %s as %s, %s",
                                is_own ? request->stream : "all streams",
                                protocol_encoding_name(granted.policy.encoding),
                                protocol_mode_name(granted.policy.mode));
    handlers->on_subscribed(handlers->user);
}

static void unsubscribe(const struct server_request_handlers *handlers,
                        struct server_subscriber *subscriber,
                        const struct protocol_request *request)
{
    struct protocol_subscribed left = { .id = request->id };
    int indices[PROTOCOL_STREAMS_MAX];
    int count = named_streams(handlers->feeds, request, &left, indices);
    server_subscriber_follow_no_more(subscriber); // whoever chooses streams chooses new ones, too
    for (int i = 0; i < count; i++) {
        server_stream_feeds_unsubscribe(handlers->feeds, subscriber, indices[i]);
    }
    struct server_reply reply;
    server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
    protocol_encode_unsubscribed(reply.buffer, reply.encoding, &left);
    server_reply_end(&reply);
    handlers->on_subscribed(handlers->user);
}

// ---- status, ping, metrics

static void send_status(const struct server_request_handlers *handlers,
                        struct server_subscriber *subscriber, struct protocol_id id)
{
    struct protocol_status *status = calloc(1, sizeof *status);
    struct server_reply reply;
    if (status == NULL) {
        server_subscriber_close(subscriber, "out of memory for a reply");
        return;
    }
    handlers->on_status(handlers->user, status);
    status->id = id;
    status->missed = server_subscriber_missed(subscriber);
    server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
    protocol_encode_status(reply.buffer, reply.encoding, status);
    server_reply_end(&reply);
    free(status);
}

static void send_pong(const struct server_request_handlers *handlers,
                      struct server_subscriber *subscriber, struct protocol_id id)
{
    struct server_reply reply;
    server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
    protocol_encode_pong(reply.buffer, reply.encoding, id);
    server_reply_end(&reply);
}

static void refuse_metrics(const struct server_request_handlers *handlers,
                           struct server_subscriber *subscriber,
                           const struct protocol_request *request)
{
    const bool all = request->stream[0] == '\0';
    struct protocol_error error = { .id = request->id, .code = PROTOCOL_ERROR_UNSUPPORTED };
    snprintf(error.message, sizeof error.message, "the metrics of %s do not fit into a message%s",
             all ? "all streams" : request->stream, all ? ": ask for one stream" : "");
    server_reply_refuse(&handlers->feeds->pool, subscriber, &error);
}

// Many connections that ask and do not read would each hold a large reply.
static void refuse_large(const struct server_request_handlers *handlers,
                         struct server_subscriber *subscriber,
                         const struct protocol_request *request)
{
    static const struct protocol_error refusal = {
        .code = PROTOCOL_ERROR_TOO_MANY,
        .message = "too many connections do not read what they are sent: there is no memory for "
                   "metrics of this size now",
    };
    struct protocol_error error = refusal;
    error.id = request->id;
    server_reply_refuse(&handlers->feeds->pool, subscriber, &error);
    server_subscriber_finish(subscriber);
}

static void send_text(const struct server_request_handlers *handlers,
                      struct server_subscriber *subscriber, const struct protocol_request *request,
                      const char *text)
{
    const struct server_stream_feeds *feeds = handlers->feeds;
    struct server_reply reply;
    server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
    protocol_encode_metrics(reply.buffer, reply.encoding, request->id, text);
    const size_t bytes = reply.buffer->capacity;
    if (reply.message != NULL && reply.buffer->failed && !reply.buffer->no_memory) {
        server_reply_drop(&reply);
        refuse_metrics(handlers, subscriber, request);
    } else if (bytes > SERVER_LARGE_BYTES && feeds->pool.bytes + bytes > feeds->pending_bytes) {
        server_reply_drop(&reply);
        refuse_large(handlers, subscriber, request);
    } else {
        server_reply_end(&reply);
    }
}

static void send_metrics(const struct server_request_handlers *handlers,
                         struct server_subscriber *subscriber,
                         const struct protocol_request *request)
{
    const char *name = request->stream;
    int stream = name[0] == '\0' ? -1 : server_stream_feeds_find(handlers->feeds, name);
    struct protocol_buffer text;
    protocol_buffer_init(&text, PROTOCOL_MESSAGE_BYTES);
    handlers->callbacks->on_metrics(handlers->callbacks->user, stream, &text);
    protocol_buffer_bytes(&text, "", 1);
    if (text.no_memory) {
        server_subscriber_close(subscriber, "out of memory for a reply");
    } else if (text.failed) {
        refuse_metrics(handlers, subscriber, request);
    } else {
        send_text(handlers, subscriber, request, text.data);
    }
    protocol_buffer_finish(&text);
}

// ---- settings

static void change_settings(const struct server_request_handlers *handlers,
                            struct server_subscriber *subscriber,
                            const struct protocol_request *request)
{
    const int stream = server_stream_feeds_find(handlers->feeds, request->stream);
    struct protocol_settings settings = request->settings;
    struct protocol_error error = { .id = request->id };
    const bool changes = settings.given != 0 || settings.gains.known != 0 || settings.reset;
    if (handlers->callbacks->on_settings == NULL) {
        error.code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error.message, sizeof error.message, "this server has no settings");
    } else if (changes && !server_control_group_admits(&handlers->control_group, subscriber)) {
        server_control_group_forbid(&handlers->control_group, subscriber, "settings", &error);
    } else if (handlers->callbacks->on_settings(handlers->callbacks->user, stream, &settings,
                                                &error)) {
        settings.id = request->id;
        memcpy(settings.stream, request->stream, sizeof settings.stream);
        struct server_reply reply;
        server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
        protocol_encode_settings(reply.buffer, reply.encoding, &settings);
        server_reply_end(&reply);
        return;
    }
    server_reply_refuse(&handlers->feeds->pool, subscriber, &error);
}

// ---- streams and configuration

static void change_stream(const struct server_request_handlers *handlers,
                          struct server_subscriber *subscriber,
                          const struct protocol_request *request, const char *line, size_t length)
{
    struct protocol_stream_change change = { .id = request->id };
    struct protocol_error error = { .id = request->id };
    struct protocol_stream_changed changed = { .id = request->id };
    if (handlers->callbacks->on_stream == NULL) {
        error.code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error.message, sizeof error.message, "this server's streams are fixed");
    } else if (!server_control_group_admits(&handlers->control_group, subscriber)) {
        server_control_group_forbid(&handlers->control_group, subscriber, "stream", &error);
    } else if (protocol_stream_change_parse(line, length, &change, &error) &&
               handlers->callbacks->on_stream(handlers->callbacks->user, &change, &changed,
                                              &error)) {
        server_connection_log_write(handlers->log, subscriber, "asks to %s stream %s%s",
                                    protocol_stream_action_name(change.action), change.stream,
                                    changed.changed ? "" : ", which changes nothing");
        changed.action = change.action;
        memcpy(changed.stream, change.stream, sizeof changed.stream);
        struct server_reply reply;
        server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
        protocol_encode_stream_changed(reply.buffer, reply.encoding, &changed);
        server_reply_end(&reply);
        return;
    }
    server_reply_refuse(&handlers->feeds->pool, subscriber, &error);
}

static void reload(const struct server_request_handlers *handlers,
                   struct server_subscriber *subscriber, const struct protocol_request *request)
{
    static struct protocol_reloaded reloaded; // 12 kB
    struct protocol_error error = { .id = request->id };
    reloaded = (struct protocol_reloaded){ .id = request->id };
    if (handlers->callbacks->on_reload == NULL) {
        error.code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error.message, sizeof error.message, "this server has no configuration");
    } else if (!server_control_group_admits(&handlers->control_group, subscriber)) {
        server_control_group_forbid(&handlers->control_group, subscriber, "reload", &error);
    } else if (server_connection_log_write(handlers->log, subscriber, "asks to reload"),
               handlers->callbacks->on_reload(handlers->callbacks->user, &reloaded, &error)) {
        struct server_reply reply;
        server_reply_begin(&reply, &handlers->feeds->pool, subscriber);
        protocol_encode_reloaded(reply.buffer, reply.encoding, &reloaded);
        server_reply_end(&reply);
        return;
    }
    server_reply_refuse(&handlers->feeds->pool, subscriber, &error);
}

// ---- any request

// Says which streams there are, as far as there is room.
static void refuse_stream(const struct server_stream_feeds *feeds, const char *name,
                          struct protocol_error *error)
{
    char names[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES], list[100] = "";
    const int count = server_stream_feeds_list(feeds, names);
    size_t length = 0;
    bool fits = true;
    struct mc_suggestion suggestion;
    mc_suggestion_init(&suggestion, name);
    for (int i = 0; i < count; i++) {
        mc_suggestion_consider(&suggestion, names[i]);
        fits = fits && length + strlen(names[i]) + sizeof ", ..." < sizeof list;
        if (fits) {
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
                                       i == 0 ? "" : ", ", names[i]);
        }
    }
    const bool near = suggestion.best != NULL;
    error->code = PROTOCOL_ERROR_UNKNOWN_STREAM;
    snprintf(error->message, sizeof error->message,
             "stream: must be one of %s%s, got '%.40s'%s%s%s",
             count == 0 ? "none (there are no streams)" : list, fits ? "" : ", ...", name,
             near ? "; did you mean '" : "", near ? suggestion.best : "", near ? "'?" : "");
}

// Checks what the request's form does not show: whether this server can do it.
static bool is_possible(const struct server_request_handlers *handlers,
                        const struct protocol_request *request, struct protocol_error *error)
{
    error->id = request->id;
    if (request->stream[0] != '\0' && request->type != PROTOCOL_STREAM &&
        server_stream_feeds_find(handlers->feeds, request->stream) < 0) {
        refuse_stream(handlers->feeds, request->stream, error);
        return false;
    }
    if (request->type == PROTOCOL_METRICS && handlers->callbacks->on_metrics == NULL) {
        error->code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error->message, sizeof error->message, "this server has no metrics");
        return false;
    }
    if (request->mode_given && request->policy.mode == PROTOCOL_EVERY_FRAME &&
        !handlers->feeds->every_frame) {
        error->code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error->message, sizeof error->message,
                 "mode: must be latest or queue unless mocapd runs with --every-frame, "
                 "got 'every-frame'");
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
                 "a request must be at most %d bytes long, newline included",
                 PROTOCOL_REQUEST_BYTES);
        return false;
    }
    return protocol_request_parse(line, length, request, error);
}

void server_request_handle(const struct server_request_handlers *handlers,
                           struct server_subscriber *subscriber, const char *line, size_t length)
{
    struct protocol_request request;
    struct protocol_error error;
    if (!parse(line, length, &request, &error) || !is_possible(handlers, &request, &error)) {
        server_reply_refuse(&handlers->feeds->pool, subscriber, &error);
        if (error.code == PROTOCOL_ERROR_WRONG_VERSION) {
            server_subscriber_finish(subscriber);
        }
        return;
    }
    subscriber->greeted = true;
    switch (request.type) {
    case PROTOCOL_SUBSCRIBE:
        subscribe(handlers, subscriber, &request);
        break;
    case PROTOCOL_UNSUBSCRIBE:
        unsubscribe(handlers, subscriber, &request);
        break;
    case PROTOCOL_STATUS:
        send_status(handlers, subscriber, request.id);
        break;
    case PROTOCOL_PING:
        send_pong(handlers, subscriber, request.id);
        break;
    case PROTOCOL_METRICS:
        send_metrics(handlers, subscriber, &request);
        break;
    case PROTOCOL_CALIBRATE:
        server_calibration_request(handlers, subscriber, &request);
        break;
    case PROTOCOL_SETTINGS:
        change_settings(handlers, subscriber, &request);
        break;
    case PROTOCOL_STREAM:
        change_stream(handlers, subscriber, &request, line, length);
        break;
    case PROTOCOL_RELOAD:
        reload(handlers, subscriber, &request);
        break;
    }
}
