// libmocap: see mocap.h.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/backoff.h"
#include "protocol/client_options.h"
#include "protocol/client_subscriptions.h"
#include "protocol/connection.h"
#include "protocol/decode.h"
#include "protocol/endpoint.h"
#include "protocol/message_queue.h"
#include "protocol/request.h"
#include "protocol/view.h"
#include "protocol/writer.h"

enum { REQUEST_TYPE_BYTES = 32 };

struct mocap_client {
    char path[PROTOCOL_ENDPOINT_BYTES]; // where it is or was connected
    struct protocol_connection connection;
    struct protocol_backoff backoff;
    int64_t last_id; // of the requests sent
    struct protocol_buffer request;
    struct protocol_hello hello;
    struct protocol_server_view server; // of hello
    struct protocol_message *message;   // every message is decoded to it
    struct protocol_view *view;
    struct protocol_message_queue queue;     // messages that came before a reply
    struct protocol_queued_message *current; // the one that mocap_next returned last
    struct protocol_client_subscriptions subscriptions;
    struct protocol_policy policy; // as granted last
    struct mocap_options granted;
    char said[PROTOCOL_REASON_BYTES]; // by its last message, not in reply to anything; "": nothing
};

// ---- messages

static void forget_messages(struct mocap_client *client)
{
    protocol_message_queue_clear(&client->queue);
    free(client->current);
    client->current = NULL;
}

// Decodes a message and shows it.
static bool show(struct mocap_client *client, const char *bytes, size_t length,
                 enum protocol_encoding encoding, struct mocap_message *message,
                 struct mc_error *err)
{
    if (!protocol_decode_message(encoding, bytes, length, client->message, err)) {
        return false;
    }
    protocol_view_message(client->view, client->message, message);
    message->bytes = bytes;
    message->length = length;
    message->encoding = encoding == PROTOCOL_CBOR ? MOCAP_ENCODING_CBOR : MOCAP_ENCODING_JSON;
    return true;
}

static void set_streams(struct mocap_client *client, const struct protocol_streams *streams)
{
    client->hello.stream_count = streams->stream_count;
    memcpy(client->hello.streams, streams->streams, sizeof client->hello.streams);
    protocol_view_server(&client->server, &client->hello);
}

// Lets a reply take effect, whether anybody still waits for it or not: the encoding of what
// comes after it has changed all the same.
static void apply_reply(struct mocap_client *client)
{
    if (client->message->type == PROTOCOL_MESSAGE_STREAMS) {
        set_streams(client, &client->message->streams);
    }
    if (client->message->type == PROTOCOL_MESSAGE_SUBSCRIBED) {
        client->policy = client->message->subscribed.policy;
        client->connection.framing.encoding = client->policy.encoding;
        client->granted = protocol_client_options_granted(&client->policy);
    }
    const bool says_why =
        client->message->type == PROTOCOL_MESSAGE_ERROR && !client->message->id.given;
    snprintf(client->said, sizeof client->said, "%s",
             says_why ? client->message->error.message : "");
    protocol_client_subscriptions_reply(&client->subscriptions, client->message, &client->hello);
}

// After an error the position in the byte stream is lost: the connection is closed.
static enum mocap_result fail(struct mocap_client *client)
{
    protocol_connection_close(&client->connection);
    return MOCAP_ERROR;
}

// Keeps a message, as it was shown last, for mocap_next. stream: of a refused subscription, or
// NULL.
static bool keep(struct mocap_client *client, const struct mocap_message *message,
                 const char *stream, struct mc_error *err)
{
    struct protocol_queued_message header = {
        .is_record = client->message->type == PROTOCOL_MESSAGE_MOTION,
        .missed = client->message->missed,
        .encoding = message->encoding == MOCAP_ENCODING_CBOR ? PROTOCOL_CBOR : PROTOCOL_JSON,
        .length = message->length,
    };
    stream = header.is_record ? client->message->record.stream : stream;
    snprintf(header.stream, sizeof header.stream, "%s", stream == NULL ? "" : stream);
    return protocol_message_queue_push(&client->queue, &header, message->bytes, err);
}

// Shows a message that was kept.
static bool show_kept(struct mocap_client *client, const struct protocol_queued_message *kept,
                      struct mocap_message *message, struct mc_error *err)
{
    if (!show(client, kept->bytes, kept->length, kept->encoding, message, err)) {
        return false;
    }
    if (kept->is_record) { // dropped ones count
        client->message->missed = kept->missed;
        protocol_view_message(client->view, client->message, message);
    } else if (kept->stream[0] != '\0') {
        message->stream = kept->stream;
    }
    return true;
}

// Receives the next message from the socket.
static enum mocap_result receive(struct mocap_client *client, int64_t deadline_ns,
                                 struct mocap_message *message, struct mc_error *err)
{
    const enum protocol_encoding encoding = client->connection.framing.encoding;
    const bool was_open = client->connection.fd >= 0;
    char *bytes;
    size_t length;
    enum mocap_result result =
        protocol_connection_read(&client->connection, deadline_ns, &bytes, &length, err);
    if (result == MOCAP_ERROR) {
        return fail(client);
    }
    if (result == MOCAP_CLOSED) {
        protocol_connection_close(&client->connection);
        mc_error_set(err, MC_ERROR_SYSTEM, ECONNRESET, "%s%s%s",
                     was_open ? "the server closed the connection" : "the connection is closed",
                     client->said[0] == '\0' ? "" : ": ", client->said);
    }
    if (result == MOCAP_MESSAGE) {
        if (!show(client, bytes, length, encoding, message, err)) {
            return fail(client);
        }
        apply_reply(client);
    }
    return result;
}

static enum mocap_result next(struct mocap_client *client, int64_t deadline_ns,
                              struct mocap_message *message, struct mc_error *err)
{
    free(client->current);
    client->current = protocol_message_queue_pop(&client->queue);
    const struct protocol_queued_message *queued = client->current;
    if (queued == NULL) {
        return receive(client, deadline_ns, message, err);
    }
    return show_kept(client, queued, message, err) ? MOCAP_MESSAGE : MOCAP_ERROR;
}

enum mocap_result mocap_next(struct mocap_client *client, int timeout_ms,
                             struct mocap_message *message, struct mocap_error *error)
{
    struct mc_error err = { 0 };
    enum mocap_result result =
        next(client, protocol_connection_deadline(timeout_ms), message, &err);
    protocol_view_error(&err, error);
    return result;
}

// ---- requests

// True when the message received last is the reply to the last request.
static bool is_reply(const struct mocap_client *client)
{
    return client->message->id.given && client->message->id.value == client->last_id;
}

// Sends client->request and reads up to its reply; other messages are queued.
static enum mocap_result ask(struct mocap_client *client, int64_t deadline_ns,
                             struct mocap_message *message, struct mc_error *err)
{
    if (!protocol_buffer_check(&client->request, "a request", err)) {
        return MOCAP_ERROR;
    }
    enum mocap_result result =
        protocol_connection_send(&client->connection, &client->request, deadline_ns, err);
    if (result == MOCAP_ERROR) {
        return fail(client);
    }
    // Where the server has closed the connection, it may have said why: see `said`.
    while ((result = receive(client, deadline_ns, message, err)) == MOCAP_MESSAGE) {
        if (is_reply(client)) {
            message->type = message->type == MOCAP_OTHER ? MOCAP_REPLY : message->type;
            return MOCAP_MESSAGE;
        }
        if (!keep(client, message, NULL, err)) {
            return fail(client);
        }
    }
    return result;
}

// The same for a request of the program's: a subscription in it is one to be renewed.
static enum mocap_result ask_freely(struct mocap_client *client, int timeout_ms,
                                    struct mocap_message *message, struct mc_error *err)
{
    struct protocol_request request;
    struct protocol_error ignored; // what we do not understand the server may
    if (!client->request.failed &&
        protocol_request_parse(client->request.data, client->request.length - 1, &request,
                               &ignored) &&
        (request.type == PROTOCOL_SUBSCRIBE || request.type == PROTOCOL_UNSUBSCRIBE)) {
        if (!request.encoding_given) {
            request.policy.encoding = client->connection.framing.encoding;
        }
        protocol_client_subscriptions_ask(&client->subscriptions, &request);
    }
    return ask(client, protocol_connection_deadline(timeout_ms), message, err);
}

enum mocap_result mocap_request(struct mocap_client *client, const char *type, const char *stream,
                                int timeout_ms, struct mocap_message *message,
                                struct mocap_error *error)
{
    struct mc_error err = { 0 };
    if (!protocol_client_options_is_name(type, REQUEST_TYPE_BYTES) ||
        (stream != NULL && !protocol_client_options_is_name(stream, PROTOCOL_NAME_BYTES))) {
        mc_error_set(&err, MC_ERROR_ARGUMENT, 0,
                     "a request must have a type of 1 to %d bytes and a stream of 1 to %d",
                     REQUEST_TYPE_BYTES - 1, PROTOCOL_NAME_BYTES - 1);
        protocol_view_error(&err, error);
        return MOCAP_ERROR;
    }
    struct protocol_writer writer;
    protocol_buffer_clear(&client->request);
    protocol_writer_begin(&writer, &client->request, PROTOCOL_JSON, type);
    protocol_writer_int_field(&writer, "id", ++client->last_id);
    if (stream != NULL) {
        protocol_writer_string_field(&writer, "stream", stream);
    }
    protocol_writer_end(&writer);
    enum mocap_result result = ask_freely(client, timeout_ms, message, &err);
    protocol_view_error(&err, error);
    return result;
}

enum mocap_result mocap_request_json(struct mocap_client *client, const char *object,
                                     int timeout_ms, struct mocap_message *message,
                                     struct mocap_error *error)
{
    struct mc_error err = { 0 };
    enum mocap_result result = MOCAP_ERROR;
    protocol_buffer_clear(&client->request);
    if (protocol_request_write_object(&client->request, object, client->last_id + 1, &err)) {
        client->last_id++;
        result = ask_freely(client, timeout_ms, message, &err);
    }
    protocol_view_error(&err, error);
    return result;
}

// Sends a subscribe or unsubscribe request; true when the reply is of the expected type. reply is
// set if there is one.
static bool ask_for(struct mocap_client *client, struct protocol_request *request,
                    enum protocol_message_type expected, int64_t deadline_ns,
                    struct mocap_message *reply, struct mc_error *err)
{
    const char *name = protocol_request_type_name(request->type);
    request->id = (struct protocol_id){ true, ++client->last_id };
    protocol_buffer_clear(&client->request);
    protocol_request_write(&client->request, request);
    protocol_client_subscriptions_ask(&client->subscriptions, request);
    switch (ask(client, deadline_ns, reply, err)) {
    case MOCAP_MESSAGE:
        break;
    case MOCAP_TIMEOUT:
        return mc_error_set(err, MC_ERROR_SYSTEM, ETIMEDOUT, "%s: no reply in time", name);
    case MOCAP_CLOSED:
    case MOCAP_ERROR:
        return mc_error_wrap(err, "%s", name);
    }
    if (client->message->type == PROTOCOL_MESSAGE_ERROR) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: %s", name,
                            client->message->error.message);
    }
    return client->message->type == expected ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: a reply of another type", name);
}

bool mocap_subscribe(struct mocap_client *client, const struct mocap_options *options,
                     int timeout_ms, struct mocap_error *error)
{
    struct mc_error err = { 0 };
    struct protocol_request request;
    struct mocap_message reply;
    bool ok = protocol_client_options_read(options, &client->hello,
                                           client->connection.framing.encoding, &request, &err) &&
              ask_for(client, &request, PROTOCOL_MESSAGE_SUBSCRIBED,
                      protocol_connection_deadline(timeout_ms), &reply, &err);
    protocol_view_error(&err, error);
    return ok;
}

const struct mocap_options *mocap_granted(const struct mocap_client *client)
{
    return &client->granted;
}

bool mocap_unsubscribe(struct mocap_client *client, const char *stream, int timeout_ms,
                       struct mocap_error *error)
{
    struct mc_error err = { 0 };
    struct protocol_request request = { .type = PROTOCOL_UNSUBSCRIBE };
    struct mocap_message reply;
    bool ok = stream == NULL || protocol_client_options_is_name(stream, sizeof request.stream) ||
              mc_error_set(&err, MC_ERROR_ARGUMENT, 0, "stream: must be a name of 1 to %d bytes",
                           PROTOCOL_NAME_BYTES - 1);
    snprintf(request.stream, sizeof request.stream, "%s", stream == NULL ? "" : stream);
    ok = ok && ask_for(client, &request, PROTOCOL_MESSAGE_UNSUBSCRIBED,
                       protocol_connection_deadline(timeout_ms), &reply, &err);
    protocol_view_error(&err, error);
    return ok;
}

// ---- connection

static bool open_path(struct mocap_client *client, const char *path, int64_t deadline_ns,
                      struct mc_error *err)
{
    client->said[0] = '\0';
    if (!protocol_connection_open(&client->connection, path, deadline_ns, err)) {
        protocol_connection_close(&client->connection);
        return false;
    }
    if (path != client->path) {
        snprintf(client->path, sizeof client->path, "%s", path);
    }
    return true;
}

// Tries the user's daemon, then the system's.
static bool open_default(struct mocap_client *client, int64_t deadline_ns, struct mc_error *err)
{
    char path[PROTOCOL_ENDPOINT_BYTES];
    if (!protocol_endpoint_default(path, err)) {
        return false;
    }
    if (open_path(client, path, deadline_ns, err)) {
        return true;
    }
    if (strcmp(path, PROTOCOL_ENDPOINT_SYSTEM) == 0 ||
        access(PROTOCOL_ENDPOINT_SYSTEM, F_OK) != 0) {
        return false;
    }
    *err = (struct mc_error){ 0 }; // the user having none is no error now
    return open_path(client, PROTOCOL_ENDPOINT_SYSTEM, deadline_ns, err);
}

static bool read_hello(struct mocap_client *client, int64_t deadline_ns, struct mc_error *err)
{
    struct mocap_message shown;
    const struct protocol_message *message = client->message;
    switch (next(client, deadline_ns, &shown, err)) {
    case MOCAP_MESSAGE:
        break;
    case MOCAP_TIMEOUT:
        return mc_error_set(err, MC_ERROR_SYSTEM, ETIMEDOUT, "no greeting in time");
    case MOCAP_CLOSED:
        return mc_error_set(err, MC_ERROR_SYSTEM, ECONNRESET,
                            "the server closed the connection without a greeting");
    case MOCAP_ERROR:
        return mc_error_wrap(err, "greeting");
    }
    if (message->type == PROTOCOL_MESSAGE_ERROR) {
        return mc_error_set(err, MC_ERROR_SYSTEM, ECONNREFUSED, "the server says: %s",
                            message->error.message);
    }
    if (message->type != PROTOCOL_MESSAGE_HELLO) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "the first message must be a greeting, got: %.64s", shown.bytes);
    }
    client->hello = message->hello;
    protocol_view_server(&client->server, &client->hello);
    return client->hello.major == PROTOCOL_MAJOR ||
           mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "the server's protocol must be of version %d, got %d.%d", PROTOCOL_MAJOR,
                        client->hello.major, client->hello.minor);
}

static struct mocap_client *create(struct mc_error *err)
{
    struct mocap_client *client = calloc(1, sizeof *client);
    if (client != NULL) {
        client->connection.fd = -1;
        protocol_buffer_init(&client->request, PROTOCOL_REQUEST_BYTES);
        client->message = calloc(1, sizeof *client->message);
        client->view = calloc(1, sizeof *client->view);
    }
    if (client == NULL || client->message == NULL || client->view == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a client");
        mocap_close(client);
        return NULL;
    }
    return client;
}

struct mocap_client *mocap_connect(const char *path, int timeout_ms, struct mocap_error *error)
{
    struct mc_error err = { 0 };
    int64_t deadline_ns = protocol_connection_deadline(timeout_ms);
    struct mocap_client *client = create(&err);
    bool ok = client != NULL && (path == NULL ? open_default(client, deadline_ns, &err)
                                              : open_path(client, path, deadline_ns, &err));
    if (!ok || !read_hello(client, deadline_ns, &err)) {
        mocap_close(client);
        client = NULL;
    } else {
        protocol_backoff_connected(&client->backoff);
    }
    protocol_view_error(&err, error);
    return client;
}

void mocap_close(struct mocap_client *client)
{
    if (client != NULL) {
        forget_messages(client);
        protocol_connection_close(&client->connection);
        protocol_buffer_finish(&client->request);
        free(client->message);
        free(client->view);
        free(client);
    }
}

// Renews a subscription and counts it. One to a stream that the server no longer has is dropped,
// and the refusal kept for mocap_next; err then says why.
static bool renew(struct mocap_client *client, struct protocol_request request, int *renewed,
                  int64_t deadline_ns, struct mc_error *err)
{
    struct mocap_message reply = { 0 };
    request.encoding_given = request.policy.encoding != client->connection.framing.encoding;
    if (ask_for(client, &request, PROTOCOL_MESSAGE_SUBSCRIBED, deadline_ns, &reply, err)) {
        ++*renewed;
        return true;
    }
    if (reply.type != MOCAP_REFUSAL || // of this request: it came
        client->message->error.code != PROTOCOL_ERROR_UNKNOWN_STREAM) {
        return false;
    }
    protocol_client_subscriptions_drop(&client->subscriptions, request.stream);
    return keep(client, &reply, request.stream, err);
}

// Connects and renews the subscriptions, or stays closed. Where nothing is left of them it fails:
// the streams may come back.
static bool connect_again(struct mocap_client *client, int64_t deadline_ns, struct mc_error *err)
{
    const struct protocol_client_subscriptions before = client->subscriptions;
    int renewed = 0;
    bool ok =
        open_path(client, client->path, deadline_ns, err) && read_hello(client, deadline_ns, err);
    for (int i = 0; ok && i < before.active_count; i++) {
        ok = renew(client, before.active[i], &renewed, deadline_ns, err);
    }
    if (!ok || (renewed == 0 && before.active_count > 0)) {
        ok = false;
        protocol_connection_close(&client->connection);
        forget_messages(client);
        client->subscriptions = before;
        client->subscriptions.pending_count = 0;
    }
    return ok;
}

bool mocap_reconnect(struct mocap_client *client, int timeout_ms, struct mocap_error *error)
{
    struct mc_error err = { 0 };
    int64_t deadline_ns = protocol_connection_deadline(timeout_ms);
    protocol_connection_close(&client->connection);
    forget_messages(client);
    client->subscriptions.pending_count = 0;
    protocol_connection_pause(protocol_backoff_first_ms(&client->backoff), deadline_ns);
    bool ok;
    while (!(ok = connect_again(client, deadline_ns, &err))) {
        // What the server refuses now it will refuse again.
        if (protocol_connection_remaining_ms(deadline_ns) == 0 || err.code != MC_ERROR_SYSTEM) {
            break;
        }
        protocol_connection_pause(protocol_backoff_next_ms(&client->backoff), deadline_ns);
    }
    if (ok) {
        protocol_backoff_connected(&client->backoff);
        err = (struct mc_error){ 0 };
    }
    protocol_view_error(&err, error);
    return ok;
}

const struct mocap_server *mocap_server(const struct mocap_client *client)
{
    return &client->server.server;
}

int mocap_fd(const struct mocap_client *client)
{
    return client->connection.fd;
}
