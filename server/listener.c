#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "protocol/endpoint.h"

#define LOCK_SUFFIX ".lock"

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
        const int number = errno;
        const bool is_system = number == EACCES && getenv("XDG_RUNTIME_DIR") == NULL;
        return mc_error_set(
            err, MC_ERROR_SYSTEM, number, "%s: %s%s", directory, strerrordesc_np(number),
            is_system ? "; XDG_RUNTIME_DIR is not set, as it is in a login session: "
                        "set it, or choose the place with --socket PATH"
                      : "");
    }
    return true;
}

// ---- the lock

static bool is_in_use(const char *path, struct mc_error *err)
{
    return mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s: another mocapd listens there", path);
}

// Opens the lock file, creating it if it is missing. Only its owner may open it: anyone who can
// open a file can lock it. A symbolic link is not followed, and nothing is ever written.
static int open_lock(const char *path, struct mc_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat file;
    if (fd < 0 || fstat(fd, &file) != 0) {
        mc_error_set_errno(err, "lock file %s", path);
    } else if (!S_ISREG(file.st_mode)) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "lock file %s: must be a regular file", path);
    } else if (file.st_uid != geteuid()) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "lock file %s: must belong to uid %ld, got uid %ld",
                     path, (long)geteuid(), (long)file.st_uid);
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

// True when fd is the file that path names now.
static bool is_same_file(int fd, const char *path)
{
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

// Takes the lock for the life of the server. An owner removes the file before unlocking it: a
// lock on a file without a name protects nothing, so we try again.
static bool lock(struct server_listener *server, struct mc_error *err)
{
    for (;;) {
        int fd = open_lock(server->lock_path, err);
        if (fd < 0) {
            return false;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) {
                is_in_use(server->path, err);
            } else {
                mc_error_set_errno(err, "lock file %s", server->lock_path);
            }
            close(fd);
            return false;
        }
        if (is_same_file(fd, server->lock_path)) {
            server->lock_fd = fd;
            return true;
        }
        close(fd);
    }
}

static void unlock(struct server_listener *server)
{
    if (server->lock_fd >= 0) {
        unlink(server->lock_path); // still locked: nobody else can own the name
        close(server->lock_fd);
        server->lock_fd = -1;
    }
}

// ---- the socket

// Returns 1 when somebody listens at the address, 0 when nobody does; -1 and sets err when
// that cannot be found out.
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
    if (connected || number == EAGAIN) { // its backlog is full
        return 1;
    }
    if (number == ECONNREFUSED) {
        return 0;
    }
    errno = number;
    mc_error_set_errno(err, "%s: cannot tell whether anybody listens there", address->sun_path);
    return -1;
}

// Removes a socket file that nobody listens on.
static bool clear_path(const struct sockaddr_un *address, struct mc_error *err)
{
    const char *path = address->sun_path;
    struct stat status;
    if (lstat(path, &status) != 0) {
        return errno == ENOENT || mc_error_set_errno(err, "%s", path);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: must be a socket, got another file",
                            path);
    }
    int listening = is_listening(address, err);
    if (listening < 0) {
        return false;
    }
    if (listening > 0) {
        return is_in_use(path, err);
    }
    if (unlink(path) != 0) {
        return mc_error_set_errno(err, "%s", path);
    }
    mc_log(MC_LOG_INFO, "replacing the socket %s, left by an earlier mocapd", path);
    return true;
}

// Returns a socket that listens, or -1. libuv's own bind would truncate a long path, and remove the
// file on close, whatever its owner.
static int bind_socket(struct server_listener *server, const struct sockaddr_un *address,
                       struct mc_error *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        mc_error_set_errno(err, "socket");
        return -1;
    }
    mode_t mask = umask(0117); // 0660 from the start
    // Listening at once: whoever sees the file connects.
    const int status =
        bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 ? listen(fd, BACKLOG) : -1;
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

static void free_paths(struct server_listener *server)
{
    free(server->path);
    free(server->lock_path);
    server->path = server->lock_path = NULL;
}

static void on_closed(uv_handle_t *handle)
{
    free_paths(handle->data);
}

static bool set_paths(struct server_listener *server, const char *path, struct mc_error *err)
{
    const size_t length = strlen(path);
    server->path = strdup(path);
    server->lock_path = malloc(length + sizeof LOCK_SUFFIX);
    if (server->path == NULL || server->lock_path == NULL) {
        free_paths(server);
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the socket");
    }
    memcpy(server->lock_path, path, length);
    memcpy(server->lock_path + length, LOCK_SUFFIX, sizeof LOCK_SUFFIX);
    return true;
}

static bool listen_on(struct server_listener *server, uv_loop_t *loop, int fd, struct mc_error *err)
{
    uv_pipe_init(loop, &server->pipe, 0);
    server->pipe.data = server;
    int status = uv_pipe_open(&server->pipe, fd);
    if (status < 0) {
        close(fd);
    } else {
        status = uv_listen((uv_stream_t *)&server->pipe, BACKLOG, on_connection);
    }
    if (status < 0) {
        mc_error_set(err, MC_ERROR_SYSTEM, -status, "%s: %s", server->path, uv_strerror(status));
        server_listener_close(server);
        return false;
    }
    return true;
}

bool server_listener_open(struct server_listener *server, uv_loop_t *loop, const char *path,
                          struct mc_error *err)
{
    struct sockaddr_un address;
    server->path = server->lock_path = NULL;
    server->lock_fd = -1;
    if (!protocol_endpoint_address(path, &address, err) || !make_directory(path, err) ||
        !set_paths(server, path, err)) {
        return false;
    }
    int fd =
        lock(server, err) && clear_path(&address, err) ? bind_socket(server, &address, err) : -1;
    if (fd < 0) {
        unlock(server);
        free_paths(server);
        return false;
    }
    return listen_on(server, loop, fd, err);
}

bool server_listener_adopt(struct server_listener *server, uv_loop_t *loop, int fd,
                           const char *path, struct mc_error *err)
{
    server->path = server->lock_path = NULL;
    server->lock_fd = -1;
    server->device = 0;
    server->inode = 0; // of no file: it is not ours
    if (!set_paths(server, path, err)) {
        close(fd);
        return false;
    }
    return listen_on(server, loop, fd, err);
}

void server_listener_close(struct server_listener *server)
{
    if (server->path != NULL && !uv_is_closing((uv_handle_t *)&server->pipe)) {
        remove_file(server);
        unlock(server);
        uv_close((uv_handle_t *)&server->pipe, on_closed);
    }
}
