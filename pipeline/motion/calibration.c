#include "pipeline/motion/calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = PIPELINE_CALIBRATION_BINS };

static const float reach = 5;         // deviations that the histogram covers, both ways
static const float memory_s = 60;     // of rest: what is older counts a third
static const float prior_s = 5;       // the spread of resting faces weighs as much as this
static const float slow = 0.01f;      // what an expression counts, against rest
static const float tolerant = 1.5f;   // deviations that may be anybody's resting face
static const float clear = 2.5f;      // times the tolerance: certainly an expression
static const float jitter = 0.3f;     // deviations below which no shape reacts
static const float measured_s = 1;    // length of a measurement of the neutral face
static const float range_s = 2;       // and of a range
static const float steady_s = 0.25f;  // so that a single bad frame is no peak
static const float feature_max = 8;   // deviations that a neutral feature may be off
static const float shape_max = 0.8f;  // and a neutral shape
static const float rounding = 1e-5f;  // of numbers in a file
static const float step_max_s = 0.2f; // the most that one frame counts: 5 frames a second

// What a network reads in resting faces: 0, but for its own errors. Of face-expression, on 210
// photographs at rest, the shapes' deviations are 0.06 on average.
static const struct pipeline_feature_spread shape_spread = { 0, 0.06f };

static const struct pipeline_feature_spread *spread_of(int channel)
{
    return channel < PIPELINE_CHANNEL_SHAPES ? &pipeline_feature_spread[channel] : &shape_spread;
}

void pipeline_calibration_bounds(int channel, float *least, float *most)
{
    const struct pipeline_feature_spread *spread = spread_of(channel);
    const bool is_shape = channel >= PIPELINE_CHANNEL_SHAPES;
    *least = is_shape ? -shape_max : spread->typical - feature_max * spread->deviation;
    *most = is_shape ? shape_max : spread->typical + feature_max * spread->deviation;
}

// ---- histograms

// Counts the value in the two bins around it, so that medians move smoothly.
static void count(float *counts, int channel, float value, float seconds)
{
    const struct pipeline_feature_spread *spread = spread_of(channel);
    const float deviations = (value - spread->typical) / spread->deviation;
    float at = (deviations + reach) * (float)BINS / (2 * reach) - 0.5f;
    at = fmaxf(0, fminf(at, (float)BINS - 1.001f));
    const int bin = (int)at;
    counts[bin] += seconds * (1 - (at - (float)bin));
    counts[bin + 1] += seconds * (at - (float)bin);
}

static float median(const float *counts, float sum, const float *prior, int channel)
{
    const struct pipeline_feature_spread *spread = spread_of(channel);
    float left = (sum + prior_s) / 2;
    float held = 0;
    int bin = -1;
    do {
        bin++;
        left -= held;
        held = counts[bin] + prior[bin];
    } while (bin < BINS - 1 && left > held);
    const float at = (float)bin + fminf(left / fmaxf(held, 1e-9f), 1);
    return spread->typical + spread->deviation * (at * 2 * reach / (float)BINS - reach);
}

// ---- profiles

static void use_neutral(struct pipeline_calibration *calibration)
{
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        const float measured = calibration->profile.neutral[i];
        if (calibration->profile.has_neutral && isfinite(measured)) {
            calibration->neutral[i] = measured;
            calibration->tolerance[i] = 0;
        }
    }
}

void pipeline_calibration_forget(struct pipeline_calibration *calibration)
{
    memset(&calibration->learnt, 0, sizeof calibration->learnt);
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        calibration->neutral[i] = spread_of(i)->typical;
        calibration->tolerance[i] = tolerant * spread_of(i)->deviation;
    }
    use_neutral(calibration);
}

void pipeline_face_profile_init(struct pipeline_face_profile *profile)
{
    *profile = (struct pipeline_face_profile){ .x = 0.5f };
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        profile->neutral[i] = NAN;
    }
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        profile->gains[i] = 1;
    }
}

void pipeline_calibration_load(struct pipeline_calibration *calibration,
                               const struct pipeline_face_profile *profile)
{
    pipeline_calibration_stop(calibration);
    if (profile == NULL) {
        pipeline_face_profile_init(&calibration->profile);
    } else {
        calibration->profile = *profile;
    }
    pipeline_calibration_forget(calibration);
}

void pipeline_calibration_init(struct pipeline_calibration *calibration)
{
    *calibration = (struct pipeline_calibration){ 0 };
    const float width = 2 * reach / (float)BINS;
    for (int bin = 0; bin < BINS; bin++) {
        const float deviations = ((float)bin + 0.5f) * width - reach;
        calibration->prior[bin] = prior_s * width * 0.398942f * expf(-deviations * deviations / 2);
    }
    pipeline_calibration_load(calibration, NULL);
}

// ---- learning

static void learn_channel(struct pipeline_calibration *calibration, int channel, float value,
                          float dt_s)
{
    const float deviation = spread_of(channel)->deviation;
    const float rest = fmaxf(calibration->tolerance[channel], jitter * deviation);
    const float off = fabsf(value - calibration->neutral[channel]);
    const float seconds = off <= rest ? dt_s : slow * dt_s;
    float *counts = calibration->learnt.counts[channel];
    float *sum = &calibration->learnt.sums[channel];
    const float kept = expf(-seconds / memory_s);
    for (int bin = 0; bin < BINS; bin++) {
        counts[bin] *= kept;
    }
    count(counts, channel, value, seconds);
    *sum = *sum * kept + seconds;
    calibration->neutral[channel] = median(counts, *sum, calibration->prior, channel);
    calibration->tolerance[channel] = tolerant * deviation * prior_s / (prior_s + *sum);
}

static void learn(struct pipeline_calibration *calibration, const float *channels, float dt_s)
{
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        const bool is_measured =
            calibration->profile.has_neutral && isfinite(calibration->profile.neutral[i]);
        if (!is_measured && isfinite(channels[i])) {
            learn_channel(calibration, i, channels[i], dt_s);
        }
    }
}

// ---- measuring

void pipeline_calibration_measure(struct pipeline_calibration *calibration)
{
    pipeline_calibration_stop(calibration);
    calibration->measuring = true;
    calibration->measurement = (struct pipeline_calibration_samples){ 0 };
}

void pipeline_calibration_measure_range(struct pipeline_calibration *calibration, uint64_t shapes)
{
    pipeline_calibration_stop(calibration);
    calibration->range.shapes = shapes;
}

void pipeline_calibration_stop(struct pipeline_calibration *calibration)
{
    calibration->measuring = false;
    calibration->range = (struct pipeline_calibration_range){ 0 };
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

// The median, within the channel's bounds even when a file rounds it; NAN without values, which
// are sorted.
static float measured_value(int channel, float *values, int value_count)
{
    float least, most;
    pipeline_calibration_bounds(channel, &least, &most);
    qsort(values, (size_t)value_count, sizeof *values, compare);
    return value_count == 0
               ? NAN
               : fmaxf(least + rounding, fminf(values[value_count / 2], most - rounding));
}

static bool measure(struct pipeline_calibration *calibration, const float *channels, float dt_s)
{
    struct pipeline_calibration_samples *samples = &calibration->measurement;
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        if (isfinite(channels[i]) && samples->counts[i] < PIPELINE_CALIBRATION_SAMPLES) {
            samples->values[i][samples->counts[i]++] = channels[i];
        }
    }
    samples->seconds += dt_s;
    if (samples->seconds < measured_s - 1e-4f) {
        return false;
    }
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        calibration->profile.neutral[i] = measured_value(i, samples->values[i], samples->counts[i]);
    }
    calibration->measuring = false;
    calibration->profile.has_neutral = true;
    use_neutral(calibration);
    return true;
}

static float bounded(float dt_s)
{
    return dt_s > 0 ? fminf(dt_s, step_max_s) : 0;
}

bool pipeline_calibration_add(struct pipeline_calibration *calibration,
                              const float channels[PIPELINE_CHANNEL_COUNT], float dt_s)
{
    if (calibration->measuring) {
        return measure(calibration, channels, bounded(dt_s));
    }
    if (bounded(dt_s) > 0) {
        learn(calibration, channels, bounded(dt_s));
    }
    return false;
}

static void finish_range(struct pipeline_calibration *calibration)
{
    const struct pipeline_calibration_range *range = &calibration->range;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (range->shapes & UINT64_C(1) << i &&
            (double)range->peaks[i] >= PROTOCOL_RANGE_PEAK_MIN) {
            calibration->profile.gains[i] = fminf(fmaxf(1 / range->peaks[i], 1), PIPELINE_GAIN_MAX);
        }
    }
}

bool pipeline_calibration_add_range(struct pipeline_calibration *calibration,
                                    const float shapes[PROTOCOL_SHAPE_COUNT], float dt_s)
{
    struct pipeline_calibration_range *range = &calibration->range;
    if (range->shapes == 0 || range->seconds >= range_s) {
        return false;
    }
    const float dt = bounded(dt_s), share = dt / (dt + steady_s);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        range->steady[i] += share * (shapes[i] - range->steady[i]);
        range->peaks[i] = fmaxf(range->peaks[i], range->steady[i]);
    }
    range->seconds += dt;
    if (range->seconds < range_s - 1e-4f) {
        return false;
    }
    range->seconds = range_s;
    finish_range(calibration);
    return true;
}

// ---- applying

// 0 within the tolerance, unchanged where it is certainly an expression, linear between.
static float express(float off, float tolerance)
{
    const float size = fabsf(off);
    const float shown = fminf(size, fmaxf(0, size - tolerance) * clear / (clear - 1));
    return copysignf(shown, off);
}

void pipeline_calibration_apply(const struct pipeline_calibration *calibration,
                                float channels[PIPELINE_CHANNEL_COUNT])
{
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        const float neutral = calibration->neutral[i];
        const float shown = express(channels[i] - neutral, calibration->tolerance[i]);
        channels[i] = i < PIPELINE_CHANNEL_SHAPES ? neutral + shown
                                                  : fminf(1, fmaxf(0, shown / (1 - neutral)));
    }
}

void pipeline_calibration_scale(const struct pipeline_calibration *calibration,
                                float shapes[PROTOCOL_SHAPE_COUNT])
{
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        shapes[i] = fminf(1, shapes[i] * calibration->profile.gains[i]);
    }
}
