// The age of a live source's frames: how much later one arrived than the
// quickest so far, by its pts. A frame held back during a stall, or queued
// behind a link that is too slow, shows here and nowhere else.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pipeline_lateness {
    bool started;
    int64_t quickest_ns;     // least arrival minus pts
    int64_t last_arrival_ns; //
    int64_t late_since_ns;   // arrival of the first of the late frames in a row, 0: none
};

enum pipeline_lateness_verdict {
    PIPELINE_AGE_FRESH,
    PIPELINE_AGE_LATE,     // over a second old: drop it
    PIPELINE_AGE_HOPELESS, // all were late for five seconds: connect again
};

// Forgets everything: for a new connection.
void pipeline_lateness_reset(struct pipeline_lateness *age);

// Judges the next frame. pts_seconds in the source's own clock, which may drift
// from ours by a thousandth.
enum pipeline_lateness_verdict pipeline_lateness_judge(struct pipeline_lateness *age,
                                                       double pts_seconds, int64_t arrival_ns);
