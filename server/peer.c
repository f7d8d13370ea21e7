#include "server/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool read_credentials(int fd, struct ucred *peer)
{
    socklen_t size = sizeof *peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size) == 0;
}

struct server_peer server_peer_read(int fd)
{
    struct ucred peer;
    return read_credentials(fd, &peer) ? (struct server_peer){ (int)peer.pid, (int)peer.uid }
                                       : (struct server_peer){ -1, -1 };
}

static bool is_own_group(int fd, gid_t group)
{
    struct ucred peer;
    return read_credentials(fd, &peer) && peer.gid == group;
}

// The kernel says how much room the list needs: at most 65536 groups.
static bool is_supplementary_group(int fd, gid_t group)
{
    socklen_t size = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE) {
        return false;
    }
    gid_t *groups = malloc(size);
    bool found = false;
    if (groups != NULL && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
        for (size_t i = 0; i < size / sizeof *groups; i++) {
            found = found || groups[i] == group;
        }
    }
    free(groups);
    return found;
}

bool server_peer_is_in_group(int fd, gid_t group)
{
    return is_own_group(fd, group) || is_supplementary_group(fd, group);
}
