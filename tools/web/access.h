// Which requests are allowed. A page of another site can make a browser connect to this machine,
// and with a name that resolves to it (DNS rebinding) the browser takes both for one site. So the
// Host header must be one of ours, and a WebSocket's Origin must be that same host or one that was
// named.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { WEB_NAMES_MAX = 16 };

// Names that are ours besides localhost and addresses; borrowed.
struct web_names {
    int host_count, origin_count;
    const char *hosts[WEB_NAMES_MAX];   // "desk.example"
    const char *origins[WEB_NAMES_MAX]; // "https://desk.example": web_access_is_origin
};

// True for SCHEME://HOST[:PORT] with the scheme http or https.
bool web_access_is_origin(const char *text);

// True for a Host header that is ours: localhost, an IP address, which cannot be rebound, or one of
// the names, also those of origins; the port does not matter. NULL is not.
bool web_access_host_is_ours(const struct web_names *names, const char *host);

// True when an Origin header is one of the named, or names the host of the Host header, port
// included, or when there is none (NULL or ""): then the client is not a browser's page.
bool web_access_origin_is_ours(const struct web_names *names, const char *origin, const char *host);

// Writes why a request with this Host header is refused, and what to do about it.
void web_access_explain_host(const char *host, char *reason, size_t size);
// The same for a WebSocket from a page of that origin.
void web_access_explain_origin(const char *origin, const char *host, char *reason, size_t size);
