// The listening socket. Thread: loop.
#pragma once

#include <sys/types.h>

#include <uv.h>

#include "base/error.h"

struct server_listener {
    uv_pipe_t pipe;
    char *path;      // owned
    char *lock_path; // owned: path with ".lock" behind it
    int lock_fd;
    dev_t device;
    ino_t inode; // of our socket file
    void (*on_connection)(void *user, uv_stream_t *listener);
    void *user;
};

// Listens at path, for the user and the group (mode 0660). Creates the directory above it if
// that is missing. A lock on path.lock, held until close, makes sure that of several servers
// that start at once only one listens. A socket file left by a server that has ended is
// replaced; one that somebody listens on, or a file of another type, is an error.
// on_connection and user are set before; everything else is set here.
bool server_listener_open(struct server_listener *server, uv_loop_t *loop, const char *path,
                          struct mc_error *err) MC_MUST_USE;

// The same with a socket that listens at path already, which the caller opened: whoever made its
// file removes it, and there is no lock. Takes fd over.
bool server_listener_adopt(struct server_listener *server, uv_loop_t *loop, int fd,
                           const char *path, struct mc_error *err) MC_MUST_USE;

// Stops listening and removes the socket file, if it is still ours, and the lock. Run the
// loop once more before freeing the server. Does nothing if it is not open.
void server_listener_close(struct server_listener *server);
