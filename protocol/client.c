#include "protocol/client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/endpoint.h"
#include "protocol/framing.h"
#include "protocol/json.h"

enum { KEPT_MAX = 1024 }; // messages that may come before a reply

// A message that came while a reply was waited for.
struct kept {
    struct kept *next;
    size_t length;
    char text[];
};

struct mocap_client {
    int fd;
    int64_t id_last; // of the requests sent
    struct protocol_framing framing;
    struct protocol_buffer request;
    struct protocol_hello hello;
    struct protocol_message *reply; // where the calls without a message parse to
    struct kept *first, **last;     // kept messages, oldest first
    int kept_count;
    struct kept *lent; // the one that mocap_next gave out last
};

// ---- time

// When a wait of timeout_ms ends; INT64_MAX for never.
static int64_t deadline_after(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : mc_clock_now_ns() + timeout_ms * MC_NS_PER_MS;
}

// Until the deadline, as poll takes it: rounded up, so that it does not spin.
static int remaining_ms(int64_t deadline_ns)
{
    if (deadline_ns == INT64_MAX) {
        return -1;
    }
    int64_t left_ns = deadline_ns - mc_clock_now_ns();
    if (left_ns <= 0) {
        return 0;
    }
    int64_t left_ms = (left_ns + MC_NS_PER_MS - 1) / MC_NS_PER_MS;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

// Waits for the events. MOCAP_MESSAGE means that they are there.
static enum mocap_result wait_for(int fd, short events, int64_t deadline_ns, struct mc_error *err)
{
    for (;;) {
        struct pollfd waited = { .fd = fd, .events = events };
        int count = poll(&waited, 1, remaining_ms(deadline_ns));
        if (count > 0) {
            return MOCAP_MESSAGE; // errors show in the read or write that follows
        }
        if (count == 0) {
            return MOCAP_TIMEOUT;
        }
        if (errno != EINTR) {
            mc_error_set_errno(err, "waiting for the server");
            return MOCAP_ERROR;
        }
    }
}

// ---- bytes

static enum mocap_result closed(const struct mocap_client *client, struct mc_error *err)
{
    if (protocol_framing_partial(&client->framing)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "the server closed the connection inside a message");
        return MOCAP_ERROR;
    }
    return MOCAP_CLOSED;
}

// Reads once what is there, waiting for it until the deadline.
static enum mocap_result read_more(struct mocap_client *client, int64_t deadline_ns,
                                   struct mc_error *err)
{
    size_t size;
    char *room = protocol_framing_room(&client->framing, &size);
    for (;;) {
        ssize_t count = read(client->fd, room, size);
        if (count > 0) {
            protocol_framing_add(&client->framing, (size_t)count);
            return MOCAP_MESSAGE;
        }
        if (count == 0 || errno == ECONNRESET) {
            return closed(client, err);
        }
        if (errno == EAGAIN) {
            enum mocap_result result = wait_for(client->fd, POLLIN, deadline_ns, err);
            if (result != MOCAP_MESSAGE) {
                return result;
            }
        } else if (errno != EINTR) {
            mc_error_set_errno(err, "reading from the server");
            return MOCAP_ERROR;
        }
    }
}

// The next line from the socket.
static enum mocap_result next_line(struct mocap_client *client, int64_t deadline_ns,
                                   struct mocap_line *line, struct mc_error *err)
{
    for (;;) {
        char *text;
        switch (protocol_framing_next(&client->framing, &text, &line->length)) {
        case PROTOCOL_FRAMING_LINE:
            line->text = text;
            return MOCAP_MESSAGE;
        case PROTOCOL_FRAMING_TOO_LONG:
            mc_error_set(err, MC_ERROR_FORMAT, 0, "a message of more than %d bytes",
                         PROTOCOL_MESSAGE_BYTES);
            return MOCAP_ERROR;
        case PROTOCOL_FRAMING_MORE:
            break;
        }
        enum mocap_result result = read_more(client, deadline_ns, err);
        if (result != MOCAP_MESSAGE) {
            return result;
        }
    }
}

static enum mocap_result send_all(struct mocap_client *client, int64_t deadline_ns,
                                  struct mc_error *err)
{
    const struct protocol_buffer *request = &client->request;
    size_t sent = 0;
    while (sent < request->length) {
        ssize_t count =
            send(client->fd, request->data + sent, request->length - sent, MSG_NOSIGNAL);
        if (count >= 0) {
            sent += (size_t)count;
        } else if (errno == EAGAIN) {
            enum mocap_result result = wait_for(client->fd, POLLOUT, deadline_ns, err);
            if (result == MOCAP_TIMEOUT) {
                // Half a request may be on its way: nothing more can be sent.
                mc_error_set(err, MC_ERROR_SYSTEM, ETIMEDOUT, "the server takes no request");
                return MOCAP_ERROR;
            }
            if (result != MOCAP_MESSAGE) {
                return result;
            }
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return MOCAP_CLOSED;
        } else if (errno != EINTR) {
            mc_error_set_errno(err, "sending to the server");
            return MOCAP_ERROR;
        }
    }
    return MOCAP_MESSAGE;
}

// ---- messages

static bool keep(struct mocap_client *client, const struct mocap_line *line, struct mc_error *err)
{
    if (client->kept_count == KEPT_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "no reply within %d messages", KEPT_MAX);
    }
    struct kept *kept = malloc(sizeof *kept + line->length + 1);
    if (kept == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a message");
    }
    kept->next = NULL;
    kept->length = line->length;
    memcpy(kept->text, line->text, line->length + 1);
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

enum mocap_result mocap_next(struct mocap_client *client, int timeout_ms, struct mocap_line *line,
                             struct protocol_message *message, struct mc_error *err)
{
    free(client->lent);
    client->lent = unkeep(client);
    if (client->lent != NULL) {
        *line = (struct mocap_line){ client->lent->text, client->lent->length };
    } else {
        enum mocap_result result = next_line(client, deadline_after(timeout_ms), line, err);
        if (result != MOCAP_MESSAGE) {
            return result;
        }
    }
    if (message != NULL && !protocol_json_parse_message(line->text, line->length, message, err)) {
        return MOCAP_ERROR;
    }
    return MOCAP_MESSAGE;
}

static bool write_request(struct mocap_client *client, enum protocol_request_type type,
                          const char *stream, struct mc_error *err)
{
    struct protocol_request request = {
        .type = type,
        .id = { .given = true, .value = ++client->id_last },
    };
    if (stream != NULL) {
        size_t length = strlen(stream);
        if (length == 0 || length >= sizeof request.stream) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "stream name of %zu bytes: 1 to %d are expected", length,
                                PROTOCOL_NAME_BYTES - 1);
        }
        memcpy(request.stream, stream, length + 1);
    }
    protocol_buffer_clear(&client->request);
    protocol_json_request(&client->request, &request);
    if (client->request.failed) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a request");
    }
    return true;
}

enum mocap_result mocap_request(struct mocap_client *client, enum protocol_request_type type,
                                const char *stream, int timeout_ms, struct mocap_line *line,
                                struct protocol_message *message, struct mc_error *err)
{
    int64_t deadline_ns = deadline_after(timeout_ms);
    if (!write_request(client, type, stream, err)) {
        return MOCAP_ERROR;
    }
    enum mocap_result result = send_all(client, deadline_ns, err);
    while (result == MOCAP_MESSAGE) {
        result = next_line(client, deadline_ns, line, err);
        if (result != MOCAP_MESSAGE) {
            break;
        }
        if (!protocol_json_parse_message(line->text, line->length, message, err)) {
            return MOCAP_ERROR;
        }
        if (message->id.given && message->id.value == client->id_last) {
            return MOCAP_MESSAGE;
        }
        if (!keep(client, line, err)) {
            return MOCAP_ERROR;
        }
    }
    return result;
}

bool mocap_subscribe(struct mocap_client *client, const char *stream, int timeout_ms,
                     struct mc_error *err)
{
    struct mocap_line line;
    switch (
        mocap_request(client, PROTOCOL_SUBSCRIBE, stream, timeout_ms, &line, client->reply, err)) {
    case MOCAP_MESSAGE:
        break;
    case MOCAP_TIMEOUT:
        return mc_error_set(err, MC_ERROR_SYSTEM, ETIMEDOUT, "subscribe: no reply in %d ms",
                            timeout_ms);
    case MOCAP_CLOSED:
        return mc_error_set(err, MC_ERROR_SYSTEM, ECONNRESET,
                            "subscribe: the server closed the connection");
    case MOCAP_ERROR:
        return mc_error_wrap(err, "subscribe");
    }
    if (client->reply->type == PROTOCOL_MESSAGE_ERROR) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "subscribe: %s",
                            client->reply->error.message);
    }
    if (client->reply->type != PROTOCOL_MESSAGE_SUBSCRIBED) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "subscribe: a reply of another type: %.64s",
                            line.text);
    }
    return true;
}

// ---- connection

// Connects within timeout_ms. errno is kept for the caller.
static bool open_socket(struct mocap_client *client, const char *path, int timeout_ms,
                        struct mc_error *err)
{
    struct sockaddr_un address;
    if (!protocol_endpoint_address(path, &address, err)) {
        return false;
    }
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0) {
        return mc_error_set_errno(err, "socket");
    }
    // A connect to a Unix socket waits while the server's backlog is full, as
    // long as a send would. Zero means for ever here, so 1 ms is the least.
    if (timeout_ms >= 0) {
        int wait_ms = timeout_ms > 0 ? timeout_ms : 1;
        struct timeval limit = { wait_ms / 1000, wait_ms % 1000 * 1000 };
        setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    while (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        if (errno != EINTR) {
            return mc_error_set_errno(err, "connect to %s", path);
        }
    }
    if (fcntl(client->fd, F_SETFL, O_NONBLOCK) != 0) {
        return mc_error_set_errno(err, "connect to %s", path);
    }
    return true;
}

// The user's daemon first, then the system's.
static bool open_default(struct mocap_client *client, int timeout_ms, struct mc_error *err)
{
    char path[PROTOCOL_ENDPOINT_BYTES];
    if (!protocol_endpoint_default(path, err)) {
        return false;
    }
    if (open_socket(client, path, timeout_ms, err)) {
        return true;
    }
    if (strcmp(path, PROTOCOL_ENDPOINT_SYSTEM) == 0 ||
        access(PROTOCOL_ENDPOINT_SYSTEM, F_OK) != 0) {
        return false;
    }
    close(client->fd);
    return open_socket(client, PROTOCOL_ENDPOINT_SYSTEM, timeout_ms, err);
}

static bool read_hello(struct mocap_client *client, int timeout_ms, struct mc_error *err)
{
    struct mocap_line line;
    struct protocol_message *message = client->reply;
    switch (mocap_next(client, timeout_ms, &line, message, err)) {
    case MOCAP_MESSAGE:
        break;
    case MOCAP_TIMEOUT:
        return mc_error_set(err, MC_ERROR_SYSTEM, ETIMEDOUT, "no greeting in %d ms", timeout_ms);
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
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "no greeting but: %.64s", line.text);
    }
    client->hello = message->hello;
    if (client->hello.major != PROTOCOL_MAJOR) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "the server speaks protocol %d.%d, version %d is expected",
                            client->hello.major, client->hello.minor, PROTOCOL_MAJOR);
    }
    return true;
}

struct mocap_client *mocap_connect(const char *path, int timeout_ms, struct mc_error *err)
{
    struct mocap_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a client");
        return NULL;
    }
    client->fd = -1;
    client->last = &client->first;
    protocol_buffer_init(&client->request, PROTOCOL_REQUEST_BYTES);
    client->reply = calloc(1, sizeof *client->reply);
    if (client->reply == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a message");
        goto fail;
    }
    if (!protocol_framing_init(&client->framing, PROTOCOL_MESSAGE_BYTES, err)) {
        goto fail;
    }
    bool connected = path == NULL ? open_default(client, timeout_ms, err)
                                  : open_socket(client, path, timeout_ms, err);
    if (!connected || !read_hello(client, timeout_ms, err)) {
        goto fail;
    }
    return client;
fail:
    mocap_close(client);
    return NULL;
}

void mocap_close(struct mocap_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->fd >= 0) {
        close(client->fd);
    }
    for (struct kept *kept; (kept = unkeep(client)) != NULL;) {
        free(kept);
    }
    free(client->lent);
    free(client->reply);
    protocol_framing_finish(&client->framing);
    protocol_buffer_finish(&client->request);
    free(client);
}

const struct protocol_hello *mocap_hello(const struct mocap_client *client)
{
    return &client->hello;
}

int mocap_fd(const struct mocap_client *client)
{
    return client->fd;
}
