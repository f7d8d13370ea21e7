#include "pipeline/source/pts_clock.h"

#include <math.h>

#include <libavutil/avutil.h>
#include <libavutil/frame.h>

#include "base/clock.h"

static const double default_frame_s = 1.0 / 25;
static const double pts_max_s = 2e9;  // more is nonsense, and would overflow as nanoseconds
static const double late_max_s = 1;   // then time starts anew
static const double early_max_s = 10; // a gap in the file, not a wait

void pipeline_pts_clock_begin(struct pipeline_pts_clock *pace, double frame_rate)
{
    bool sane = frame_rate >= 0.1 && frame_rate <= 1000;
    pace->frame_s = sane ? 1 / frame_rate : default_frame_s;
    pace->source_pts = -pace->frame_s;
    pace->first = true;
}

double pipeline_pts_clock_source_pts(struct pipeline_pts_clock *pace, const struct AVFrame *picture,
                                     struct AVRational time_base)
{
    if (picture->pkt_duration > 0) {
        double duration = (double)picture->pkt_duration * av_q2d(time_base);
        if (duration >= 0.001 && duration <= 10) {
            pace->frame_s = duration;
        }
    }
    double pts = (double)picture->best_effort_timestamp * av_q2d(time_base);
    if (picture->best_effort_timestamp != AV_NOPTS_VALUE && fabs(pts) <= pts_max_s) {
        pace->source_pts = pts;
    } else {
        pace->source_pts += pace->frame_s;
    }
    return pace->source_pts;
}

double pipeline_pts_clock_pts(struct pipeline_pts_clock *pace, double source_pts, bool live,
                              int64_t arrival_ns)
{
    if (pace->first && pace->any) {
        double gap = live ? (double)(arrival_ns - pace->last_ns) * 1e-9 : pace->frame_s;
        pace->offset = pace->last_pts + gap - source_pts;
    }
    pace->first = false;
    pace->any = true;
    pace->last_ns = arrival_ns;
    pace->last_pts = source_pts + pace->offset;
    return pace->last_pts;
}

int64_t pipeline_pts_clock_due_ns(struct pipeline_pts_clock *pace, double pts, int64_t now_ns)
{
    double elapsed_s = (double)(now_ns - pace->clock_ns) * 1e-9;
    double ahead_s = pts - pace->clock_pts - elapsed_s;
    if (!pace->clock_set || ahead_s < -late_max_s || ahead_s > early_max_s) {
        pace->clock_set = true;
        pace->clock_pts = pts;
        pace->clock_ns = now_ns;
    }
    return pace->clock_ns + (int64_t)((pts - pace->clock_pts) * 1e9);
}
