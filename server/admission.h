// Which connections stay when there are too many, over all or of one user: one that neither
// subscribes to anything nor awaits a reply gives way, the one that has sent no request for the
// longest time first. Thread: loop.
#pragma once

#include <stdbool.h>

#include "protocol/message.h"

struct server_subscriber;

struct server_admission {
    int connections; // over all; at least 1
    int per_user;    // of one uid; at least 1
};

// One user's share unless configured: three quarters, so that others can connect.
int server_admission_default_share(int connections);

// Whether the newest connection may stay in the list from first, which includes it. If so, sets
// *idle to the one that must be closed for it, or NULL; otherwise fills error.
bool server_admission_check(const struct server_admission *admission,
                            struct server_subscriber *first, const struct server_subscriber *newest,
                            struct server_subscriber **idle, struct protocol_error *error);

// The connection that would give way next; NULL: none is idle.
struct server_subscriber *server_admission_idle(struct server_subscriber *first);
