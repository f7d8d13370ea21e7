#include "pipeline/source/lookup.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <libavformat/avio.h>
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

static bool is_one_of(const char *url, const char *const *schemes)
{
    const size_t length = strcspn(url, ":");
    for (; *schemes != NULL; schemes++) {
        if (strlen(*schemes) == length && strncasecmp(url, *schemes, length) == 0) {
            return true;
        }
    }
    return false;
}

// Whether pattern, of that length, is host or a domain that it is in.
static bool covers(const char *pattern, size_t length, const char *host)
{
    if (length == 1 && pattern[0] == '*') {
        return true;
    }
    for (const char *start = "*."; *start != '\0'; start++) {
        if (length > 0 && pattern[0] == *start) {
            pattern++;
            length--;
        }
    }
    const size_t size = strlen(host);
    return length <= size && memcmp(host + size - length, pattern, length) == 0 &&
           (length == size || host[size - length - 1] == '.');
}

// By FFmpeg's rules.
static bool avoids_proxy(const char *host)
{
    static const char separators[] = " ,";
    const char *list = getenv("no_proxy");
    while (list != NULL && *(list += strspn(list, separators)) != '\0') {
        const size_t length = strcspn(list, separators);
        if (covers(list, length, host)) {
            return true;
        }
        list += length;
    }
    return false;
}

// The host that FFmpeg will connect to.
static bool find_host(const char *url, char *host, size_t size)
{
    static const char *const proxied[] = { "http", "https", "rtmpt", "rtmpte", NULL };
    static const char *const local[] = { "unix", NULL };
    const char *rest;
    const bool is_known = pipeline_url_parse(url, &rest) == PIPELINE_URL_RTSP ||
                          avio_find_protocol_name(url) != NULL; // else FFmpeg says so
    if (!is_known || is_one_of(url, local) || !pipeline_url_host(url, host, size)) {
        return false;
    }
    const char *proxy = getenv("http_proxy"); // FFmpeg's variable, for https, too
    const bool has_proxy = is_one_of(url, proxied) && proxy != NULL &&
                           strncmp(proxy, "http://", 7) == 0 && !avoids_proxy(host);
    return !has_proxy || pipeline_url_host(proxy, host, size);
}

bool pipeline_lookup_host(const char *url, struct pipeline_stop *stop, int64_t until_ns,
                          struct mc_error *err)
{
    char host[256];
    if (!find_host(url, host, sizeof host)) {
        return true;
    }
    struct addrinfo *found = pipeline_lookup_address(host, NULL);
    if (found != NULL) {
        freeaddrinfo(found);
        return true;
    }
    struct mc_resolver *resolver = mc_resolver_start(host, NULL, SOCK_STREAM);
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
