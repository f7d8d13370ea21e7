#include "tools/bridge/target.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

// Splits text. Returns false when it is neither HOST, HOST:PORT nor
// [ADDRESS]:PORT. port stays as it is where text has none.
static bool split(const char *text, char host[BRIDGE_TARGET_NAME_BYTES],
                  char port[BRIDGE_TARGET_NAME_BYTES])
{
    char copy[BRIDGE_TARGET_NAME_BYTES];
    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy) {
        return false;
    }
    char *start = copy, *after;
    if (copy[0] == '[') {
        start = copy + 1;
        char *end = strchr(start, ']');
        if (end == NULL) {
            return false;
        }
        *end = '\0';
        after = end + 1;
    } else {
        after = copy + strcspn(copy, ":");
    }
    if (*after != '\0') {
        if (*after != ':' || after[1] == '\0' || strchr(after + 1, ':') != NULL) {
            return false;
        }
        snprintf(port, BRIDGE_TARGET_NAME_BYTES, "%s", after + 1);
        *after = '\0';
    }
    snprintf(host, BRIDGE_TARGET_NAME_BYTES, "%s", start);
    return host[0] != '\0';
}

// getaddrinfo takes any number for a port, less what does not fit.
static bool is_port(const char *text)
{
    char *end;
    const long port = strtol(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port >= 1 && port <= 65535;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
    return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

bool bridge_target_open(struct bridge_target *target, const char *text, const char *default_port,
                        struct mc_error *err)
{
    *target = (struct bridge_target){ .fd = -1 };
    char host[BRIDGE_TARGET_NAME_BYTES], port[BRIDGE_TARGET_NAME_BYTES];
    snprintf(port, sizeof port, "%s", default_port);
    if (!split(text, host, port) || !is_port(port)) {
        return mc_error_set(
            err, MC_ERROR_ARGUMENT, 0,
            "must be HOST, HOST:PORT or [ADDRESS]:PORT with a port from 1 to 65535, got '%s'",
            text);
    }
    snprintf(target->name, sizeof target->name, "%s", text);
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_DGRAM,
                                    .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found;
    int status = getaddrinfo(host, port, &hints, &found);
    if (status != 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: %s", text, gai_strerror(status));
    }
    target->fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = target->fd >= 0 && connect(target->fd, found->ai_addr, found->ai_addrlen) == 0;
    if (!good) {
        mc_error_set_errno(err, "%s", text);
        bridge_target_close(target);
    } else {
        target->loopback = is_loopback(found->ai_addr);
    }
    freeaddrinfo(found);
    return good;
}

void bridge_target_close(struct bridge_target *target)
{
    if (target->fd >= 0) {
        close(target->fd);
        target->fd = -1;
    }
}

void bridge_target_send(struct bridge_target *target, const void *bytes, size_t size)
{
    // A refusal is about an earlier packet, and reporting it clears it from the socket: a second
    // attempt sends this packet.
    for (int attempt = 0; attempt < 2; attempt++) {
        if (send(target->fd, bytes, size, MSG_NOSIGNAL) >= 0) {
            return;
        }
        if (errno != ECONNREFUSED) {
            break;
        }
    }
    unsigned skipped;
    if (errno != ECONNREFUSED &&
        mc_log_limit_pass(&target->limit, 10 * MC_NS_PER_SECOND, &skipped)) {
        mc_log(MC_LOG_WARNING, "%s: %s", target->name, strerrordesc_np(errno));
    }
}
