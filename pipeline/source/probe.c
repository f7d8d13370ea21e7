#include "pipeline/source/probe.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libavutil/error.h>

#include "base/error.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/url.h"
#include "pipeline/source/v4l2.h"
#include "pipeline/source/v4l2_find.h"

enum { CONNECT_MS = 300 };

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
        probe->was_away = last->detail == ENOENT;
        break;
    case PIPELINE_URL_RTSP:
    case PIPELINE_URL_NETWORK:
        probe->helps = true;
        probe->was_away = last->detail == AVERROR(ECONNREFUSED);
        break;
    default:
        break;
    }
}

static bool accepts(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool good = connect(fd, address->ai_addr, address->ai_addrlen) == 0;
    if (!good && errno == EINPROGRESS) {
        struct pollfd file = { .fd = fd, .events = POLLOUT };
        int error = 0;
        socklen_t size = sizeof error;
        good = poll(&file, 1, CONNECT_MS) > 0 &&
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

static bool is_reachable(const struct pipeline_probe *probe, struct pipeline_stop *stop)
{
    const char *rest;
    char host[256], port[8];
    if (pipeline_url_parse(probe->url, &rest) == PIPELINE_URL_V4L2) {
        return is_plugged_in(probe, rest);
    }
    if (!pipeline_url_endpoint(probe->url, host, sizeof host, port, sizeof port)) {
        return false;
    }
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return false;
    }
    bool good = false;
    for (const struct addrinfo *a = found; a != NULL && !good && !pipeline_stop_is_set(stop);
         a = a->ai_next) {
        good = accepts(a);
    }
    freeaddrinfo(found);
    return good;
}

bool pipeline_probe(struct pipeline_probe *probe, struct pipeline_stop *stop)
{
    if (!probe->helps) {
        return false;
    }
    const bool reachable = is_reachable(probe, stop);
    const bool back = reachable && probe->was_away;
    probe->was_away |= !reachable;
    return back;
}
