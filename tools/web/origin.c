#include "tools/web/origin.h"

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

bool web_origin_host_is_ours(const struct web_hosts *hosts, const char *host)
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
    for (int i = 0; i < hosts->count; i++) {
        if (strcasecmp(name, hosts->names[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool web_origin_is_same(const char *origin, const char *host)
{
    if (origin == NULL || origin[0] == '\0') {
        return true;
    }
    static const char *const schemes[] = { "http://", "https://" };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        const size_t length = strlen(schemes[i]);
        if (strncasecmp(origin, schemes[i], length) == 0) {
            return host != NULL && strcasecmp(origin + length, host) == 0;
        }
    }
    return false; // also "null": a page without an origin
}
