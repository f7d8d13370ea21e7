#include "tools/web/access.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_BYTES = 256 };

// The name of HOST, HOST:PORT or [ADDRESS]:PORT. Returns false for anything else.
static bool take_name(const char *host, char name[NAME_BYTES])
{
    const bool bracket = host[0] == '[';
    const char *start = host + bracket;
    const size_t length = strcspn(start, bracket ? "]" : ":");
    const char *rest = start + length + (bracket && start[length] == ']');
    if (length == 0 || length >= NAME_BYTES || (bracket && start[length] != ']')) {
        return false;
    }
    if (*rest != '\0' &&
        (*rest != ':' || rest[1] == '\0' || rest[1 + strspn(rest + 1, "0123456789")] != '\0')) {
        return false;
    }
    memcpy(name, start, length);
    name[length] = '\0';
    return true;
}

static bool is_name_of_origin(const char *origin, const char *name)
{
    char own[NAME_BYTES];
    return take_name(strstr(origin, "://") + 3, own) && strcasecmp(own, name) == 0;
}

// The host of an origin, port included; NULL for what is no origin of a page.
static const char *host_of(const char *origin)
{
    static const char *const schemes[] = { "http://", "https://" };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        const size_t length = strlen(schemes[i]);
        if (strncasecmp(origin, schemes[i], length) == 0) {
            return origin + length;
        }
    }
    return NULL; // also "null": a page without an origin
}

bool web_access_is_origin(const char *text)
{
    char name[NAME_BYTES];
    const char *host = host_of(text);
    return host != NULL && strpbrk(host, "/?#@ ") == NULL && take_name(host, name);
}

bool web_access_host_is_ours(const struct web_names *names, const char *host)
{
    char name[NAME_BYTES];
    unsigned char address[sizeof(struct in6_addr)];
    if (host == NULL || !take_name(host, name)) {
        return false;
    }
    if (strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, address) == 1 ||
        (host[0] == '[' && inet_pton(AF_INET6, name, address) == 1)) {
        return true;
    }
    bool found = false;
    for (int i = 0; i < names->host_count; i++) {
        found = found || strcasecmp(name, names->hosts[i]) == 0;
    }
    for (int i = 0; i < names->origin_count; i++) {
        found = found || is_name_of_origin(names->origins[i], name);
    }
    return found;
}

bool web_access_origin_is_ours(const struct web_names *names, const char *origin, const char *host)
{
    if (origin == NULL || origin[0] == '\0') {
        return true;
    }
    for (int i = 0; i < names->origin_count; i++) {
        if (strcasecmp(origin, names->origins[i]) == 0) {
            return true;
        }
    }
    const char *of = host_of(origin);
    return of != NULL && host != NULL && strcasecmp(of, host) == 0;
}

void web_access_explain_host(const char *host, char *reason, size_t size)
{
    char name[NAME_BYTES];
    if (host == NULL || !take_name(host, name)) {
        snprintf(reason, size, "the request names no host that mocap-web could know");
    } else {
        snprintf(
            reason, size,
            "mocap-web does not recognise '%.64s' as a name of this machine; if it is one, start "
            "mocap-web with --host %.64s, or behind a reverse proxy with --origin https://%.64s",
            name, name, name);
    }
}

void web_access_explain_origin(const char *origin, const char *host, char *reason, size_t size)
{
    if (origin == NULL || !web_access_is_origin(origin)) {
        snprintf(reason, size, "pages without an address of their own may not connect");
    } else {
        snprintf(
            reason, size,
            "the page is at %.80s, but the request reached mocap-web as one for %.64s; if both "
            "are yours, as behind a reverse proxy, start mocap-web with --origin %.80s",
            origin, host == NULL ? "an unknown host" : host, origin);
    }
}
