// The pts to publish, from what the source stamps and when frames arrive: it always
// rises, in true seconds, over repeats, reconnects and faults of the source's clock.
//
// A file's pts are its stamps. A live source's follow the arrival times in the long
// run; from one frame to the next they follow the stamps, at the rate that the camera's
// clock is measured to have (a delay-locked loop), so that the network's jitter does not
// show. Stamps that stand still, step back or jump are ignored for a while. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/rational.h>

struct AVFrame;

// All zero before the first call of begin.
struct pipeline_pts_clock {
    double pts; // of the last frame
    bool any;   // there was a last frame
    bool first; // the next frame is the session's first
    bool repeats;
    double frame_s;
    int64_t arrival_ns; // of the last frame
    double offset;      // pts less stamp, played out by stamps

    // Of a source that is paced by arrival.
    double stamp;        // the last that was known; NAN: none yet
    double advance_s;    // of the last frame's stamp; NAN: not to be trusted
    double rate;         // seconds per stamped second
    double behind_s;     // arrival less pts, against what was so far
    double interval_s;   // between arrivals, smoothed
    int64_t intervals;   // that it is made of
    int64_t start_ns;    // of the session
    int64_t distrust_ns; // stamps are ignored until then
};

// A source was opened, for the first time or again; frame_rate 0 if not known.
//   repeats  the last session reached the end, and this one goes on without a break
void pipeline_pts_clock_begin(struct pipeline_pts_clock *clock, double frame_rate, bool repeats);

// Whether a clock that came from elsewhere could be one of ours: no number in it spoils the pts
// that follow. Its flags are not looked at.
bool pipeline_pts_clock_is_sane(const struct pipeline_pts_clock *clock, int64_t now_ns);

// The frame's stamp in seconds; NAN where it has none, or an absurd one.
double pipeline_pts_clock_stamp(const struct AVFrame *frame, struct AVRational time_base);

// Notes how long the frame lasts, as the source declares it.
void pipeline_pts_clock_set_duration(struct pipeline_pts_clock *clock, double seconds);

// The pts of the next frame of a file, or of a live stream that is played out like one,
// ready at now_ns. A frame without a stamp, or with one that does not rise by
// 2 µs, follows the one before by a frame's duration. Another session begins after the time that
// has passed, one that repeats a frame's duration after the last; so do a live stream's stamps
// behind a gap.
double pipeline_pts_clock_by_stamp(struct pipeline_pts_clock *clock, double stamp, bool live,
                                   int64_t now_ns);

// The pts of the next frame of a live source, which arrived at arrival_ns; a time before
// the last frame's counts as that. Another session begins after the time that has passed.
double pipeline_pts_clock_by_arrival(struct pipeline_pts_clock *clock, double stamp,
                                     int64_t arrival_ns);

// How much later the last frame's stamp was than that of the frame before it, seconds;
// NAN where they don't tell.
double pipeline_pts_clock_advance(const struct pipeline_pts_clock *clock);
