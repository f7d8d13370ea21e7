#include "tools/fleet/lease.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void fleet_lease_start(struct fleet_lease *lease, const char *session, uint64_t expected)
{
    memset(lease, 0, sizeof *lease);
    snprintf(lease->session, sizeof lease->session, "%s", session);
    lease->revision = expected;
}

bool fleet_lease_is_due(const struct fleet_lease *lease, int64_t now_ns)
{
    return lease->session[0] != '\0' && !lease->is_writing && now_ns >= lease->next_ns;
}

void fleet_lease_begin(struct fleet_lease *lease, uint64_t known, int64_t now_ns)
{
    lease->is_writing = true;
    lease->beat++;
    lease->known = known;
    lease->begun_ns = now_ns;
    lease->next_ns = now_ns + FLEET_RENEW_MS * MC_NS_PER_MS;
}

void fleet_lease_answer(struct fleet_lease *lease, enum fleet_result result, int64_t now_ns)
{
    lease->is_writing = false;
    if (result != FLEET_WRITTEN) {
        lease->next_ns = now_ns + FLEET_RENEW_MS * MC_NS_PER_MS / 4;
    }
}

void fleet_lease_see(struct fleet_lease *lease, uint64_t revision, const char *session,
                     uint64_t beat, bool has_ended)
{
    if (lease->session[0] == '\0' || revision <= lease->revision) {
        return;
    }
    if (has_ended || strcmp(session, lease->session) != 0) {
        memset(lease, 0, sizeof *lease);
        return;
    }
    lease->revision = revision;
    lease->is_held = true;
    // Of an earlier renewal it is not known any more when it was begun.
    if (beat == lease->beat) {
        lease->proven_ns = lease->begun_ns;
        lease->confirmed = lease->known;
    }
}

bool fleet_lease_is_proven(const struct fleet_lease *lease, int64_t now_ns)
{
    return lease->is_held && lease->proven_ns != 0 &&
           now_ns - lease->proven_ns < FLEET_PROVEN_MS * MC_NS_PER_MS;
}

bool fleet_lease_has_lapsed(int64_t changed_ns, int64_t now_ns)
{
    return now_ns - changed_ns >= FLEET_LEASE_MS * MC_NS_PER_MS;
}
