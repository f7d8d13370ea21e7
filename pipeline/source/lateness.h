// Whether a live source's frames arrive late, by waiting that really happened.
//
// Stamps alone can't tell: where they advance by less than the time between arrivals,
// either frames queue behind a slow link, or the camera's clock runs slow. So lateness
// is the waiting time of a queue (Lindley's recursion: what was left, plus the time
// between two arrivals, less the time between their stamps; never below zero), in two
// parts. A pause beyond the usual interval between frames is a wait. Slow growth is
// one only when the link is saturated or growth is too quick for a clock; else it is
// put down to the clock, whose rate is corrected. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/source/link.h"

struct pipeline_lateness {
    bool started;
    int64_t arrival_ns;    // of the last frame
    double interval_s;     // between arrivals, smoothed
    double rate;           // seconds per stamped second; 0: not known, taken as 1
    double total_s;        // lateness of the last frame
    double paused_s;       // the part of it from pauses
    int64_t calm_ns;       // when the other part was last negligible
    int64_t late_since_ns; // arrival of the first of the late frames in a row; 0: none
};

enum pipeline_lateness_verdict {
    PIPELINE_LATENESS_FRESH,
    PIPELINE_LATENESS_LATE,     // over a second late: drop it
    PIPELINE_LATENESS_HOPELESS, // all were late for five seconds: reconnect
};

// For a new connection. Keeps the clock's rate: it is the same camera.
void pipeline_lateness_reset(struct pipeline_lateness *lateness);

// Whether what came from elsewhere could be ours: no number in it spoils the verdicts that follow.
// Its flag is not looked at.
bool pipeline_lateness_is_sane(const struct pipeline_lateness *lateness, int64_t now_ns);

// Judges the next frame. advance_s: by how much its stamp is ahead of the last frame's;
// NAN when stamps don't tell. arrival_ns before the last frame's counts as that.
enum pipeline_lateness_verdict pipeline_lateness_judge(struct pipeline_lateness *lateness,
                                                       double advance_s, int64_t arrival_ns,
                                                       enum pipeline_link_load link);
