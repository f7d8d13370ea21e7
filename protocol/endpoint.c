#include "protocol/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
