#include "pipeline/source/playout.h"

#include <math.h>

#include "base/clock.h"

static const double gap_max_s = 10;  // a gap in the stamps, not a wait
static const double chunk_gap_s = 3; // the same, of a live stream
static const double catch_up = 0.05; // of a frame's interval
static const double suspended_s = 5; // lost between two frames: not by decoding

void pipeline_playout_begin(struct pipeline_playout *playout, bool live, bool repeats)
{
    if (live || !repeats) {
        *playout = (struct pipeline_playout){ .live = live };
    }
}

bool pipeline_playout_is_sane(const struct pipeline_playout *playout, int64_t now_ns)
{
    static const double far_s = 1e9, pts_max_s = 1e10;
    // The comparisons are false for NaN.
    return fabs(playout->pts) <= pts_max_s && fabs(playout->late_s) <= far_s &&
           playout->delayed_s >= 0 && playout->delayed_s <= far_s && playout->due_ns >= 0 &&
           playout->due_ns <= now_ns + (int64_t)(gap_max_s * 1e9);
}

static int64_t start(struct pipeline_playout *playout, double pts, int64_t now_ns)
{
    playout->begun = true;
    playout->pts = pts;
    playout->late_s = 0;
    return playout->due_ns = now_ns;
}

int64_t pipeline_playout_due_ns(struct pipeline_playout *playout, double pts, int64_t now_ns)
{
    const double step_s = pts - playout->pts;
    const double gap_s = playout->live ? chunk_gap_s : gap_max_s;
    if (!playout->begun || step_s < 0 || step_s > gap_s) {
        return start(playout, pts, now_ns);
    }
    double wait_s = step_s;
    if (playout->live) {
        const double made_up_s = fmin(playout->delayed_s, catch_up * step_s);
        playout->delayed_s -= made_up_s;
        wait_s -= made_up_s;
    }
    const int64_t due_ns = playout->due_ns + (int64_t)(wait_s * 1e9);
    const double late_s = (double)(now_ns - due_ns) * 1e-9;
    if (playout->live && late_s > 0) {
        playout->delayed_s += late_s;
        return start(playout, pts, now_ns);
    }
    if (late_s - fmax(0, playout->late_s) > suspended_s) {
        return start(playout, pts, now_ns);
    }
    playout->pts = pts;
    playout->late_s = late_s;
    return playout->due_ns = due_ns;
}
