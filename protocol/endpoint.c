#include "protocol/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static bool check_length(const char *path, size_t length, struct mc_error *err)
{
    if (length == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the socket path is empty");
    }
    if (length >= PROTOCOL_ENDPOINT_BYTES) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "socket path of %zu bytes is too long, at most %d: %s", length,
                            PROTOCOL_ENDPOINT_BYTES - 1, path);
    }
    return true;
}

bool protocol_endpoint_default(char path[PROTOCOL_ENDPOINT_BYTES], struct mc_error *err)
{
    const char *directory = getenv("XDG_RUNTIME_DIR");
    if (geteuid() == 0 || directory == NULL || directory[0] != '/') {
        snprintf(path, PROTOCOL_ENDPOINT_BYTES, "%s", PROTOCOL_ENDPOINT_SYSTEM);
        return true;
    }
    int length = snprintf(path, PROTOCOL_ENDPOINT_BYTES, "%s/mocapd/mocapd.sock", directory);
    return check_length(path, length < 0 ? 0 : (size_t)length, err);
}

bool protocol_endpoint_address(const char *path, struct sockaddr_un *address, struct mc_error *err)
{
    size_t length = strlen(path);
    if (!check_length(path, length, err)) {
        return false;
    }
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(address->sun_path, path, length + 1);
    return true;
}

// While the server's backlog is full, connecting to a Unix socket blocks for as long as a send may.
// There 0 means forever, so 1 ms is the least.
static bool set_timeouts(int fd, int wait_ms)
{
    wait_ms = wait_ms > 0 ? wait_ms : 1;
    const struct timeval limit = { wait_ms / 1000, wait_ms % 1000 * 1000 };
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0;
}

static bool connect_socket(int fd, const struct sockaddr_un *address)
{
    int result;
    do {
        result = connect(fd, (const struct sockaddr *)(const void *)address, sizeof *address);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

int protocol_endpoint_connect(const struct sockaddr_un *address, int wait_ms)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && ((wait_ms >= 0 && !set_timeouts(fd, wait_ms)) || !connect_socket(fd, address))) {
        const int cause = errno;
        close(fd);
        errno = cause;
        return -1;
    }
    return fd;
}
