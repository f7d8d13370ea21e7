// The HTTP and WebSocket server, on a libuv loop: the page's files, /healthz, /metrics, /photo, and
// at /ws the board, as text messages of the protocol. libwebsockets is used only here, in
// browser.c, in photo.c and in answer.c.
//
// A browser may send {"type":"ping","id":N} and gets a pong with "t_ns", this
// machine's CLOCK_MONOTONIC in ns, with which it computes latencies, {"type":"stage"} (browser.c),
// and control (control.h). All other requests are refused. A POST to /ws says why a WebSocket would
// be refused.
#pragma once

#include <uv.h>

#include "base/error.h"
#include "tools/web/access.h"
#include "tools/web/board.h"
#include "tools/web/pages.h"

enum { WEB_SERVER_BROWSERS_MAX = 32 };

struct web_server;

struct web_server_options {
    const char *address;
    int port;             // 0: any that is free
    const char *socket;   // of mocapd; NULL: the default one
    const char *bridge;   // socket of mocap-bridge's state
    const char *mocapctl; // path of the program that finds the faces in a photo
    const char *token;    // its holder may calibrate, change settings and have photos read
    const struct web_names *names;
    const struct web_pages *pages;
    struct web_board *board;
    // A WebSocket was opened or closed; count are open now. Not called for those that the end of
    // the server closes. Thread: loop.
    void (*on_browsers)(void *user, int count);
    // Whether mocapd is connected.
    bool (*is_healthy)(void *user);
    void *user;
};

// Listens. Everything in options is borrowed. Returns NULL and sets err on failure.
// Thread: loop, like all functions here.
struct web_server *web_server_create(uv_loop_t *loop, const struct web_server_options *options,
                                     struct mc_error *err) MC_MUST_USE;

// Closes all connections, after which the loop ends. NULL does nothing.
void web_server_close(struct web_server *server);
// After that end. NULL does nothing.
void web_server_destroy(struct web_server *server);

int web_server_port(const struct web_server *server);

// The board has something new.
void web_server_show(struct web_server *server);
