// The fleet's streams as they come from the broker, for one loop.
//
// The broker's thread puts what arrives into bounded queues; the loop takes it out, checks it and
// hands it on. A thread of its own subscribes and says what is wanted, as that may block while the
// broker is away. Everything from the broker is hostile: names, lengths and contents are checked.
// Thread: loop, unless stated otherwise.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"
#include "protocol/record.h"

struct fleet_broker;
struct fleet_state_report;
struct fleet_upstream;

struct fleet_upstream_options {
    struct fleet_broker *broker; // borrowed
    const char *site;            // borrowed
    void (*on_state)(void *user, const struct fleet_state_report *report);
    // record is the receiver's to change; valid for the call.
    void (*on_record)(void *user, int stream, struct protocol_record *record);
    void *user;
};

struct fleet_upstream_counts {
    uint64_t records; // handed on
    uint64_t missed;  // the loop was behind: a newer one took its place
    uint64_t refused; // not what it should be
    uint64_t stale;   // of a machine that lost its lease
};

// Returns NULL and sets err when out of memory or threads. Stop with fleet_upstream_stop.
struct fleet_upstream *fleet_upstream_start(uv_loop_t *loop,
                                            const struct fleet_upstream_options *options,
                                            struct mc_error *err) MC_MUST_USE;
// Calls nothing any more. Run the loop until it ends, then destroy it. NULL does nothing.
void fleet_upstream_stop(struct fleet_upstream *upstream);
void fleet_upstream_destroy(struct fleet_upstream *upstream);

// The streams' numbers are the caller's, 0 to PROTOCOL_STREAMS_MAX - 1. Opening one forgets what
// the number stood for before.
void fleet_upstream_open(struct fleet_upstream *upstream, int stream, const char *name);
void fleet_upstream_close(struct fleet_upstream *upstream, int stream);

// Whether somebody here wants the stream's records. Never blocks.
void fleet_upstream_want(struct fleet_upstream *upstream, int stream, bool is_wanted);

// A fence that is too high, by whoever may publish there, silences the stream until all about it
// has been silent for a minute; so does a stream that goes from work to publish, which has no
// fence.
//
// Whether fence is no lower than any of the stream's before, of records and states: what a machine
// says that lost its lease is dropped.
bool fleet_upstream_accepts(struct fleet_upstream *upstream, int stream, uint64_t fence);

void fleet_upstream_counts(const struct fleet_upstream *upstream,
                           struct fleet_upstream_counts *counts);
