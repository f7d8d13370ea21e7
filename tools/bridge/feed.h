// A feed: one subscription to the daemon, on a thread of its own, for all targets that show the
// same stream in the same way.
#pragma once

#include <jansson.h>

#include "tools/bridge/target.h"

struct bridge_feed;

struct bridge_feed_options {
    const char *socket; // NULL: the default one
    const char *stream; // NULL: the daemon's first
    enum mocap_lost lost;
    int64_t start_ns; // when the bridge started
    struct bridge_target *targets[BRIDGE_TARGETS_MAX];
    int target_count;
};

// Copies options; what they point to is borrowed. Returns NULL and sets err when out of memory,
// file descriptors or threads.
struct bridge_feed *bridge_feed_start(const struct bridge_feed_options *options,
                                      struct mc_error *err) MC_MUST_USE;

// Ends the thread, and frees the feed. NULL does nothing.
void bridge_feed_stop(struct bridge_feed *feed);

// Adds to a target's report: connected, stream ("" while not known), stream_state ("live", ...) and
// outage (why not connected, or "").
void bridge_feed_report(struct bridge_feed *feed, json_t *report);
