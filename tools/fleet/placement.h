// Placement: which worker should own a stream. Every worker computes it from its own roster and
// acts on its own part of the answer; where rosters differ, compare-and-set decides.
//
// A stream goes where it was moved to, else where most of its labels match, else where the smallest
// part of the capacity is in use; equal workers are told apart by a hash of both names, so that
// streams of a machine that died scatter over all others.
//
// Pure. fleet_roster_count must have been called. Thread: the roster's.
#pragma once

#include "tools/fleet/roster.h"

enum {
    // In percent of capacity, how much fuller a worker must be than another before it gives it a
    // stream: less is not worth the gap in the records.
    FLEET_SPREAD_PERCENT = 10,
};

// The worker that should take an orphan: the best one with room, after attempt others, each of
// which is better but has not taken it in its time. NULL: there is no room.
struct fleet_worker *fleet_placement_take(const struct fleet_roster *roster,
                                          const struct fleet_stream *stream, int attempt);

// A stream that its owner, the given worker, should give away now, and to whom. Returns NULL when
// all is well. Only a stream that is neither being written, nor left, nor kept is considered.
struct fleet_stream *fleet_placement_give(const struct fleet_roster *roster,
                                          const struct fleet_worker *worker,
                                          struct fleet_worker **to);

// Spreads pairs of names evenly.
uint64_t fleet_placement_hash(const char *worker, const char *stream);
