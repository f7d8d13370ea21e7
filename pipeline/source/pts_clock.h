// Time stamps: one line of time over repeats and reconnections, and the moment
// when a frame of a file is due. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/rational.h>

struct AVFrame;

struct pipeline_pts_clock {
    double frame_s;    // seconds from one frame to the next, as far as known
    double source_pts; // the last frame's, as the source counts
    double offset;     // pts minus the source's pts, in this session
    bool first;        // the next frame is the session's first
    bool any;          // there was a frame before
    double last_pts;   // of that frame
    int64_t last_ns;   // its arrival
    bool clock_set;    // the next two hold
    double clock_pts;  // this pts …
    int64_t clock_ns;  // … is due at this time
};

// A source was opened, at the beginning or again; frame_rate 0 if not known.
void pipeline_pts_clock_begin(struct pipeline_pts_clock *pace, double frame_rate);

// The time in the source's own count, in seconds: from the picture, or guessed
// from the frame before where it has none.
double pipeline_pts_clock_source_pts(struct pipeline_pts_clock *pace, const struct AVFrame *picture,
                                     struct AVRational time_base);

// The pts to publish. It goes on over sessions: by one frame for a source with
// an end, by the time that passed for a live one.
double pipeline_pts_clock_pts(struct pipeline_pts_clock *pace, double source_pts, bool live,
                              int64_t arrival_ns);

// When a frame that isn't live has to go out; never far from now.
int64_t pipeline_pts_clock_due_ns(struct pipeline_pts_clock *pace, double pts, int64_t now_ns);
