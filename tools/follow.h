// Follows a daemon through its restarts: connects, subscribes, reads, and begins
// again when the connection is lost. What happens is logged once an outage. While its
// records are not wanted it stays connected and lets the subscription go, so that a
// camera on demand may shut.
//
//     while ((event = follow_next(follow, &message)) != FOLLOW_STOPPED) ...
#pragma once

#include "base/error.h"
#include "protocol/mocap.h"

struct follow;

enum follow_event {
    FOLLOW_CONNECTED, // and subscribed, if wanted: follow_server tells to whom
    FOLLOW_RESTING,   // the subscription was let go
    FOLLOW_MESSAGE,   // message is set; it stays until the next call
    FOLLOW_LOST,      // the daemon is gone; the next call tries to reach it again
    FOLLOW_STOPPED,   // follow_stop was called
};

struct follow_options {
    const char *socket;             // NULL: the default one
    struct mocap_options subscribe; // to what, and how
    bool first_alone;               // with no stream named: the daemon's first, not all
    bool at_rest;                   // nothing is wanted until follow_want says so
};

// What options point to is borrowed. Connects to nothing yet. Free with follow_destroy.
struct follow *follow_create(const struct follow_options *options,
                             struct mc_error *err) MC_MUST_USE;
void follow_destroy(struct follow *follow); // NULL does nothing

// Blocks until something happens. Thread: one, always the same.
enum follow_event follow_next(struct follow *follow, struct mocap_message *message);

// The daemon, while there is one; else NULL. Thread: that of follow_next.
const struct mocap_server *follow_server(const struct follow *follow);

// The one stream that is followed, while there is a daemon; NULL: all that it has. The
// daemon's or the options'. Thread: that of follow_next.
const char *follow_stream(const struct follow *follow);

// Whether records are wanted from now on; follow_next subscribes or unsubscribes. Any
// thread.
void follow_want(struct follow *follow, bool is_wanted);

// Wakes follow_next, now or at its next call. Any thread, and signal handlers.
void follow_stop(struct follow *follow);
