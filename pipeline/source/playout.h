// When the frames of a file, or of a live stream that comes in chunks, are due: the
// clock that a player has. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// All zero: not begun.
struct pipeline_playout {
    bool begun;
    bool live;        // chunked: a late frame is waited for, and the delay made up slowly
    double pts;       // of the last frame
    int64_t due_ns;   // of the last frame
    double late_s;    // the last frame
    double delayed_s; // by how much the clock was set back since it began; live only
};

// A source was opened. repeats: it is a file whose last session reached the end, so that its clock
// goes on; else it starts anew, however short the time in between.
void pipeline_playout_begin(struct pipeline_playout *playout, bool live, bool repeats);

// Whether a clock that came from elsewhere could be one of ours: no number in it makes frames wait
// for ever. Its flags are not looked at.
bool pipeline_playout_is_sane(const struct pipeline_playout *playout, int64_t now_ns);

// When the frame with that pts, ready at now_ns, is due. The returned time lies in the past when
// frames arrive too slowly: a file's frame is then late and its clock continues; a live stream's
// clock is set back and runs 5 % fast until it has caught up. A gap in the stamps or in time (the
// machine was suspended) restarts the clock.
int64_t pipeline_playout_due_ns(struct pipeline_playout *playout, double pts, int64_t now_ns);
