// The connections of the server, so that a new one finds room. When there are many, the one that
// has asked for nothing for the longest time goes; WebSockets stay. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lws;

enum {
    WEB_CONNECTIONS_MAX = 96,  // that libwebsockets accepts: files and browsers
    WEB_CONNECTIONS_KEPT = 64, // beyond these, the oldest goes
};

struct web_connections { // zeroed: none
    struct web_connection {
        struct lws *wsi;
        uint64_t used; // when it was last: the count of uses then
        bool is_socket, is_leaving;
    } list[WEB_CONNECTIONS_MAX];
    int count;
    uint64_t uses;
};

// A connection was accepted. Closes the one that has been idle for longest, where there are many.
void web_connections_add(struct web_connections *connections, struct lws *wsi);

// It sent a request, or became a WebSocket.
void web_connections_use(struct web_connections *connections, const struct lws *wsi,
                         bool is_socket);

void web_connections_remove(struct web_connections *connections, const struct lws *wsi);
