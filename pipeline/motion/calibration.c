#include "pipeline/motion/calibration.h"

#include <math.h>
#include <string.h>

enum { BINS = PIPELINE_NEUTRAL_BINS };

static const float reach = 5;         // deviations that the histogram covers, both ways
static const float memory_s = 60;     // after so long a value counts a third
static const float usual_s = 0.5f;    // what is usual counts like so much of what is seen
static const float passed_on_s = 3;   // and another face before this one like so much
static const float measured_s = 1;    // a measurement takes
static const float step_max_s = 0.1f; // a frame stands for no more, whatever came before it

// Which percentile is neutral. Most of the time lids are up and brows at rest; lips
// are apart for much of the time in who talks, and never closer than shut.
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

void pipeline_calibration_init(struct pipeline_calibration *neutral)
{
    *neutral = (struct pipeline_calibration){ 0 };
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        neutral->value[i] = pipeline_feature_spread[i].typical;
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

void pipeline_calibration_pass_on(struct pipeline_calibration *neutral)
{
    pipeline_calibration_stop(neutral);
    if (neutral->learnt.seconds > passed_on_s) {
        scale(&neutral->learnt, passed_on_s / neutral->learnt.seconds);
    }
}

void pipeline_calibration_measure(struct pipeline_calibration *neutral)
{
    neutral->measuring = true;
    neutral->measurement = (struct pipeline_calibration_histograms){ 0 };
}

void pipeline_calibration_stop(struct pipeline_calibration *neutral)
{
    neutral->measuring = false;
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

static void learn(struct pipeline_calibration *neutral)
{
    const float part = neutral->learnt.seconds / (neutral->learnt.seconds + usual_s);
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        const float own = percentile(&neutral->learnt, i, percentile_of(i));
        neutral->value[i] = part * own + (1 - part) * pipeline_feature_spread[i].typical;
    }
}

static bool measure(struct pipeline_calibration *neutral,
                    const float features[PIPELINE_FEATURE_COUNT], float dt_s)
{
    add(&neutral->measurement, features, dt_s);
    if (neutral->measurement.seconds < measured_s) {
        return false;
    }
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        neutral->value[i] = percentile(&neutral->measurement, i, 0.5f);
    }
    neutral->measuring = false;
    neutral->measured = true;
    return true;
}

bool pipeline_calibration_add(struct pipeline_calibration *neutral,
                              const float features[PIPELINE_FEATURE_COUNT], float dt_s)
{
    const float dt = dt_s > 0 ? fminf(dt_s, step_max_s) : 0;
    if (neutral->measuring) {
        return measure(neutral, features, dt);
    }
    if (!neutral->measured) {
        scale(&neutral->learnt, expf(-dt / memory_s));
        add(&neutral->learnt, features, dt);
        learn(neutral);
    }
    return false;
}
