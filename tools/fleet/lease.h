// The lease of a worker: the session that its key in the bucket names, and that all leases of its
// streams rest on. One write renews them all, so that a broker has as much to do as there are
// workers, however many streams they own.
//
//   0                        a renewal begins (and then succeeds)
//   FLEET_RENEW_MS           the next one
//   FLEET_PROVEN_MS          without another one that succeeded, the owner stops publishing
//   FLEET_LEASE_MS           any other worker that has not seen the key change for so long may end
//                            the session, by compare-and-set with the revision that it saw
//
// Both sides count on clocks of their own, from a time that lies before the write for the owner and
// after it for the others. So no two clocks are compared; they only must run at about the same
// rate. The clock is CLOCK_BOOTTIME, which goes on while a machine is suspended.
//
// A write proves nothing before it is seen in the bucket, in its order among all others: a cluster
// of nats-server 2.9 may answer two writes that expect the same revision, and come at the same
// time, both with success. Of those the later one counts. A lease that was taken is therefore good
// once a renewal has been seen that began after it was seen: then nothing that raced with it can
// follow.
//
// Pure: times, results and revisions are given. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tools/fleet/roster.h"

enum {
    FLEET_LEASE_MS = 3000,
    FLEET_RENEW_MS = 750,
    FLEET_MARGIN_MS = 750, // for records under way and for clocks' drift
    FLEET_PROVEN_MS = FLEET_LEASE_MS - FLEET_MARGIN_MS,
    FLEET_RECORD_MS = 500, // what writing a record may take: one that began in time ends in time
    FLEET_WRITE_MS = 1000, // what a write to the bucket may take; then nobody knows its result
};

enum fleet_result {
    FLEET_WRITTEN,
    FLEET_CONFLICT, // the key had another revision
    FLEET_UNKNOWN,  // no answer: it may have been written, and may still be
};

struct fleet_lease {
    char session[FLEET_SESSION_BYTES]; // "": none
    uint64_t revision;                 // of the worker's key; 0: not written yet
    int64_t proven_ns;                 // when the last renewal that was seen was begun; 0: none was
    uint64_t beat;                     // number of the renewal that was begun last
    uint64_t known;                    // newest revision of the bucket that was seen when it was
    uint64_t confirmed;                // the same of the last renewal that was seen
    int64_t begun_ns;                  // when the one under way was begun
    int64_t next_ns;                   // when the next one is due
    bool is_held;                      // written, and nobody is known to have ended it
    bool is_writing;
};

// Starts a session, which others must not know yet. expected is the revision that its first write
// replaces; 0: the key must not be there.
void fleet_lease_start(struct fleet_lease *lease, const char *session, uint64_t expected);

// Whether a renewal should be written now.
bool fleet_lease_is_due(const struct fleet_lease *lease, int64_t now_ns);

// A renewal, expected to replace lease->revision, is being written.
//   known  the newest revision of the bucket that has been seen
void fleet_lease_begin(struct fleet_lease *lease, uint64_t known, int64_t now_ns);

// What became of it. What the key says is known once it is seen.
void fleet_lease_answer(struct fleet_lease *lease, enum fleet_result result, int64_t now_ns);

// The worker's key, as seen in the bucket. Ends the lease when its session has ended there.
//   beat  the renewal's number, as the key has it
void fleet_lease_see(struct fleet_lease *lease, uint64_t revision, const char *session,
                     uint64_t beat, bool has_ended);

// Whether no other worker can have ended the session by now. Only then may its streams be
// published.
bool fleet_lease_is_proven(const struct fleet_lease *lease, int64_t now_ns);

// Whether another worker, whose key was last seen to change at changed_ns, may be ended.
bool fleet_lease_has_lapsed(int64_t changed_ns, int64_t now_ns);
