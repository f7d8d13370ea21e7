// A connection to NATS that outlives the broker's restarts.
//
// The library's own threads connect, reconnect and deliver; a connection that the broker ends for
// good, because it refuses the credentials, is made anew later. Nothing is buffered while there is
// no connection, and little while the broker is slow: publishing then fails, or blocks for
// a bounded time, so that whoever publishes counts what is lost.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <nats/nats.h>

#include "base/error.h"

struct fleet_broker;
struct fleet_options;

enum { FLEET_BROKER_WRITE_MS = 2000 };

struct fleet_broker_options {
    const struct fleet_options *fleet; // its URLs, credentials, certificates; borrowed
    const char *name;                  // of this client, for the broker's monitoring; borrowed
    int write_ms;                      // that publishing may block; 0: FLEET_BROKER_WRITE_MS
};

// A message; what it points to is valid for the call. reply NULL: none is expected. Thread: the
// library's, one for all subscriptions, so messages arrive one after another; it may publish.
typedef void fleet_broker_message_fn(void *user, const char *subject, const char *reply,
                                     const char *data, size_t length);

// The broker has refused a message of this client, which may not publish on the subject; that
// fleet_broker_publish has returned true for it. Thread: the library's; it may not use the broker.
typedef void fleet_broker_refusal_fn(void *user, const char *subject);

// Connects, in the background if the broker is not there yet. The first attempt, at each server of
// the list, is made at once: it takes 6 s at most, or half a second for each of more than 12
// servers that do not answer, and so does fleet_broker_stop while one is made again. Returns NULL
// and sets err when that can never succeed: a URL that is none, a file that cannot be read. Free
// with fleet_broker_stop.
struct fleet_broker *fleet_broker_start(const struct fleet_broker_options *options,
                                        struct mc_error *err) MC_MUST_USE;

// Sends what is queued, for FLEET_BROKER_WRITE_MS at most, and closes. Waits three seconds at most
// for the library's last callbacks; none of ours runs afterwards. NULL does nothing. Not from a
// callback.
void fleet_broker_stop(struct fleet_broker *broker);

bool fleet_broker_is_connected(const struct fleet_broker *broker); // any thread

// The URLs that were given, without secrets. Any thread.
const char *fleet_broker_url(const struct fleet_broker *broker);

// Has on_refusal called from now on; NULL: nothing, and no call runs afterwards. Any thread.
void fleet_broker_watch_refusals(struct fleet_broker *broker, fleet_broker_refusal_fn *on_refusal,
                                 void *user);

// Publishes on core NATS at once. Returns false when it is lost: there is no connection, or the
// broker does not read. Any thread.
bool fleet_broker_publish(struct fleet_broker *broker, const char *subject, const void *data,
                          size_t length);

// Subscribes, now and after every reconnect. subject may have wildcards; at most max_pending
// messages wait to be delivered, further ones are lost. Returns NULL and sets err when out of
// memory. Any thread but the callback's.
struct fleet_broker_subscription *fleet_broker_subscribe(struct fleet_broker *broker,
                                                         const char *subject, int max_pending,
                                                         fleet_broker_message_fn *on_message,
                                                         void *user,
                                                         struct mc_error *err) MC_MUST_USE;

// No callback runs afterwards. NULL does nothing. Any thread but the callback's.
void fleet_broker_unsubscribe(struct fleet_broker *broker,
                              struct fleet_broker_subscription *subscription);

// The connection, for JetStream, until fleet_broker_release; NULL, and nothing to release, while
// there is none. Hold it for a few requests, not for ever. Any thread but callbacks.
natsConnection *fleet_broker_acquire(struct fleet_broker *broker);
void fleet_broker_release(struct fleet_broker *broker);
