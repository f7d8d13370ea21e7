#include "pipeline/source/lookup.h"

#include <stdlib.h>
#include <sys/socket.h>

#include <libavutil/error.h>

#include "base/clock.h"
#include "base/resolver.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/url.h"

enum { LOOK_MS = 5 }; // from one look for the answer to the next; at first 1 ms

bool pipeline_lookup_wait(struct mc_resolver *resolver, struct pipeline_stop *stop,
                          int64_t until_ns, int *status, struct addrinfo **found)
{
    for (int64_t wait_ms = 1; !mc_resolver_done(resolver, status, found); wait_ms = LOOK_MS) {
        const int64_t next_ns = mc_clock_now_ns() + wait_ms * MC_NS_PER_MS;
        if (next_ns > until_ns || !pipeline_stop_sleep_until(stop, next_ns)) {
            return false;
        }
    }
    return true;
}

struct addrinfo *pipeline_lookup_address(const char *host, const char *port)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
    struct addrinfo *found = NULL;
    return getaddrinfo(host, port, &hints, &found) == 0 ? found : NULL;
}

bool pipeline_lookup_host(const char *url, struct pipeline_stop *stop, int64_t until_ns,
                          struct mc_error *err)
{
    const char *rest;
    char host[256], port[8];
    const bool is_rtsp = pipeline_url_parse(url, &rest) == PIPELINE_URL_RTSP;
    if ((!is_rtsp && getenv("http_proxy") != NULL) || // FFmpeg's variable, for https, too
        !pipeline_url_endpoint(url, host, sizeof host, port, sizeof port)) {
        return true;
    }
    struct addrinfo *found = pipeline_lookup_address(host, port);
    if (found != NULL) {
        freeaddrinfo(found);
        return true;
    }
    struct mc_resolver *resolver = mc_resolver_start(host, port, SOCK_STREAM);
    int status = 0;
    if (resolver == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no thread to look up %s", host);
    }
    const bool answered = pipeline_lookup_wait(resolver, stop, until_ns, &status, &found);
    mc_resolver_release(resolver);
    if (!answered) {
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR(ETIMEDOUT),
                            "can't look up %s: the name server does not answer", host);
    }
    return status == 0 || mc_error_set(err, MC_ERROR_MEDIA, AVERROR(EIO), "can't look up %s: %s",
                                       host, gai_strerror(status));
}
