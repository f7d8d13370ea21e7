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

void pipeline_playout_begin(struct pipeline_playout *playout, bool live);

// When the frame with that pts, which is ready at now_ns, is due. That is in the past
// when frames come too slowly: of a file the frame is then late, and the clock goes on; a
// live stream's clock is set back, and runs 5 % fast until the delay is made up. A gap in
// the stamps, and one in time (the machine was suspended), start the clock anew.
int64_t pipeline_playout_due_ns(struct pipeline_playout *playout, double pts, int64_t now_ns);
