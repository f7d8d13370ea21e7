// Who is at the other end of a Unix socket, by what the kernel noted when it connected. Any thread.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct server_peer {
    int pid, uid; // -1 when unknown
};

struct server_peer server_peer_read(int fd);

// True when the group is the peer's own or one of its supplementary groups.
bool server_peer_is_in_group(int fd, gid_t group);
