// Subscriptions of a connection to NATS that outlive it: each is attached to the connection there
// is, and to the next one when that has ended.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <nats/nats.h>

#include "tools/fleet/broker.h"

// Zeroed at first. Thread: any, while the connection stays.
struct fleet_broker_subscriptions {
    struct fleet_broker_subscription *first; // guarded by a lock of the process
};

// Adds one, and attaches it; connection NULL: there is none yet. Returns NULL when out of memory.
struct fleet_broker_subscription *
fleet_broker_subscriptions_add(struct fleet_broker_subscriptions *subscriptions,
                               natsConnection *connection, const char *subject, int max_pending,
                               fleet_broker_message_fn *on_message, void *user);

// No callback runs afterwards.
void fleet_broker_subscriptions_remove(struct fleet_broker_subscriptions *subscriptions,
                                       struct fleet_broker_subscription *subscription);

// From the connection, before it is destroyed.
void fleet_broker_subscriptions_detach(struct fleet_broker_subscriptions *subscriptions);

// To a new connection. Returns false when out of memory for some.
bool fleet_broker_subscriptions_attach(struct fleet_broker_subscriptions *subscriptions,
                                       natsConnection *connection);
