// A fleet's bucket for a thread that must not wait: writes are queued and answered later, and what
// anybody writes is told.
//
// The library's calls block, so two threads make them: one writes, renewals before all else, and
// one reads. A reader that lost its place, for which the broker's restart suffices, begins anew.
// It is known to have lost its place when it does not bring a write of our own.
//
// Thread of all functions: the owner's.
#pragma once

#include "tools/fleet/broker.h"
#include "tools/fleet/member.h"

struct fleet_bucket;

enum {
    FLEET_BUCKET_WRITES = 256,   // that wait
    FLEET_BUCKET_EVENTS = 4096,  // that wait; then the reader does
    FLEET_BUCKET_STALE_MS = 1500 // after which a write of ours must have been read
};

struct fleet_bucket_options {
    struct fleet_broker *broker; // borrowed; best a connection of its own
    const char *name;            // of the bucket; borrowed
    int replicas;                // see fleet_store_open
    // There are events to take. Thread: the bucket's.
    void (*notify)(void *user);
    void *user;
};

struct fleet_bucket *fleet_bucket_start(const struct fleet_bucket_options *options,
                                        struct mc_error *err) MC_MUST_USE;

// Waits for a write under way. NULL does nothing.
void fleet_bucket_stop(struct fleet_bucket *bucket);

// Queues a copy of the write. Returns false when there is no room.
bool fleet_bucket_write(struct fleet_bucket *bucket, const struct fleet_write *write);

// Gives all events there are to the member.
void fleet_bucket_take(struct fleet_bucket *bucket, struct fleet_member *member, int64_t now_ns);
