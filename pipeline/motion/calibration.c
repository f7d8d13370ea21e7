#include "pipeline/motion/calibration.h"

#include <math.h>
#include <string.h>

enum { BINS = PIPELINE_CALIBRATION_BINS };

static const float reach = 5;         // deviations that the histogram covers, both ways
static const float memory_s = 60;     // after this time a value counts a third
static const float typical_s = 0.5f;  // the typical values weigh as much as this time of frames
static const float passed_on_s = 3;   // and those of the face before this one as much as this
static const float measured_s = 1;    // length of a measurement
static const float step_max_s = 0.1f; // the most that one frame counts

// Which percentile is neutral. Most of the time lids are up and brows at rest; lips are
// apart for much of the time while people talk, and never closer than shut.
static float percentile_of(int feature)
{
    switch (feature) {
    case PIPELINE_LIPS_GAP:
        return 0.2f;
    case PIPELINE_CHIN_DROP:
        return 0.35f;
    default:
        return 0.5f;
    }
}

void pipeline_calibration_init(struct pipeline_calibration *calibration)
{
    *calibration = (struct pipeline_calibration){ 0 };
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        calibration->value[i] = pipeline_feature_spread[i].typical;
    }
}

static void scale(struct pipeline_calibration_histograms *histograms, float factor)
{
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        for (int bin = 0; bin < BINS; bin++) {
            histograms->counts[i][bin] *= factor;
        }
    }
    histograms->seconds *= factor;
}

void pipeline_calibration_pass_on(struct pipeline_calibration *calibration)
{
    pipeline_calibration_stop(calibration);
    if (calibration->learnt.seconds > passed_on_s) {
        scale(&calibration->learnt, passed_on_s / calibration->learnt.seconds);
    }
}

void pipeline_calibration_measure(struct pipeline_calibration *calibration)
{
    calibration->measuring = true;
    calibration->measurement = (struct pipeline_calibration_histograms){ 0 };
}

void pipeline_calibration_stop(struct pipeline_calibration *calibration)
{
    calibration->measuring = false;
}

// Counts the value in the two bins around it, so that percentiles move smoothly.
static void count(float *counts, int feature, float value, float dt_s)
{
    const struct pipeline_feature_spread *spread = &pipeline_feature_spread[feature];
    const float deviations = (value - spread->typical) / spread->deviation;
    float at = (deviations + reach) * (float)BINS / (2 * reach) - 0.5f;
    at = fmaxf(0, fminf(at, (float)BINS - 1.001f));
    const int bin = (int)at;
    counts[bin] += dt_s * (1 - (at - (float)bin));
    counts[bin + 1] += dt_s * (at - (float)bin);
}

static void add(struct pipeline_calibration_histograms *histograms,
                const float features[PIPELINE_FEATURE_COUNT], float dt_s)
{
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        count(histograms->counts[i], i, features[i], dt_s);
    }
    histograms->seconds += dt_s;
}

static float percentile(const struct pipeline_calibration_histograms *histograms, int feature,
                        float part)
{
    const struct pipeline_feature_spread *spread = &pipeline_feature_spread[feature];
    const float *counts = histograms->counts[feature];
    float left = part * histograms->seconds;
    int bin = 0;
    while (bin < BINS - 1 && left > counts[bin]) {
        left -= counts[bin++];
    }
    const float inside = left / fmaxf(counts[bin], 1e-9f);
    const float at = (float)bin + fminf(inside, 1);
    return spread->typical + spread->deviation * (at * 2 * reach / (float)BINS - reach);
}

static void learn(struct pipeline_calibration *calibration)
{
    const float part = calibration->learnt.seconds / (calibration->learnt.seconds + typical_s);
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        const float own = percentile(&calibration->learnt, i, percentile_of(i));
        calibration->value[i] = part * own + (1 - part) * pipeline_feature_spread[i].typical;
    }
}

static bool measure(struct pipeline_calibration *calibration,
                    const float features[PIPELINE_FEATURE_COUNT], float dt_s)
{
    add(&calibration->measurement, features, dt_s);
    if (calibration->measurement.seconds < measured_s) {
        return false;
    }
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        calibration->value[i] = percentile(&calibration->measurement, i, 0.5f);
    }
    calibration->measuring = false;
    calibration->measured = true;
    return true;
}

bool pipeline_calibration_add(struct pipeline_calibration *calibration,
                              const float features[PIPELINE_FEATURE_COUNT], float dt_s)
{
    const float dt = dt_s > 0 ? fminf(dt_s, step_max_s) : 0;
    if (calibration->measuring) {
        return measure(calibration, features, dt);
    }
    if (!calibration->measured) {
        scale(&calibration->learnt, expf(-dt / memory_s));
        add(&calibration->learnt, features, dt);
        learn(calibration);
    }
    return false;
}
