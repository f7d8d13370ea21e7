#include "tests/protocol/listening.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int listening_begin(struct listening *listening)
{
    struct sockaddr_un address;
    snprintf(listening->directory, sizeof listening->directory, "/tmp/mocapd-test-XXXXXX");
    if (mkdtemp(listening->directory) == NULL) {
        return -1;
    }
    snprintf(listening->path, sizeof listening->path, "%s/s", listening->directory);
    listening->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return protocol_endpoint_address(listening->path, &address, NULL) &&
                   bind(listening->fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                   listen(listening->fd, 4) == 0
               ? 0
               : -1;
}

int listening_end(struct listening *listening)
{
    close(listening->fd);
    unlink(listening->path);
    return rmdir(listening->directory);
}
