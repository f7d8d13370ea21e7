// The listening socket. Thread: loop.
#pragma once

#include <sys/types.h>

#include <uv.h>

#include "base/error.h"

struct server_listener {
    uv_pipe_t pipe;
    char *path; // owned
    dev_t device;
    ino_t inode; // of the socket file that is ours
    void (*on_connection)(void *user, uv_stream_t *listener);
    void *user;
};

// Listens at path, for the user and the group (mode 0660); makes the directory
// above if it is missing. A socket that nobody listens on any more is replaced;
// one that somebody listens on, or a file that is no socket, is an error.
bool server_listener_open(struct server_listener *server, uv_loop_t *loop, const char *path,
                          struct mc_error *err) MC_MUST_USE;

// Stops listening and removes the socket file if it is still ours. The loop has to
// run once more before the server's memory goes.
void server_listener_close(struct server_listener *server);
