// What a connection that is subscribed to all streams asked of single ones that are gone: if a
// stream of that name comes again, it is subscribed to it in this way, as a client that has
// connected again would subscribe it. Thread: loop.
#pragma once

#include <stdbool.h>

#include "protocol/message.h"
#include "protocol/policy.h"

struct server_own_policy {
    char stream[PROTOCOL_NAME_BYTES];
    struct protocol_policy policy;
};

struct server_own_policies {            // zeroed: empty
    struct server_own_policy *policies; // owned; oldest first
    int count;                          // at most PROTOCOL_STREAMS_MAX: then the oldest gives way
};

// Returns false when out of memory.
bool server_own_policies_keep(struct server_own_policies *own, const char *stream,
                              const struct protocol_policy *policy);

// Takes the stream's out. Returns false when there is none.
bool server_own_policies_take(struct server_own_policies *own, const char *stream,
                              struct protocol_policy *policy);

// Forgets all, and frees the memory.
void server_own_policies_clear(struct server_own_policies *own);
