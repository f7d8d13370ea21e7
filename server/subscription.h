// What one connection has subscribed to: one stream, as it sees it. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "protocol/encode.h"
#include "server/message.h"

enum { SERVER_BACKLOG_MAX = 160 }; // waiting records, with every frame

struct server_subscriber;

// What a record for one that is behind needs comes first: of a thousand such no more
// memory is looked at for each.
struct server_subscription {
    struct server_subscriber *subscriber;
    bool active;
    int variant;                   // of the publisher's forms
    int waiting;                   // records in the subscriber's queue
    int64_t due_ns;                // with a maximal rate: the next record from here on
    struct server_message *newest; // in latest mode the one that waits; a reference of ours
    uint64_t newest_missed;        // records left out before it
    uint64_t missed;               // and since the last one queued
    uint64_t missed_count;         // in all
    struct protocol_policy policy;
    bool calibrating;                // waits for the neutral face to be measured
    struct protocol_id calibrate_id; // of its request
};

// True when its rate lets a record of now_ns through; counts it then.
bool server_subscription_due(struct server_subscription *subscription, int64_t now_ns);

// True when one more record may wait.
bool server_subscription_has_room(const struct server_subscription *subscription);

// Keeps the record that waits, in latest mode, where a newer one finds it at once: its
// place in the queue is empty. Takes over the reference. False in other modes.
bool server_subscription_keep(struct server_subscription *subscription,
                              struct server_message *message, uint64_t missed);

// Gives it back with its reference.
struct server_message *server_subscription_take(struct server_subscription *subscription,
                                                uint64_t *missed);

// A record is left out: this one, or, unless memory is short, the one that is kept: this
// one takes its place.
void server_subscription_miss(struct server_subscription *subscription,
                              struct server_message *message, bool crowded);

// So many that waited are left out, and the one that is kept.
void server_subscription_purge(struct server_subscription *subscription, int waiting);
