#include "pipeline/stats.h"

// Close together around a frame interval, because there a frame becomes late or not.
const double pipeline_histogram_bounds[PIPELINE_HISTOGRAM_BOUNDS] = {
    0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.04, 0.066, 0.133, 0.5, 1,
};

void pipeline_histogram_add(struct pipeline_histogram *histogram, int64_t duration_ns)
{
    double duration_s = (double)duration_ns * 1e-9;
    int i = 0;
    while (i < PIPELINE_HISTOGRAM_BOUNDS && duration_s > pipeline_histogram_bounds[i]) {
        i++;
    }
    histogram->counts[i]++;
    histogram->sum_s += duration_s;
}

const char *pipeline_drop_name(enum pipeline_drop drop)
{
    static const char *const names[] = { "mailbox", "late", "decode" };
    return names[drop];
}

const char *pipeline_stage_name(enum pipeline_stage stage)
{
    static const char *const names[] = { "reassembly", "decode", "wait", "scale", "infer" };
    return names[stage];
}

uint64_t pipeline_stats_dropped(const struct pipeline_stats *stats)
{
    uint64_t sum = 0;
    for (int i = 0; i < PIPELINE_DROP_COUNT; i++) {
        sum += stats->dropped[i];
    }
    return sum;
}

static void add_histogram(struct pipeline_histogram *total, const struct pipeline_histogram *more)
{
    for (int i = 0; i <= PIPELINE_HISTOGRAM_BOUNDS; i++) {
        total->counts[i] += more->counts[i];
    }
    total->sum_s += more->sum_s;
}

void pipeline_stats_continue(struct pipeline_stats *total, const struct pipeline_stats *later)
{
    total->up = later->up;
    total->captured += later->captured;
    total->decoded += later->decoded;
    total->damaged += later->damaged;
    total->published += later->published;
    for (int i = 0; i < PIPELINE_DROP_COUNT; i++) {
        total->dropped[i] += later->dropped[i];
    }
    total->connects += later->connects;
    total->faces = later->faces;
    total->fov = later->fov;
    for (int i = 0; i < PIPELINE_STAGE_COUNT; i++) {
        add_histogram(&total->stages[i], &later->stages[i]);
    }
    add_histogram(&total->latency, &later->latency);
}
