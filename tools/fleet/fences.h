// The fences under which a worker publishes its streams, for the publisher's thread: a table, and
// the time until which it holds. That time is checked at each publication, so that a worker whose
// other threads hang stops publishing all the same.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tools/fleet/member.h"

struct fleet_fences;

struct fleet_fences *fleet_fences_create(void) MC_MUST_USE; // NULL: out of memory
void fleet_fences_destroy(struct fleet_fences *fences);

// Takes what the member may publish now, of the streams that the local mocapd has. Returns whether
// any fence came, went or changed. Any thread.
bool fleet_fences_set(struct fleet_fences *fences, const struct fleet_member *member,
                      int64_t now_ns);

// Takes one stream out, before its lease is given back. Any thread.
void fleet_fences_remove(struct fleet_fences *fences, const char *stream);

// As fleet_publisher_options.may_publish, with the fences as user. Any thread.
bool fleet_fences_find(void *user, const char *stream, uint64_t *fence);

// The clock of leases, in ns: CLOCK_BOOTTIME.
int64_t fleet_fences_now_ns(void);
