// Who may ask. A page of another site can make a browser connect to this machine,
// and a name that its owner points here (DNS rebinding) makes it think that both
// are one site. So the host that the browser believes to talk to must be one of
// ours, and a WebSocket's page must come from that same host.
#pragma once

#include <stdbool.h>

enum { WEB_HOSTS_MAX = 16 };

// Names that are ours beside localhost and addresses; borrowed.
struct web_hosts {
    int count;
    const char *names[WEB_HOSTS_MAX];
};

// True for a Host header that is ours: localhost, an IP address, which no name can
// stand for, or one of the names; the port does not matter. NULL is not.
bool web_origin_host_is_ours(const struct web_hosts *hosts, const char *host);

// True when an Origin header names the host of the Host header, port included, or
// when there is none (NULL or ""): then it is no browser's page that asks.
bool web_origin_is_same(const char *origin, const char *host);
