#include "pipeline/source/lateness.h"

#include "base/clock.h"

static const int64_t late_ns = MC_NS_PER_SECOND;
static const int64_t hopeless_ns = 5 * MC_NS_PER_SECOND;
static const int64_t drift_divisor = 1000; // clocks part by a thousandth at most

void pipeline_lateness_reset(struct pipeline_lateness *age)
{
    *age = (struct pipeline_lateness){ 0 };
}

enum pipeline_lateness_verdict pipeline_lateness_judge(struct pipeline_lateness *age,
                                                       double pts_seconds, int64_t arrival_ns)
{
    int64_t offset = arrival_ns - (int64_t)(pts_seconds * 1e9);
    if (!age->started) {
        age->started = true;
        age->quickest_ns = offset;
    } else {
        // Follow a source whose clock is slower than ours.
        age->quickest_ns += (arrival_ns - age->last_arrival_ns) / drift_divisor;
    }
    age->last_arrival_ns = arrival_ns;
    if (offset < age->quickest_ns) {
        age->quickest_ns = offset;
    }
    if (offset - age->quickest_ns <= late_ns) {
        age->late_since_ns = 0;
        return PIPELINE_AGE_FRESH;
    }
    if (age->late_since_ns == 0) {
        age->late_since_ns = arrival_ns;
    }
    return arrival_ns - age->late_since_ns >= hopeless_ns ? PIPELINE_AGE_HOPELESS
                                                          : PIPELINE_AGE_LATE;
}
