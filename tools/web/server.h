// The HTTP and WebSocket server, on a libuv loop: the page's files, and at /ws the
// board, as text messages of the protocol. libwebsockets lives here alone.
//
// A browser may send {"type":"ping","id":N} and gets a pong with "t_ns", the time
// here in ns of CLOCK_MONOTONIC: so it can tell how old a record is. Everything
// else it might ask is refused.
#pragma once

#include <uv.h>

#include "base/error.h"
#include "tools/web/board.h"
#include "tools/web/origin.h"
#include "tools/web/pages.h"

enum {
    WEB_SERVER_BROWSERS_MAX = 32,
    WEB_SERVER_CONNECTIONS_MAX = 96, // files and browsers
    WEB_SERVER_REQUEST_BYTES = 1024, // longer ones end the connection
};

struct web_server;

struct web_server_options {
    const char *address;
    int port; // 0: any that is free
    const struct web_hosts *hosts;
    const struct web_pages *pages;
    const struct web_board *board;
    // One came or went: so many WebSockets there are now. Not for those that end with the
    // server. Thread: loop.
    void (*on_browsers)(void *user, int count);
    void *user;
};

// Listens. All in options is borrowed. Returns NULL and sets err on failure.
// Thread: loop, as all here.
struct web_server *web_server_create(uv_loop_t *loop, const struct web_server_options *options,
                                     struct mc_error *err) MC_MUST_USE;

// Closes all connections: the loop then comes to its end. NULL does nothing.
void web_server_close(struct web_server *server);
// After that end. NULL does nothing.
void web_server_destroy(struct web_server *server);

int web_server_port(const struct web_server *server);

// The board has something new.
void web_server_show(struct web_server *server);
