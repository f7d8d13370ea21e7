// The streams that a worker hands to the mocapd of its machine, by the requests that add and remove
// streams at run time. What is wanted is given; a thread makes it so, again after a restart of
// mocapd. It also measures how late that mocapd's records are. A mocapd that is late with an answer
// keeps its streams; one that leaves two requests in a row unanswered is lost.
//
// Names of streams that were handed over are kept in a file, so that a worker that was killed
// leaves none behind: the next one removes them.
#pragma once

#include <stdbool.h>

#include "tools/fleet/capacity.h"
#include "tools/fleet/roster.h"

struct fleet_local;

struct fleet_local_options {
    const char *socket; // of mocapd; NULL: the default one. Borrowed
    const char *file;   // of names; NULL: none. Borrowed
};

struct fleet_local_state {
    bool is_connected;
    struct fleet_load load; // without busy
    int handed;             // streams
    int refused;            // that mocapd did not take
};

struct fleet_local *fleet_local_start(const struct fleet_local_options *options,
                                      struct mc_error *err) MC_MUST_USE;

// Removes all streams that were handed over, if mocapd answers in a few seconds. NULL does nothing.
void fleet_local_stop(struct fleet_local *local);

// The streams that mocapd should run for the fleet, by name and options; copied. Sets is_handed of
// each: whether mocapd has confirmed that it runs it so, and not one of its own of that name. Any
// thread.
void fleet_local_set(struct fleet_local *local, struct fleet_stream *const *streams, int count);

// Copies the names of streams that mocapd refused, room at most; returns how many. Any thread.
int fleet_local_refused(struct fleet_local *local, char names[][FLEET_NAME_BYTES], int room);

void fleet_local_state(struct fleet_local *local, struct fleet_local_state *state); // any thread
