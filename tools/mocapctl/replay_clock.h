// When a recording's records are due: their distances in time on our clock.
//
// Recordings are bytes from outside: time stamps may be anything, and nothing overflows.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mocapctl_replay_clock {
    double speed;     // above 0
    bool running;     // false: the next record is due at once, and the others after it
    int64_t start_ns; // on our clock, when the record first_ns was due
    int64_t first_ns; // on the recording's
    int64_t last_ns;  // likewise, of the record before
};

// When the record that was published at published_ns is due; now_ns is our clock's time. A
// distance of more than a day from the record before it, either way, is taken for damage: the
// record is due at once.
int64_t mocapctl_replay_clock_due_ns(struct mocapctl_replay_clock *clock, int64_t published_ns,
                                     int64_t now_ns);

// The arrival time of a record that is published now_ns, with the latency it was recorded with;
// now_ns where that makes no sense.
int64_t mocapctl_replay_clock_arrival_ns(int64_t arrival_ns, int64_t published_ns, int64_t now_ns);
