// Which requests are allowed. A page of another site can make a browser connect to this machine,
// and with a name that resolves to it (DNS rebinding) the browser takes both for one site. So the
// Host header must be one of ours, and a WebSocket's Origin must be that same host.
#pragma once

#include <stdbool.h>

enum { WEB_HOSTS_MAX = 16 };

// Names that are ours besides localhost and addresses; borrowed.
struct web_hosts {
    int count;
    const char *names[WEB_HOSTS_MAX];
};

// True for a Host header that is ours: localhost, an IP address, which cannot be rebound, or one of
// the names; the port does not matter. NULL is not.
bool web_origin_host_is_ours(const struct web_hosts *hosts, const char *host);

// True when an Origin header names the host of the Host header, port included, or
// when there is none (NULL or ""): then the client is not a browser's page.
bool web_origin_is_same(const char *origin, const char *host);
