// Publishes what the local mocapd says, over NATS, MQTT or both.
//
// A thread of its own reads from mocapd and writes to the brokers. It holds no record longer than
// that takes: while a broker is slow, mocapd's own bound for a slow subscriber applies, and what it
// drops is counted as missed; what a broker does not take is counted as lost.
//
// A stream is subscribed to, and its camera open, only while somebody in the fleet wants it: see
// FLEET_WANT_MS.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct fleet_broker;
struct fleet_mqtt;
struct fleet_publisher;

enum {
    FLEET_WANT_MS = 10000,       // a stream is wanted for so long after a message on its FLEET_WANT
    FLEET_WANT_REPEAT_MS = 3000, // so often subscribers say so
};

// What that message says: FLEET_WANT_JSON for the JSON form, too; anything else for CBOR alone.
#define FLEET_WANT_JSON "json"

struct fleet_publisher_options {
    const char *socket;          // of mocapd; NULL: the default one. Borrowed
    const char *site;            // borrowed
    const char *machine;         // its name, for reports; borrowed
    bool always;                 // publish whether or not somebody wants it
    struct fleet_broker *broker; // NULL: none. Borrowed
    struct fleet_mqtt *mqtt;     // NULL: none. Borrowed
    // Whether the stream may be published now, and the fence of its lease, 0 for none; asked before
    // each publication. NULL: always, without. Thread: the publisher's.
    bool (*may_publish)(void *user, const char *stream, uint64_t *fence);
    void *user;
};

// Returns NULL and sets err when out of memory or threads; free with fleet_publisher_stop.
struct fleet_publisher *fleet_publisher_start(const struct fleet_publisher_options *options,
                                              struct mc_error *err) MC_MUST_USE;
void fleet_publisher_stop(struct fleet_publisher *publisher); // NULL does nothing

// What may_publish says has changed. Any thread.
void fleet_publisher_renew(struct fleet_publisher *publisher);
