#include "tools/web/listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OTHER_FILES = 32 }; // besides connections: pages, calls, the loop's

static bool explain(const char *address, int port, int cause, struct mc_error *err)
{
    switch (cause) {
    case EADDRNOTAVAIL:
        return mc_error_set(err, MC_ERROR_SYSTEM, cause,
                            "can't listen at %s:%d: this machine has no such address; 127.0.0.1 "
                            "serves this machine alone, 0.0.0.0 every address it has",
                            address, port);
    case EADDRINUSE:
        return mc_error_set(err, MC_ERROR_SYSTEM, cause,
                            "can't listen at %s:%d: another program does, perhaps another "
                            "mocap-web; choose another port with --listen %s:PORT",
                            address, port, address);
    case EACCES:
        return mc_error_set(err, MC_ERROR_SYSTEM, cause,
                            "can't listen at %s:%d: only root may use ports below 1024", address,
                            port);
    default:
        errno = cause;
        return mc_error_set_errno(err, "can't listen at %s:%d", address, port);
    }
}

bool web_listening_is_possible(const char *address, int port, struct mc_error *err)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    const int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool good = fd >= 0 && inet_pton(AF_INET, address, &at.sin_addr) == 1 &&
                      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                      bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    const int cause = errno;
    if (fd >= 0) {
        close(fd);
    }
    return good || explain(address, port, cause, err);
}

bool web_listening_has_files(int connections, struct mc_error *err)
{
    const rlim_t least = (rlim_t)connections + OTHER_FILES;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return mc_error_set_errno(err, "getrlimit");
    }
    if (limit.rlim_cur < least && limit.rlim_max >= least) {
        limit.rlim_cur = least;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur >= least ||
           mc_error_set(err, MC_ERROR_SYSTEM, EMFILE,
                        "the limit of open files must be at least %lu, got %lu: see ulimit -n or "
                        "LimitNOFILE=",
                        (unsigned long)least, (unsigned long)limit.rlim_cur);
}
