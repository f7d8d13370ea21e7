#include "pipeline/source/pts_clock.h"

#include <math.h>

#include <libavutil/avutil.h>
#include <libavutil/frame.h>

#include "base/clock.h"

static const double default_frame_s = 1.0 / 25;
static const double stamp_max_s = 2e9;   // more is nonsense, and would overflow as nanoseconds
static const double pts_max_s = 2 * 2e9; // of a source that began with such a stamp
static const double pts_step_min_s = 1e-3;
static const double stamp_step_min_s = 2e-6; // less is lost when records round pts to 1e-6
static const double back_s = 1;      // a step back of the source's clock, not a stamp out of order
static const double stamp_gap_s = 3; // a step ahead of a live source's clock
static const double file_gap_s = 3600; // the same of a file's, whose pauses are its own

// The loop's bandwidth: quick at first, to find the clock's rate, then narrow.
static const double omega_first = 2, omega_min = 0.5, omega_fall_s = 3; // rad/s
static const double rate_min = 0.7, rate_max = 1.45;
static const double pull_max = 0.25;   // of a step
static const double linear_s = 0.25;   // an error beyond it is a wait, not a rate
static const double lost_s = 1.2;      // an error beyond it: the stamps do not fit
static const double jump_min_s = 0.25; // a stamp this far ahead of its arrival is a jump
static const double jitter_gain = 0.1, interval_gain = 0.05;

static const int64_t distrust_fault_ns = 2 * MC_NS_PER_SECOND;
static const int64_t distrust_lost_ns = 3600 * MC_NS_PER_SECOND;

void pipeline_pts_clock_begin(struct pipeline_pts_clock *clock, double frame_rate, bool repeats)
{
    const bool sane = frame_rate >= 0.1 && frame_rate <= 1000;
    clock->frame_s = sane ? 1 / frame_rate : default_frame_s;
    clock->first = true;
    clock->repeats = repeats;
    clock->stamp = clock->advance_s = NAN;
    if (!(clock->rate > 0)) {
        clock->rate = 1;
    }
    clock->distrust_ns = 0;
}

bool pipeline_pts_clock_is_sane(const struct pipeline_pts_clock *clock, int64_t now_ns)
{
    static const double behind_max_s = 10, frame_max_s = 10, offset_max_s = 1e10;
    static const int64_t count_max = INT64_C(1) << 48;
    const int64_t times[] = { clock->arrival_ns, clock->start_ns };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i] < 0 || times[i] > now_ns) {
            return false;
        }
    }
    // The comparisons are false for NaN.
    return fabs(clock->pts) <= pts_max_s && fabs(clock->offset) <= offset_max_s &&
           fabs(clock->behind_s) <= behind_max_s && clock->frame_s >= 0 &&
           clock->frame_s <= frame_max_s && clock->interval_s >= 0 &&
           clock->interval_s <= frame_max_s && clock->intervals >= 0 &&
           clock->intervals <= count_max && clock->distrust_ns >= 0 &&
           clock->distrust_ns <= now_ns + distrust_lost_ns &&
           (clock->rate == 0 || (clock->rate >= rate_min && clock->rate <= rate_max)) &&
           (isnan(clock->stamp) || fabs(clock->stamp) <= stamp_max_s) &&
           (isnan(clock->advance_s) || fabs(clock->advance_s) <= 2 * stamp_max_s);
}

double pipeline_pts_clock_stamp(const struct AVFrame *frame, struct AVRational time_base)
{
    const double stamp = (double)frame->best_effort_timestamp * av_q2d(time_base);
    const bool known = frame->best_effort_timestamp != AV_NOPTS_VALUE;
    return known && fabs(stamp) <= stamp_max_s ? stamp : NAN;
}

void pipeline_pts_clock_set_duration(struct pipeline_pts_clock *clock, double seconds)
{
    if (seconds >= 0.001 && seconds <= 10) {
        clock->frame_s = seconds;
    }
}

double pipeline_pts_clock_advance(const struct pipeline_pts_clock *clock)
{
    return clock->advance_s;
}

static double begin_session(struct pipeline_pts_clock *clock, double stamp, double gap_s)
{
    const double first = isnan(stamp) ? 0 : stamp;
    clock->first = false;
    clock->pts = clock->any ? clock->pts + gap_s : first;
    clock->offset = clock->pts - first;
    clock->any = true;
    return clock->pts;
}

double pipeline_pts_clock_by_stamp(struct pipeline_pts_clock *clock, double stamp, bool live,
                                   int64_t now_ns)
{
    const double elapsed_s = (double)(now_ns - clock->arrival_ns) * 1e-9;
    clock->arrival_ns = now_ns;
    if (clock->first) {
        return begin_session(clock, stamp,
                             clock->repeats ? clock->frame_s : fmax(elapsed_s, clock->frame_s));
    }
    // A file's stamps may jump, and it may repeat: together they must not lead beyond what a record
    // can say.
    const double gap_s = live || clock->pts > stamp_max_s ? stamp_gap_s : file_gap_s;
    const double ahead_s = stamp + clock->offset - clock->pts;
    double step_s = ahead_s;
    if (isnan(stamp) || ahead_s < stamp_step_min_s) {
        step_s = clock->frame_s;
    } else if (ahead_s > gap_s) {
        step_s = live ? fmin(ahead_s, fmax(elapsed_s, clock->frame_s)) : clock->frame_s;
    }
    clock->pts += step_s;
    if (ahead_s < -back_s || ahead_s > gap_s) {
        clock->offset = clock->pts - stamp; // the source's clock was set
    }
    return clock->pts;
}

// ---- live sources

// Takes the stamp in. Returns how far it is ahead of the last one; NAN when either is
// unknown.
static double advance_stamp(struct pipeline_pts_clock *clock, double stamp)
{
    const double advance_s = stamp - clock->stamp;
    if (!isnan(stamp)) {
        clock->stamp = stamp;
    }
    return advance_s;
}

// Whether the stamp can be true: it rises, and its frame did not arrive before its time.
static bool is_plausible(const struct pipeline_pts_clock *clock, double advance_s, double elapsed_s)
{
    const double early_s = clock->rate * advance_s - elapsed_s;
    const double slack_s = jump_min_s + clock->interval_s / 2 + fmax(0, clock->behind_s);
    return advance_s > 0 && early_s <= slack_s;
}

static void distrust(struct pipeline_pts_clock *clock, int64_t until_ns)
{
    if (clock->distrust_ns < until_ns) {
        clock->distrust_ns = until_ns;
    }
}

static double omega(const struct pipeline_pts_clock *clock, int64_t now_ns)
{
    const double age_s = (double)(now_ns - clock->start_ns) * 1e-9;
    return fmax(omega_min, fmin(omega_first, omega_fall_s / fmax(age_s, 1e-3)));
}

// By the stamps, pulled towards the arrival times.
static double step_by_stamp(struct pipeline_pts_clock *clock, double advance_s, double elapsed_s,
                            int64_t arrival_ns)
{
    double step_s = clock->rate * advance_s;
    double behind_s = clock->behind_s + elapsed_s - step_s;
    if (behind_s < -linear_s) {
        behind_s = 0; // a queue that was there from the start has drained, unless
        if (elapsed_s > advance_s / 4) {
            distrust(clock, arrival_ns + distrust_lost_ns); // the stamps run far too fast
        }
    } else if (behind_s > lost_s) {
        distrust(clock, arrival_ns + distrust_lost_ns);
        step_s += behind_s;
        behind_s = 0;
    } else {
        const double weight = omega(clock, arrival_ns);
        const double span_s = fmin(elapsed_s, linear_s);
        const double error_s = fmax(-linear_s, fmin(linear_s, behind_s));
        double pull_s = 2 * weight * span_s * error_s;
        pull_s = fmax(-pull_max * step_s, fmin(pull_max * step_s, pull_s));
        if (fabs(behind_s) < linear_s) {
            clock->rate += weight * weight * span_s * error_s;
            clock->rate = fmax(rate_min, fmin(rate_max, clock->rate));
        }
        step_s += pull_s;
        behind_s -= pull_s;
    }
    clock->behind_s = behind_s;
    return step_s;
}

// By the arrival times; where those are regular, their jitter is smoothed.
static double step_by_arrival(struct pipeline_pts_clock *clock, double elapsed_s)
{
    const double due_s = clock->behind_s + elapsed_s;
    double step_s = due_s;
    if (fabs(due_s - clock->interval_s) < clock->interval_s / 2) {
        step_s = clock->interval_s + jitter_gain * (due_s - clock->interval_s);
    }
    step_s = fmax(step_s, pts_step_min_s);
    clock->behind_s = due_s - step_s;
    return step_s;
}

double pipeline_pts_clock_by_arrival(struct pipeline_pts_clock *clock, double stamp,
                                     int64_t arrival_ns)
{
    arrival_ns = arrival_ns > clock->arrival_ns ? arrival_ns : clock->arrival_ns;
    const double elapsed_s = (double)(arrival_ns - clock->arrival_ns) * 1e-9;
    const double advance_s = advance_stamp(clock, stamp);
    clock->arrival_ns = arrival_ns;
    if (clock->first) {
        clock->start_ns = arrival_ns;
        clock->behind_s = 0;
        clock->interval_s = clock->frame_s;
        clock->intervals = 0;
        clock->advance_s = NAN;
        return begin_session(clock, stamp, fmax(elapsed_s, pts_step_min_s));
    }
    if (!is_plausible(clock, advance_s, elapsed_s)) {
        distrust(clock, arrival_ns + distrust_fault_ns);
    }
    const bool trusted = arrival_ns >= clock->distrust_ns;
    const double step_s = trusted ? step_by_stamp(clock, advance_s, elapsed_s, arrival_ns)
                                  : step_by_arrival(clock, elapsed_s);
    clock->advance_s = trusted ? advance_s : NAN;
    const double gain = fmax(interval_gain, 1.0 / ++clock->intervals);
    clock->interval_s += (fmin(elapsed_s, 2) - clock->interval_s) * gain;
    clock->pts += fmax(step_s, pts_step_min_s);
    return clock->pts;
}
