#include "daemon/activation.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

// How many descriptors were passed to this process; its children must not think that of themselves.
static long count_passed(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    const long passed = pid == NULL || count == NULL || strtol(pid, NULL, 10) != (long)getpid()
                            ? 0
                            : strtol(count, NULL, 10);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return passed;
}

static bool is_set(int fd, int option, int wanted)
{
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

int daemon_activation_take(char path[PATH_MAX], struct mc_error *err)
{
    const long count = count_passed();
    struct sockaddr_un address = { 0 };
    socklen_t size = sizeof address - 1; // a path may fill sun_path without an end
    if (count <= 0) {
        return -1;
    }
    if (count > 1) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                     "LISTEN_FDS must be 1 socket (one ListenStream= in mocapd.socket), got %ld",
                     count);
        return -1;
    }
    if (getsockname(FIRST_FD, (struct sockaddr *)&address, &size) != 0 ||
        address.sun_family != AF_UNIX || !is_set(FIRST_FD, SO_TYPE, SOCK_STREAM) ||
        !is_set(FIRST_FD, SO_ACCEPTCONN, 1) || address.sun_path[0] != '/') {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                     "the descriptor that was passed must be a listening Unix stream socket with a "
                     "path (ListenStream=/... and Accept=no in mocapd.socket)");
        return -1;
    }
    fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC);
    snprintf(path, PATH_MAX, "%s", address.sun_path);
    return FIRST_FD;
}
