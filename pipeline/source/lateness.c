#include "pipeline/source/lateness.h"

#include "base/clock.h"

static const int64_t late_ns = MC_NS_PER_SECOND;
static const int64_t hopeless_ns = 5 * MC_NS_PER_SECOND;
static const int64_t drift_divisor = 1000; // clocks part by a thousandth at most

void pipeline_lateness_reset(struct pipeline_lateness *lateness)
{
    *lateness = (struct pipeline_lateness){ 0 };
}

enum pipeline_lateness_verdict pipeline_lateness_judge(struct pipeline_lateness *lateness,
                                                       double pts_seconds, int64_t arrival_ns)
{
    int64_t offset = arrival_ns - (int64_t)(pts_seconds * 1e9);
    if (!lateness->started) {
        lateness->started = true;
        lateness->quickest_ns = offset;
    } else {
        // Follow a source whose clock is slower than ours.
        lateness->quickest_ns += (arrival_ns - lateness->last_arrival_ns) / drift_divisor;
    }
    lateness->last_arrival_ns = arrival_ns;
    if (offset < lateness->quickest_ns) {
        lateness->quickest_ns = offset;
    }
    if (offset - lateness->quickest_ns <= late_ns) {
        lateness->late_since_ns = 0;
        return PIPELINE_LATENESS_FRESH;
    }
    if (lateness->late_since_ns == 0) {
        lateness->late_since_ns = arrival_ns;
    }
    return arrival_ns - lateness->late_since_ns >= hopeless_ns ? PIPELINE_LATENESS_HOPELESS
                                                               : PIPELINE_LATENESS_LATE;
}
