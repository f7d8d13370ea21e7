#include "pipeline/source/probe.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libavutil/error.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/resolver.h"
#include "pipeline/source/lookup.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/url.h"
#include "pipeline/source/v4l2.h"
#include "pipeline/source/v4l2_find.h"

enum { CONNECT_MS = 300, LOOKUP_MS = 300, INTERVAL_MS = 500 };

enum reach { REACHABLE, UNREACHABLE, UNKNOWN };

void pipeline_probe_begin(struct pipeline_probe *probe, const char *url,
                          const struct mc_error *last)
{
    const char *rest;
    *probe = (struct pipeline_probe){
        .url = url,
        .sysfs = PIPELINE_V4L2_SYSFS,
        .links = PIPELINE_V4L2_LINKS,
    };
    switch (pipeline_url_parse(url, &rest)) {
    case PIPELINE_URL_V4L2:
        probe->helps = true;
        probe->was_unreachable = last->detail == ENOENT;
        break;
    case PIPELINE_URL_RTSP:
    case PIPELINE_URL_NETWORK:
        probe->helps = true;
        probe->was_unreachable = last->detail == AVERROR(ECONNREFUSED);
        break;
    default:
        break;
    }
}

static bool accepts(const struct addrinfo *address, const struct pipeline_stop *stop)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool good = connect(fd, address->ai_addr, address->ai_addrlen) == 0;
    if (!good && errno == EINPROGRESS) {
        struct pollfd files[2] = { { .fd = fd, .events = POLLOUT },
                                   { .fd = stop->fd, .events = POLLIN } };
        int error = 0;
        socklen_t size = sizeof error;
        good = poll(files, 2, CONNECT_MS) > 0 && files[0].revents != 0 &&
               getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    }
    close(fd);
    return good;
}

// Whether a webcam has a device node, however it is named.
static bool is_plugged_in(const struct pipeline_probe *probe, const char *name)
{
    struct pipeline_v4l2_options options;
    char path[PATH_MAX];
    return pipeline_v4l2_parse(name, &options, NULL) &&
           pipeline_v4l2_find(options.device, probe->sysfs, probe->links, path, sizeof path,
                              NULL) &&
           access(path, F_OK) == 0;
}

static enum reach try_connect(const struct addrinfo *found, struct pipeline_stop *stop)
{
    for (const struct addrinfo *a = found; a != NULL && !pipeline_stop_is_set(stop);
         a = a->ai_next) {
        if (accepts(a, stop)) {
            return REACHABLE;
        }
    }
    return pipeline_stop_is_set(stop) ? UNKNOWN : UNREACHABLE;
}

// Looks the host up, and connects to its addresses, one after the other.
static enum reach reach_server(struct pipeline_probe *probe, struct pipeline_stop *stop)
{
    char host[256], port[8];
    int status;
    struct addrinfo *found;
    if (!pipeline_url_endpoint(probe->url, host, sizeof host, port, sizeof port)) {
        return UNREACHABLE;
    }
    found = pipeline_lookup_address(host, port);
    if (found != NULL) {
        const enum reach reach = try_connect(found, stop);
        freeaddrinfo(found);
        return reach;
    }
    if (probe->resolver == NULL) {
        probe->resolver = mc_resolver_start(host, port, SOCK_STREAM);
    }
    const int64_t until_ns = mc_clock_now_ns() + LOOKUP_MS * MC_NS_PER_MS;
    if (probe->resolver == NULL ||
        !pipeline_lookup_wait(probe->resolver, stop, until_ns, &status, &found)) {
        return UNKNOWN;
    }
    const enum reach reach = status == 0 ? try_connect(found, stop) : UNREACHABLE;
    pipeline_probe_end(probe);
    return reach;
}

void pipeline_probe_end(struct pipeline_probe *probe)
{
    mc_resolver_release(probe->resolver);
    probe->resolver = NULL;
}

bool pipeline_probe(struct pipeline_probe *probe, struct pipeline_stop *stop)
{
    const char *rest;
    if (!probe->helps) {
        return false;
    }
    const bool is_webcam = pipeline_url_parse(probe->url, &rest) == PIPELINE_URL_V4L2;
    const enum reach reach = !is_webcam                   ? reach_server(probe, stop)
                             : is_plugged_in(probe, rest) ? REACHABLE
                                                          : UNREACHABLE;
    const bool back = reach == REACHABLE && probe->was_unreachable;
    probe->was_unreachable |= reach == UNREACHABLE;
    return back;
}

// The clock decides, not the number of probes: they may take longer than the time between them.
void pipeline_probe_wait(struct pipeline_probe *probe, struct pipeline_stop *stop, int64_t until_ns)
{
    bool waits = true;
    for (int64_t now_ns; waits && (now_ns = mc_clock_now_ns()) < until_ns;) {
        const int64_t next_ns = now_ns + INTERVAL_MS * MC_NS_PER_MS;
        if (probe->helps && next_ns < until_ns) {
            waits = pipeline_stop_sleep_until(stop, next_ns) && !pipeline_probe(probe, stop);
        } else {
            pipeline_stop_sleep_until(stop, until_ns);
            waits = false;
        }
    }
}
