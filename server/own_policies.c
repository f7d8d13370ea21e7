#include "server/own_policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void remove_at(struct server_own_policies *own, int index)
{
    own->count--;
    memmove(&own->policies[index], &own->policies[index + 1],
            (size_t)(own->count - index) * sizeof own->policies[0]);
}

bool server_own_policies_take(struct server_own_policies *own, const char *stream,
                              struct protocol_policy *policy)
{
    for (int i = 0; i < own->count; i++) {
        if (strcmp(own->policies[i].stream, stream) == 0) {
            *policy = own->policies[i].policy;
            remove_at(own, i);
            return true;
        }
    }
    return false;
}

bool server_own_policies_keep(struct server_own_policies *own, const char *stream,
                              const struct protocol_policy *policy)
{
    struct server_own_policy *policies =
        realloc(own->policies, (size_t)(own->count + 1) * sizeof *policies);
    if (policies == NULL) {
        return false;
    }
    own->policies = policies;
    struct server_own_policy *last = &policies[own->count++];
    snprintf(last->stream, sizeof last->stream, "%s", stream);
    last->policy = *policy;
    if (own->count > PROTOCOL_STREAMS_MAX) {
        remove_at(own, 0);
    }
    return true;
}

void server_own_policies_clear(struct server_own_policies *own)
{
    free(own->policies);
    *own = (struct server_own_policies){ 0 };
}
