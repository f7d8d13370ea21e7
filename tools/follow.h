// Follows a daemon through its restarts: connects, subscribes and reads, and reconnects when the
// connection is lost. Each outage is logged once. While records are not wanted, it stays
// connected without a subscription, so that the daemon can close cameras opened on demand.
//
//     while ((event = follow_next(follow, &message)) != FOLLOW_STOPPED) ...
#pragma once

#include "base/error.h"
#include "protocol/mocap.h"

struct follow;

enum follow_event {
    FOLLOW_CONNECTED, // and subscribed, if records are wanted; or its streams changed:
                      // follow_server
    FOLLOW_RESTING,   // unsubscribed, as records are not wanted
    FOLLOW_MESSAGE,   // message is set, and valid until the next call
    FOLLOW_LOST,      // the connection is lost; the next call reconnects
    FOLLOW_STOPPED,   // follow_stop was called
};

struct follow_options {
    const char *socket;             // NULL: the default one
    struct mocap_options subscribe; // what to subscribe to, and how
    bool first_alone;               // if no stream is named: only the daemon's first
    bool at_rest;                   // start without a subscription, until follow_want
    // Called whenever there is nobody to follow, and why; NULL: nothing. Thread: that of
    // follow_next.
    void (*on_outage)(void *user, const char *reason);
    void *user;
};

// Does not connect yet. What options point to is borrowed. Returns NULL and sets err when out of
// memory or file descriptors; free with follow_destroy.
struct follow *follow_create(const struct follow_options *options,
                             struct mc_error *err) MC_MUST_USE;
void follow_destroy(struct follow *follow); // NULL does nothing

// Blocks until the next event. Thread: always the same one.
enum follow_event follow_next(struct follow *follow, struct mocap_message *message);

// The daemon, or NULL while not connected. Thread: that of follow_next.
const struct mocap_server *follow_server(const struct follow *follow);

// The name of the only stream followed: the options' or, with first_alone, the daemon's first while
// connected. NULL: all streams. Borrowed from them. Thread: that of follow_next.
const char *follow_stream(const struct follow *follow);

// Sets whether records are wanted; follow_next then subscribes or unsubscribes. Any thread.
void follow_want(struct follow *follow, bool is_wanted);

// Makes follow_next return FOLLOW_STOPPED, now or at its next call. Any thread, and signal
// handlers.
void follow_stop(struct follow *follow);
