#include "server/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "protocol/endpoint.h"

enum { BACKLOG = 128 };

static bool make_directory(const char *path, struct mc_error *err)
{
    char directory[PROTOCOL_ENDPOINT_BYTES];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return true;
    }
    memcpy(directory, path, (size_t)(slash - path));
    directory[slash - path] = '\0';
    if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
        return mc_error_set_errno(err, "%s", directory);
    }
    return true;
}

// Whether somebody listens at the address: 1 or 0; -1 and err when that can't be told.
static int is_listening(const struct sockaddr_un *address, struct mc_error *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        mc_error_set_errno(err, "socket");
        return -1;
    }
    bool connected = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    int number = errno;
    close(fd);
    if (connected || number == EAGAIN) { // too busy to accept us now
        return 1;
    }
    if (number == ECONNREFUSED) {
        return 0;
    }
    errno = number;
    mc_error_set_errno(err, "%s: can't tell whether anybody listens there", address->sun_path);
    return -1;
}

// Removes a socket that nobody listens on.
static bool clear_path(const struct sockaddr_un *address, struct mc_error *err)
{
    const char *path = address->sun_path;
    struct stat status;
    if (lstat(path, &status) != 0) {
        return errno == ENOENT || mc_error_set_errno(err, "%s", path);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: is there and is no socket", path);
    }
    int listening = is_listening(address, err);
    if (listening < 0) {
        return false;
    }
    if (listening > 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: another mocapd listens there", path);
    }
    if (unlink(path) != 0) {
        return mc_error_set_errno(err, "%s", path);
    }
    mc_log(MC_LOG_INFO, "replacing the socket %s that an earlier mocapd left", path);
    return true;
}

// A bound socket, or -1. libuv's own bind would cut a long path and remove the
// file at the end whoever owns it.
static int bind_socket(struct server_listener *server, const struct sockaddr_un *address,
                       struct mc_error *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        mc_error_set_errno(err, "socket");
        return -1;
    }
    mode_t mask = umask(0117); // 0660 from the start
    int status = bind(fd, (const struct sockaddr *)address, sizeof *address);
    int number = errno;
    umask(mask);
    struct stat file;
    if (status != 0 || stat(address->sun_path, &file) != 0) {
        errno = status != 0 ? number : errno;
        mc_error_set_errno(err, "%s", address->sun_path);
        close(fd);
        return -1;
    }
    server->device = file.st_dev;
    server->inode = file.st_ino;
    return fd;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server_listener *server = listener->data;
    if (status < 0) {
        mc_log(MC_LOG_WARNING, "%s: %s", server->path, uv_strerror(status));
        return;
    }
    server->on_connection(server->user, listener);
}

static void remove_file(const struct server_listener *server)
{
    struct stat file;
    if (lstat(server->path, &file) == 0 && file.st_dev == server->device &&
        file.st_ino == server->inode) {
        unlink(server->path);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct server_listener *server = handle->data;
    free(server->path);
    server->path = NULL;
}

bool server_listener_open(struct server_listener *server, uv_loop_t *loop, const char *path,
                          struct mc_error *err)
{
    struct sockaddr_un address;
    if (!protocol_endpoint_address(path, &address, err) || !make_directory(path, err) ||
        !clear_path(&address, err)) {
        return false;
    }
    server->path = strdup(path);
    if (server->path == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the socket");
    }
    int fd = bind_socket(server, &address, err);
    if (fd < 0) {
        free(server->path);
        server->path = NULL;
        return false;
    }
    uv_pipe_init(loop, &server->pipe, 0);
    server->pipe.data = server;
    int status = uv_pipe_open(&server->pipe, fd);
    if (status < 0) {
        close(fd);
    } else {
        status = uv_listen((uv_stream_t *)&server->pipe, BACKLOG, on_connection);
    }
    if (status < 0) {
        mc_error_set(err, MC_ERROR_SYSTEM, -status, "%s: %s", path, uv_strerror(status));
        server_listener_close(server);
        return false;
    }
    return true;
}

void server_listener_close(struct server_listener *server)
{
    if (server->path != NULL && !uv_is_closing((uv_handle_t *)&server->pipe)) {
        remove_file(server);
        uv_close((uv_handle_t *)&server->pipe, on_closed);
    }
}
