// libmocap: see mocap.h.
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/connection.h"
#include "protocol/decode.h"
#include "protocol/endpoint.h"
#include "protocol/request.h"
#include "protocol/view.h"
#include "protocol/writer.h"

enum {
    KEPT_MAX = 1024,      // messages that may come before a reply
    RETRY_FIRST_MS = 20,  // between two tries to connect again: twice as long
    RETRY_LAST_MS = 1000, // each time, up to this
    TYPE_BYTES = 32,      // of a request's type
};

// A message that came while a reply was waited for.
struct kept {
    struct kept *next;
    enum protocol_encoding encoding;
    size_t length;
    char bytes[];
};

struct mocap_client {
    char path[PROTOCOL_ENDPOINT_BYTES]; // where it is or was connected
    struct protocol_connection connection;
    int64_t id_last; // of the requests sent
    struct protocol_buffer request;
    struct protocol_hello hello;
    struct mocap_server server;
    const char *streams[PROTOCOL_STREAMS_MAX]; // into hello
    struct protocol_message *message;          // where all are read to
    struct protocol_view *view;
    struct kept *first, **last; // kept messages, oldest first
    int kept_count;
    struct kept *lent; // the one that mocap_next gave out last
    struct protocol_request subscriptions[PROTOCOL_STREAMS_MAX]; // to be made again
    int subscription_count;
    struct protocol_policy policy; // as granted
    struct mocap_options granted;
};

// ---- errors

static void tell(struct mocap_error *error, const struct mc_error *err)
{
    static const enum mocap_error_code codes[] = {
        [MC_ERROR_NONE] = MOCAP_ERROR_NONE,     [MC_ERROR_ARGUMENT] = MOCAP_ERROR_ARGUMENT,
        [MC_ERROR_SYSTEM] = MOCAP_ERROR_SYSTEM, [MC_ERROR_MEDIA] = MOCAP_ERROR_SYSTEM,
        [MC_ERROR_FORMAT] = MOCAP_ERROR_FORMAT, [MC_ERROR_MEMORY] = MOCAP_ERROR_MEMORY,
    };
    if (error != NULL) {
        error->code = codes[err->code];
        error->number = err->code == MC_ERROR_SYSTEM ? err->detail : 0;
        snprintf(error->message, sizeof error->message, "%s", err->message);
    }
}

// ---- messages

static bool keep(struct mocap_client *client, const char *bytes, size_t length,
                 enum protocol_encoding encoding, struct mc_error *err)
{
    if (client->kept_count == KEPT_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "no reply within %d messages", KEPT_MAX);
    }
    struct kept *kept = malloc(sizeof *kept + length + 1);
    if (kept == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a message");
    }
    kept->next = NULL;
    kept->encoding = encoding;
    kept->length = length;
    memcpy(kept->bytes, bytes, length);
    kept->bytes[length] = '\0';
    *client->last = kept;
    client->last = &kept->next;
    client->kept_count++;
    return true;
}

// Takes the oldest kept message out; NULL when there is none.
static struct kept *unkeep(struct mocap_client *client)
{
    struct kept *kept = client->first;
    if (kept != NULL) {
        client->first = kept->next;
        if (client->first == NULL) {
            client->last = &client->first;
        }
        client->kept_count--;
    }
    return kept;
}

static void forget_kept(struct mocap_client *client)
{
    for (struct kept *kept; (kept = unkeep(client)) != NULL;) {
        free(kept);
    }
    free(client->lent);
    client->lent = NULL;
}

// Reads bytes to client->message and shows them.
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

static enum mocap_result next(struct mocap_client *client, int64_t deadline_ns,
                              struct mocap_message *message, struct mc_error *err)
{
    enum protocol_encoding encoding = client->connection.framing.encoding;
    char *bytes;
    size_t length;
    free(client->lent);
    client->lent = unkeep(client);
    if (client->lent != NULL) {
        bytes = client->lent->bytes;
        length = client->lent->length;
        encoding = client->lent->encoding;
    } else {
        enum mocap_result result =
            protocol_connection_read(&client->connection, deadline_ns, &bytes, &length, err);
        if (result != MOCAP_MESSAGE) {
            return result;
        }
    }
    return show(client, bytes, length, encoding, message, err) ? MOCAP_MESSAGE : MOCAP_ERROR;
}

enum mocap_result mocap_next(struct mocap_client *client, int timeout_ms,
                             struct mocap_message *message, struct mocap_error *error)
{
    struct mc_error err = { 0 };
    enum mocap_result result =
        next(client, protocol_connection_deadline(timeout_ms), message, &err);
    tell(error, &err);
    return result;
}

// ---- requests

// Sends what is in client->request and reads until its reply.
static enum mocap_result ask(struct mocap_client *client, int64_t deadline_ns,
                             struct mocap_message *message, struct mc_error *err)
{
    if (client->request.failed) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "a request of more than %d bytes",
                     PROTOCOL_REQUEST_BYTES);
        return MOCAP_ERROR;
    }
    enum mocap_result result =
        protocol_connection_send(&client->connection, &client->request, deadline_ns, err);
    while (result == MOCAP_MESSAGE) {
        enum protocol_encoding encoding = client->connection.framing.encoding;
        char *bytes;
        size_t length;
        result = protocol_connection_read(&client->connection, deadline_ns, &bytes, &length, err);
        if (result != MOCAP_MESSAGE) {
            break;
        }
        if (!show(client, bytes, length, encoding, message, err)) {
            return MOCAP_ERROR;
        }
        if (client->message->id.given && client->message->id.value == client->id_last) {
            message->type = message->type == MOCAP_OTHER ? MOCAP_REPLY : message->type;
            return MOCAP_MESSAGE;
        }
        if (!keep(client, bytes, length, encoding, err)) {
            return MOCAP_ERROR;
        }
    }
    return result;
}

static bool is_name(const char *text, size_t size)
{
    return text[0] != '\0' && strlen(text) < size;
}

enum mocap_result mocap_request(struct mocap_client *client, const char *type, const char *stream,
                                int timeout_ms, struct mocap_message *message,
                                struct mocap_error *error)
{
    struct mc_error err = { 0 };
    if (!is_name(type, TYPE_BYTES) || (stream != NULL && !is_name(stream, PROTOCOL_NAME_BYTES))) {
        mc_error_set(&err, MC_ERROR_ARGUMENT, 0, "a request wants a type and a stream's name");
        tell(error, &err);
        return MOCAP_ERROR;
    }
    struct protocol_writer writer;
    protocol_buffer_clear(&client->request);
    protocol_writer_begin(&writer, &client->request, PROTOCOL_JSON, type);
    protocol_writer_int_field(&writer, "id", ++client->id_last);
    if (stream != NULL) {
        protocol_writer_string_field(&writer, "stream", stream);
    }
    protocol_writer_end(&writer);
    enum mocap_result result = ask(client, protocol_connection_deadline(timeout_ms), message, &err);
    tell(error, &err);
    return result;
}

// Sends the request; true when the reply is of the type that it wants.
static bool ask_for(struct mocap_client *client, struct protocol_request *request,
                    enum protocol_message_type wanted, int64_t deadline_ns, struct mc_error *err)
{
    const char *name = protocol_request_type_name(request->type);
    struct mocap_message message;
    request->id = (struct protocol_id){ true, ++client->id_last };
    protocol_buffer_clear(&client->request);
    protocol_request_write(&client->request, request);
    switch (ask(client, deadline_ns, &message, err)) {
    case MOCAP_MESSAGE:
        break;
    case MOCAP_TIMEOUT:
        return mc_error_set(err, MC_ERROR_SYSTEM, ETIMEDOUT, "%s: no reply in time", name);
    case MOCAP_CLOSED:
        return mc_error_set(err, MC_ERROR_SYSTEM, ECONNRESET,
                            "%s: the server closed the connection", name);
    case MOCAP_ERROR:
        return mc_error_wrap(err, "%s", name);
    }
    if (client->message->type == PROTOCOL_MESSAGE_ERROR) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: %s", name,
                            client->message->error.message);
    }
    return client->message->type == wanted ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: a reply of another type", name);
}

// ---- subscriptions

static bool read_options(const struct mocap_client *client, const struct mocap_options *options,
                         struct protocol_request *request, struct mc_error *err)
{
    static const struct mocap_options defaults = { 0 };
    options = options == NULL ? &defaults : options;
    struct protocol_policy *policy = &request->policy;
    const bool has_cbor = (client->hello.encodings & 1u << PROTOCOL_CBOR) != 0;
    *request = (struct protocol_request){ .type = PROTOCOL_SUBSCRIBE };
    if (options->stream != NULL && !is_name(options->stream, sizeof request->stream)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "stream: a name of 1 to %d bytes is expected", PROTOCOL_NAME_BYTES - 1);
    }
    if (options->label != NULL && strlen(options->label) >= sizeof policy->label) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "label: at most %d bytes are possible",
                            PROTOCOL_LABEL_BYTES - 1);
    }
    if (!protocol_rate_valid(options->max_rate)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "max_rate: 0 or %g to %d is possible",
                            PROTOCOL_RATE_MIN, PROTOCOL_RATE_MAX);
    }
    snprintf(request->stream, sizeof request->stream, "%s",
             options->stream == NULL ? "" : options->stream);
    snprintf(policy->label, sizeof policy->label, "%s",
             options->label == NULL ? "" : options->label);
    policy->encoding = options->encoding == MOCAP_ENCODING_CBOR ||
                               (options->encoding == MOCAP_ENCODING_BEST && has_cbor)
                           ? PROTOCOL_CBOR
                           : PROTOCOL_JSON;
    request->encoding_given = policy->encoding != client->connection.framing.encoding;
    policy->max_rate = options->max_rate;
    policy->include =
        options->include == 0 ? PROTOCOL_INCLUDE_DEFAULT : options->include & PROTOCOL_INCLUDE_ALL;
    policy->lost = (enum protocol_lost)options->lost;
    request->mode_given = options->mode != MOCAP_MODE_SERVER;
    policy->mode = options->mode == MOCAP_MODE_QUEUE ? PROTOCOL_QUEUE : PROTOCOL_LATEST;
    policy->queue = options->queue > 0 ? options->queue : PROTOCOL_QUEUE_DEFAULT;
    return true;
}

static void set_granted(struct mocap_client *client)
{
    const struct protocol_policy *policy = &client->policy;
    client->granted = (struct mocap_options){
        .encoding = policy->encoding == PROTOCOL_CBOR ? MOCAP_ENCODING_CBOR : MOCAP_ENCODING_JSON,
        .max_rate = policy->max_rate,
        .include = policy->include == 0 ? (unsigned)MOCAP_INCLUDE_BASE : policy->include,
        .lost = (enum mocap_lost)policy->lost,
        .mode = policy->mode == PROTOCOL_LATEST  ? MOCAP_MODE_LATEST
                : policy->mode == PROTOCOL_QUEUE ? MOCAP_MODE_QUEUE
                                                 : MOCAP_MODE_SERVER,
        .queue = policy->queue,
        .label = policy->label,
    };
}

// Forgets the subscriptions to the stream; to all when it is "".
static void forget_subscription(struct mocap_client *client, const char *stream)
{
    int kept = 0;
    for (int i = 0; i < client->subscription_count; i++) {
        const char *other = client->subscriptions[i].stream;
        if (stream[0] != '\0' && strcmp(other, stream) != 0) {
            client->subscriptions[kept++] = client->subscriptions[i];
        }
    }
    client->subscription_count = kept;
}

static void remember_subscription(struct mocap_client *client,
                                  const struct protocol_request *request)
{
    forget_subscription(client, request->stream);
    if (client->subscription_count < PROTOCOL_STREAMS_MAX) {
        client->subscriptions[client->subscription_count++] = *request;
    }
}

static bool subscribe(struct mocap_client *client, struct protocol_request *request,
                      int64_t deadline_ns, struct mc_error *err)
{
    if (!ask_for(client, request, PROTOCOL_MESSAGE_SUBSCRIBED, deadline_ns, err)) {
        return false;
    }
    client->policy = client->message->subscribed.policy;
    client->connection.framing.encoding = client->policy.encoding; // of what comes after the reply
    set_granted(client);
    return true;
}

bool mocap_subscribe(struct mocap_client *client, const struct mocap_options *options,
                     int timeout_ms, struct mocap_error *error)
{
    struct mc_error err = { 0 };
    struct protocol_request request;
    bool ok = read_options(client, options, &request, &err) &&
              subscribe(client, &request, protocol_connection_deadline(timeout_ms), &err);
    if (ok) {
        remember_subscription(client, &request);
    }
    tell(error, &err);
    return ok;
}

const struct mocap_options *mocap_granted(const struct mocap_client *client)
{
    return &client->granted;
}

// A subscription to all streams becomes one to each, so that one can be taken out.
// It is the first, since it replaces those before it; those to one stream that came
// after it stay what they are, and after it.
static void spread_subscription(struct mocap_client *client)
{
    if (client->subscription_count == 0 || client->subscriptions[0].stream[0] != '\0') {
        return;
    }
    struct protocol_request request = client->subscriptions[0], later[PROTOCOL_STREAMS_MAX];
    const int later_count = client->subscription_count - 1;
    memcpy(later, client->subscriptions + 1, (size_t)later_count * sizeof later[0]);
    client->subscription_count = 0;
    for (int i = 0; i < client->hello.stream_count; i++) {
        memcpy(request.stream, client->hello.streams[i], sizeof request.stream);
        remember_subscription(client, &request);
    }
    for (int i = 0; i < later_count; i++) {
        remember_subscription(client, &later[i]);
    }
}

bool mocap_unsubscribe(struct mocap_client *client, const char *stream, int timeout_ms,
                       struct mocap_error *error)
{
    struct mc_error err = { 0 };
    struct protocol_request request = { .type = PROTOCOL_UNSUBSCRIBE };
    bool ok = stream == NULL || is_name(stream, sizeof request.stream) ||
              mc_error_set(&err, MC_ERROR_ARGUMENT, 0, "stream: a name is expected");
    snprintf(request.stream, sizeof request.stream, "%s", stream == NULL ? "" : stream);
    ok = ok && ask_for(client, &request, PROTOCOL_MESSAGE_UNSUBSCRIBED,
                       protocol_connection_deadline(timeout_ms), &err);
    if (ok) {
        spread_subscription(client);
        forget_subscription(client, request.stream);
    }
    tell(error, &err);
    return ok;
}

// ---- connection

static bool open_path(struct mocap_client *client, const char *path, int64_t deadline_ns,
                      struct mc_error *err)
{
    if (!protocol_connection_open(&client->connection, path, deadline_ns, err)) {
        protocol_connection_close(&client->connection);
        return false;
    }
    if (path != client->path) {
        snprintf(client->path, sizeof client->path, "%s", path);
    }
    return true;
}

// The user's daemon first, then the system's.
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
    *err = (struct mc_error){ 0 }; // that the user has none is no error now
    return open_path(client, PROTOCOL_ENDPOINT_SYSTEM, deadline_ns, err);
}

static void set_server(struct mocap_client *client)
{
    struct protocol_hello *hello = &client->hello;
    for (int i = 0; i < hello->stream_count; i++) {
        client->streams[i] = hello->streams[i];
    }
    client->server = (struct mocap_server){ .major = hello->major,
                                            .minor = hello->minor,
                                            .name = hello->server,
                                            .boot_id = hello->boot_id,
                                            .stream_count = hello->stream_count,
                                            .streams = client->streams };
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
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "no greeting but: %.64s", shown.bytes);
    }
    client->hello = message->hello;
    set_server(client);
    return client->hello.major == PROTOCOL_MAJOR ||
           mc_error_set(err, MC_ERROR_FORMAT, 0,
                        "the server speaks protocol %d.%d, version %d is expected",
                        client->hello.major, client->hello.minor, PROTOCOL_MAJOR);
}

static struct mocap_client *create(struct mc_error *err)
{
    struct mocap_client *client = calloc(1, sizeof *client);
    if (client != NULL) {
        client->connection.fd = -1;
        client->last = &client->first;
        protocol_buffer_init(&client->request, PROTOCOL_REQUEST_BYTES);
        client->message = calloc(1, sizeof *client->message);
        client->view = calloc(1, sizeof *client->view);
    }
    if (client == NULL || client->message == NULL || client->view == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a client");
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
    }
    tell(error, &err);
    return client;
}

void mocap_close(struct mocap_client *client)
{
    if (client != NULL) {
        forget_kept(client);
        protocol_connection_close(&client->connection);
        protocol_buffer_finish(&client->request);
        free(client->message);
        free(client->view);
        free(client);
    }
}

// One try: connected, greeted and subscribed, or closed.
static bool connect_again(struct mocap_client *client, int64_t deadline_ns, struct mc_error *err)
{
    bool ok =
        open_path(client, client->path, deadline_ns, err) && read_hello(client, deadline_ns, err);
    for (int i = 0; ok && i < client->subscription_count; i++) {
        struct protocol_request request = client->subscriptions[i];
        request.encoding_given = request.policy.encoding != client->connection.framing.encoding;
        ok = subscribe(client, &request, deadline_ns, err);
    }
    if (!ok) {
        protocol_connection_close(&client->connection);
        forget_kept(client);
    }
    return ok;
}

bool mocap_reconnect(struct mocap_client *client, int timeout_ms, struct mocap_error *error)
{
    struct mc_error err = { 0 };
    int64_t deadline_ns = protocol_connection_deadline(timeout_ms);
    protocol_connection_close(&client->connection);
    forget_kept(client);
    int wait_ms = RETRY_FIRST_MS;
    bool ok;
    while (!(ok = connect_again(client, deadline_ns, &err))) {
        int left_ms = protocol_connection_remaining_ms(deadline_ns);
        // What the server refuses now it refuses the next time, too.
        if (left_ms == 0 || err.code != MC_ERROR_SYSTEM) {
            break;
        }
        poll(NULL, 0, left_ms < 0 || wait_ms < left_ms ? wait_ms : left_ms);
        wait_ms = 2 * wait_ms < RETRY_LAST_MS ? 2 * wait_ms : RETRY_LAST_MS;
    }
    if (ok) {
        err = (struct mc_error){ 0 };
    }
    tell(error, &err);
    return ok;
}

const struct mocap_server *mocap_server(const struct mocap_client *client)
{
    return &client->server;
}

int mocap_fd(const struct mocap_client *client)
{
    return client->connection.fd;
}
