#include "pipeline/source/lateness.h"

#include <math.h>
#include <stddef.h>

#include "base/clock.h"

static const double late_s = 1;
static const int64_t hopeless_ns = 5 * MC_NS_PER_SECOND;
static const double pause_min_s = 0.2;     // beyond a frame's due time
static const double pause_intervals = 1.5; // the same, for slow cameras
static const double negligible_s = 0.1;
// Growth per second that clocks may cause: 0.3 is a clock that runs 30 % slow. On an
// idle link nothing queues, so any growth there is the clock's.
static const double clock_growth_max = 0.3;
static const double rate_max = 20;

void pipeline_lateness_reset(struct pipeline_lateness *lateness)
{
    *lateness = (struct pipeline_lateness){ .rate = lateness->rate };
}

bool pipeline_lateness_is_sane(const struct pipeline_lateness *lateness, int64_t now_ns)
{
    static const double wait_max_s = 1e9;
    const int64_t times[] = { lateness->arrival_ns, lateness->calm_ns, lateness->late_since_ns };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i] < 0 || times[i] > now_ns) {
            return false;
        }
    }
    // The comparisons are false for NaN.
    return (lateness->rate == 0 || (lateness->rate >= 1 && lateness->rate <= rate_max)) &&
           lateness->interval_s >= 0 && lateness->interval_s <= 1 && lateness->total_s >= 0 &&
           lateness->total_s <= wait_max_s && lateness->paused_s >= 0 &&
           lateness->paused_s <= wait_max_s;
}

// Adds up the waiting time.
static void accumulate(struct pipeline_lateness *lateness, double advance_s, double elapsed_s,
                       int64_t arrival_ns)
{
    const double wait_s = elapsed_s - lateness->rate * advance_s;
    lateness->total_s = fmax(0, lateness->total_s + wait_s);
    if (wait_s > fmax(pause_min_s, pause_intervals * lateness->interval_s)) {
        lateness->paused_s += wait_s;
    } else if (elapsed_s < advance_s / 2) { // a queue drains
        lateness->paused_s = fmax(0, lateness->paused_s + wait_s);
    }
    lateness->paused_s = fmin(lateness->paused_s, lateness->total_s);
    if (lateness->total_s - lateness->paused_s <= negligible_s) {
        lateness->calm_ns = arrival_ns;
    }
}

// A rate that was corrected upwards comes down again when the camera's clock recovers:
// no frame can be early.
static void relax_rate(struct pipeline_lateness *lateness, double advance_s, double elapsed_s)
{
    if (lateness->total_s <= 0 && lateness->rate > 1) {
        const double weight = fmin(1, elapsed_s);
        const double excess = lateness->rate * advance_s - elapsed_s;
        lateness->rate = fmax(1, lateness->rate - weight * excess / advance_s);
    }
}

// Slow growth on a link that isn't saturated: puts it down to the clock.
static void correct_clock(struct pipeline_lateness *lateness, int64_t arrival_ns,
                          enum pipeline_link_load link)
{
    const double elapsed_s = (double)(arrival_ns - lateness->calm_ns) * 1e-9;
    const double grown_s = lateness->total_s - lateness->paused_s - negligible_s;
    const double growth = elapsed_s > 0 ? grown_s / elapsed_s : 1;
    if (grown_s <= 0 || link == PIPELINE_LINK_SATURATED ||
        (link == PIPELINE_LINK_UNKNOWN && growth > clock_growth_max)) {
        return;
    }
    lateness->rate = fmin(rate_max, lateness->rate / fmax(1 - growth, 1 / rate_max));
    lateness->total_s = lateness->paused_s;
    lateness->calm_ns = arrival_ns;
}

enum pipeline_lateness_verdict pipeline_lateness_judge(struct pipeline_lateness *lateness,
                                                       double advance_s, int64_t arrival_ns,
                                                       enum pipeline_link_load link)
{
    arrival_ns = arrival_ns > lateness->arrival_ns ? arrival_ns : lateness->arrival_ns;
    const double elapsed_s = (double)(arrival_ns - lateness->arrival_ns) * 1e-9;
    const bool known = lateness->started && isfinite(advance_s) && advance_s > 0;
    if (lateness->rate == 0) {
        lateness->rate = 1;
    }
    if (known) {
        accumulate(lateness, advance_s, elapsed_s, arrival_ns);
        relax_rate(lateness, advance_s, elapsed_s);
    } else if (!lateness->started) {
        lateness->calm_ns = arrival_ns;
    }
    if (lateness->started) {
        const double interval_s = fmin(1, elapsed_s);
        lateness->interval_s += (interval_s - lateness->interval_s) / 8;
    }
    lateness->started = true;
    lateness->arrival_ns = arrival_ns;
    if (lateness->total_s > late_s && lateness->paused_s <= late_s) {
        correct_clock(lateness, arrival_ns, link);
    }
    if (lateness->total_s <= late_s) {
        lateness->late_since_ns = 0;
        return PIPELINE_LATENESS_FRESH;
    }
    if (lateness->late_since_ns == 0) {
        lateness->late_since_ns = arrival_ns;
    }
    return arrival_ns - lateness->late_since_ns >= hopeless_ns ? PIPELINE_LATENESS_HOPELESS
                                                               : PIPELINE_LATENESS_LATE;
}
