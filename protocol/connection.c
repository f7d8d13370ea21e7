#include "protocol/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/endpoint.h"
#include "protocol/message.h"

// ---- time

int64_t protocol_connection_deadline(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : mc_clock_now_ns() + timeout_ms * MC_NS_PER_MS;
}

int protocol_connection_remaining_ms(int64_t deadline_ns)
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

void protocol_connection_pause(int pause_ms, int64_t deadline_ns)
{
    const int left_ms = protocol_connection_remaining_ms(deadline_ns);
    poll(NULL, 0, left_ms < 0 || pause_ms < left_ms ? pause_ms : left_ms);
}

// Waits for the events, which have just been found not to have occurred: when no time is left, it
// doesn't look again. Returns MOCAP_MESSAGE when they have occurred.
static enum mocap_result wait_for(int fd, short events, int64_t deadline_ns, struct mc_error *err)
{
    for (;;) {
        struct pollfd waited = { .fd = fd, .events = events };
        const int left_ms = protocol_connection_remaining_ms(deadline_ns);
        if (left_ms == 0) {
            return MOCAP_TIMEOUT;
        }
        int count = poll(&waited, 1, left_ms);
        if (count > 0) {
            return MOCAP_MESSAGE; // the read or write that follows reports errors
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

// ---- life

// Returns false. Where the socket's group decides, says how to get into it.
static bool refused(const char *path, struct mc_error *err)
{
    const int number = errno;
    struct stat status;
    struct group group, *found_group = NULL;
    struct passwd user, *found_user = NULL;
    char group_text[1024], user_text[1024];
    mc_error_set_errno(err, "connect to %s", path);
    if (number != EACCES || err == NULL || stat(path, &status) != 0 ||
        (status.st_mode & S_IWGRP) == 0 ||
        getgrgid_r(status.st_gid, &group, group_text, sizeof group_text, &found_group) != 0 ||
        found_group == NULL) {
        return false;
    }
    getpwuid_r(geteuid(), &user, user_text, sizeof user_text, &found_user);
    const size_t length = strlen(err->message);
    snprintf(err->message + length, sizeof err->message - length,
             "; members of the group %s may connect: sudo usermod -aG %s %s, then log in again",
             found_group->gr_name, found_group->gr_name,
             found_user != NULL ? found_user->pw_name : "USER");
    return false;
}

bool protocol_connection_open(struct protocol_connection *connection, const char *path,
                              int64_t deadline_ns, struct mc_error *err)
{
    struct sockaddr_un address;
    if (!protocol_endpoint_address(path, &address, err) ||
        !protocol_framing_init(&connection->framing, PROTOCOL_MESSAGE_BYTES, err)) {
        return false;
    }
    connection->fd =
        protocol_endpoint_connect(&address, protocol_connection_remaining_ms(deadline_ns));
    if (connection->fd < 0) {
        return refused(path, err);
    }
    if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0) {
        return mc_error_set_errno(err, "connect to %s", path);
    }
    return true;
}

void protocol_connection_close(struct protocol_connection *connection)
{
    if (connection->fd >= 0) {
        close(connection->fd);
    }
    connection->fd = -1;
    protocol_framing_finish(&connection->framing);
}

// ---- messages

static enum mocap_result closed(const struct protocol_connection *connection, struct mc_error *err)
{
    if (protocol_framing_partial(&connection->framing)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "the server closed the connection inside a message");
        return MOCAP_ERROR;
    }
    return MOCAP_CLOSED;
}

// Reads once, waiting for bytes until the deadline.
static enum mocap_result read_more(struct protocol_connection *connection, int64_t deadline_ns,
                                   struct mc_error *err)
{
    size_t size;
    char *room = protocol_framing_room(&connection->framing, &size);
    for (;;) {
        ssize_t count = read(connection->fd, room, size);
        if (count > 0) {
            protocol_framing_add(&connection->framing, (size_t)count);
            return MOCAP_MESSAGE;
        }
        if (count == 0 || errno == ECONNRESET) {
            return closed(connection, err);
        }
        if (errno == EAGAIN) {
            enum mocap_result result = wait_for(connection->fd, POLLIN, deadline_ns, err);
            if (result != MOCAP_MESSAGE) {
                return result;
            }
        } else if (errno != EINTR) {
            mc_error_set_errno(err, "reading from the server");
            return MOCAP_ERROR;
        }
    }
}

enum mocap_result protocol_connection_read(struct protocol_connection *connection,
                                           int64_t deadline_ns, char **bytes, size_t *length,
                                           struct mc_error *err)
{
    if (connection->fd < 0) {
        return MOCAP_CLOSED;
    }
    for (;;) {
        switch (protocol_framing_next(&connection->framing, bytes, length)) {
        case PROTOCOL_FRAMING_MESSAGE:
            return MOCAP_MESSAGE;
        case PROTOCOL_FRAMING_TOO_LONG:
            mc_error_set(err, MC_ERROR_FORMAT, 0, "a message of more than %d bytes",
                         PROTOCOL_MESSAGE_BYTES);
            return MOCAP_ERROR;
        case PROTOCOL_FRAMING_MORE:
            break;
        }
        enum mocap_result result = read_more(connection, deadline_ns, err);
        if (result != MOCAP_MESSAGE) {
            return result;
        }
    }
}

enum mocap_result protocol_connection_send(struct protocol_connection *connection,
                                           const struct protocol_buffer *request,
                                           int64_t deadline_ns, struct mc_error *err)
{
    if (connection->fd < 0) {
        return MOCAP_CLOSED;
    }
    size_t sent = 0;
    while (sent < request->length) {
        ssize_t count =
            send(connection->fd, request->data + sent, request->length - sent, MSG_NOSIGNAL);
        if (count >= 0) {
            sent += (size_t)count;
        } else if (errno == EAGAIN) {
            enum mocap_result result = wait_for(connection->fd, POLLOUT, deadline_ns, err);
            if (result == MOCAP_TIMEOUT) {
                mc_error_set(err, MC_ERROR_SYSTEM, ETIMEDOUT, "the server accepts no request");
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
