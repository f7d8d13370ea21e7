#include "tools/bridge/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static const int64_t REFUSED_NS = 3 * MC_NS_PER_SECOND; // refusals are reported that long

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
    return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

static void close_socket(struct bridge_udp *udp)
{
    if (udp->fd >= 0) {
        close(udp->fd);
        udp->fd = -1;
    }
}

static bool open_address(struct bridge_udp *udp, int index)
{
    const struct sockaddr_storage *address = &udp->address.found[index];
    const int yes = 1;
    close_socket(udp);
    udp->fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (udp->fd < 0) {
        udp->error = errno;
        return false;
    }
    // A broadcast address reaches every receiver of a network.
    setsockopt(udp->fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
    if (connect(udp->fd, (const struct sockaddr *)(const void *)address,
                udp->address.sizes[index]) != 0) {
        udp->error = errno;
        close_socket(udp);
        return false;
    }
    udp->current = index;
    udp->is_loopback = is_loopback(address);
    udp->error = 0;
    return true;
}

static void retry_later(struct bridge_udp *udp, int64_t now_ns)
{
    close_socket(udp);
    udp->retry_ms = bridge_retry_next(udp->retry_ms);
    udp->retry_at_ns = now_ns + udp->retry_ms * MC_NS_PER_MS;
    bridge_address_doubt(&udp->address, now_ns);
}

// The first address that opens, from the given one on.
static void open_any(struct bridge_udp *udp, int first, int64_t now_ns)
{
    const int count = udp->address.count;
    for (int i = 0; i < count; i++) {
        if (open_address(udp, (first + i) % count)) {
            return;
        }
    }
    retry_later(udp, now_ns);
}

bool bridge_udp_init(struct bridge_udp *udp, const char *text, const char *default_port,
                     struct mc_error *err)
{
    memset(udp, 0, sizeof *udp);
    udp->fd = -1;
    if (!bridge_address_init(&udp->address, text, default_port, err)) {
        return false;
    }
    bridge_udp_update(udp, mc_clock_now_ns());
    return true;
}

void bridge_udp_finish(struct bridge_udp *udp)
{
    close_socket(udp);
    bridge_address_finish(&udp->address);
}

void bridge_udp_update(struct bridge_udp *udp, int64_t now_ns)
{
    const bool has_moved = bridge_address_update(&udp->address, now_ns);
    if (udp->address.count > 0 && (has_moved || (udp->fd < 0 && now_ns >= udp->retry_at_ns))) {
        open_any(udp, 0, now_ns);
    }
}

bool bridge_udp_send(struct bridge_udp *udp, const void *bytes, size_t size, int64_t now_ns)
{
    // A refusal is about an earlier datagram, and reporting it clears it from the socket: another
    // attempt sends this one.
    int error = 0;
    for (int attempt = 0; udp->fd >= 0 && attempt < 2; attempt++) {
        if (send(udp->fd, bytes, size, MSG_NOSIGNAL) >= 0) {
            if (udp->refused_ns == 0 || now_ns - udp->refused_ns > REFUSED_NS) {
                udp->retry_ms = 0;
            }
            return true;
        }
        error = errno;
        if (error != ECONNREFUSED) {
            break;
        }
        udp->refused_ns = now_ns;
        if (udp->address.count > 1) {
            open_any(udp, udp->current + 1, now_ns);
        }
    }
    // Full buffers and datagrams that are too long are no fault of the network.
    if (udp->fd >= 0 && error != EAGAIN && error != ENOBUFS && error != EMSGSIZE &&
        error != ECONNREFUSED) {
        udp->error = error;
        retry_later(udp, now_ns);
    }
    return false;
}

enum bridge_link_state bridge_udp_state(const struct bridge_udp *udp, int64_t now_ns,
                                        const char **reason)
{
    *reason = "";
    if (udp->address.count == 0) {
        *reason = udp->address.failure != NULL ? udp->address.failure : "";
        return BRIDGE_LINK_RESOLVING;
    }
    if (udp->fd < 0) {
        *reason = strerrordesc_np(udp->error);
        return BRIDGE_LINK_DOWN;
    }
    if (udp->refused_ns != 0 && now_ns - udp->refused_ns < REFUSED_NS) {
        *reason = "nothing is listening there";
        return BRIDGE_LINK_WAITING;
    }
    return BRIDGE_LINK_UP;
}
