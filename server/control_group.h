// Who may send the requests that change what every subscriber gets: root, the daemon's own user and
// the members of one group, by the socket's peer credentials. Thread: loop.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "protocol/message.h"

struct server_subscriber;

struct server_control_group { // zeroed: no group
    gid_t id;                 // 0: none
    char name[64];            // or its number
    bool is_named;
};

// Sets the group and looks up its name. That may block, so it is not done for each request.
void server_control_group_set(struct server_control_group *group, gid_t id);

bool server_control_group_admits(const struct server_control_group *group,
                                 const struct server_subscriber *subscriber);

// Sets the error for a subscriber that is not admitted to requests of that name.
void server_control_group_forbid(const struct server_control_group *group,
                                 const struct server_subscriber *subscriber, const char *request,
                                 struct protocol_error *error);
