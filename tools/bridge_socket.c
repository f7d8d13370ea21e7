#include "tools/bridge_socket.h"

#include <errno.h>
#include <string.h>

bool tools_bridge_socket_path(char path[PROTOCOL_ENDPOINT_BYTES], struct mc_error *err)
{
    static const char name[] = "mocap-bridge.sock";
    if (!protocol_endpoint_default(path, err)) {
        return false;
    }
    char *end = strrchr(path, '/') + 1;
    if ((size_t)(end - path) + sizeof name > PROTOCOL_ENDPOINT_BYTES) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "socket path too long: %s", path);
    }
    memcpy(end, name, sizeof name);
    return true;
}

int tools_bridge_socket_connect(const char *path, int wait_ms, struct mc_error *err)
{
    struct sockaddr_un address;
    if (!protocol_endpoint_address(path, &address, err)) {
        return -1;
    }
    const int fd = protocol_endpoint_connect(&address, wait_ms);
    if (fd < 0 && errno == EAGAIN) {
        mc_error_set(err, MC_ERROR_SYSTEM, EAGAIN, "%s: no answer in time", path);
    } else if (fd < 0) {
        mc_error_set_errno(err, "%s", path);
    }
    return fd;
}
