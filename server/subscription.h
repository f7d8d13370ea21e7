// One connection's subscription to one stream. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "protocol/encode.h"
#include "server/message.h"
#include "server/publisher.h"

// Queued records of one subscription in every-frame mode.
enum {
    SERVER_HIGH_WATER = 64, // they hold the stream,
    SERVER_LOW_WATER = 16,  // and release it
    SERVER_BACKLOG_MAX = SERVER_HIGH_WATER + SERVER_IN_FLIGHT_MAX,
};

struct server_subscriber;

// The fields needed to drop a record for a slow subscriber come first: with a thousand of
// them, one cache line each is touched per record.
struct server_subscription {
    struct server_subscriber *subscriber;
    int stream;
    bool active;
    int encoding_index;            // in the server's encodings
    int waiting;                   // records in the subscriber's queue
    int64_t due_ns;                // with a rate limit: when the next record is due
    struct server_message *newest; // in latest mode, the queued record; a reference of its own
    uint64_t newest_missed;        // records left out before it
    uint64_t missed;               // records left out since the last one queued
    uint64_t missed_count;         // in all
    struct protocol_policy policy;
    bool is_own;                     // asked for by the stream's name, not for all streams
    bool announced;                  // the client was sent a list or a reply that names the stream
    bool calibrating;                // a calibrate request awaits its reply
    struct protocol_id calibrate_id; // that request's
};

// True when the rate limit lets a record published at now_ns through; counts it if so.
bool server_subscription_due(struct server_subscription *subscription, int64_t now_ns);

// True when one more record may be queued.
bool server_subscription_has_room(const struct server_subscription *subscription);

// In latest mode, keeps the queued record where a newer one can replace it at once; its
// queue entry then has no message. Takes over the reference. Returns false in other modes.
bool server_subscription_keep(struct server_subscription *subscription,
                              struct server_message *message, uint64_t missed);

// Returns the kept record with its reference.
struct server_message *server_subscription_take(struct server_subscription *subscription,
                                                uint64_t *missed);

// Counts a record that finds no room: the kept one, whose place the new one takes, or the new
// one when none is kept or the server is over its memory budget.
void server_subscription_miss(struct server_subscription *subscription,
                              struct server_message *message, bool over_budget);

// Counts `purged` queued records as missed and drops the kept one.
void server_subscription_purge(struct server_subscription *subscription, int purged);
