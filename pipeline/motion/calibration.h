// The neutral face of a person: what each feature is when the face does nothing.
//
// It is learnt from the frames themselves: each feature's values are counted in a
// histogram that slowly forgets, and a percentile of it is taken for neutral. It
// starts from what is usual for people and is the person's own after some seconds. It
// can also be measured: then it is the median of about a second, and stays.
// Neither allocates nor fails.
#pragma once

#include <stdbool.h>

#include "pipeline/motion/features.h"

enum { PIPELINE_NEUTRAL_BINS = 64 };

// How long each feature had which value.
struct pipeline_calibration_histograms {
    float counts[PIPELINE_FEATURE_COUNT][PIPELINE_NEUTRAL_BINS]; // seconds
    float seconds;                                               // in each
};

struct pipeline_calibration {
    float value[PIPELINE_FEATURE_COUNT];
    struct pipeline_calibration_histograms learnt, measurement;
    bool measuring; // as asked
    bool measured;  // value is, and stays
};

void pipeline_calibration_init(struct pipeline_calibration *neutral);

// A new face is where one was lost: most likely it is the same one. Keeps the
// values, and learns as if they came from a few seconds.
void pipeline_calibration_pass_on(struct pipeline_calibration *neutral);

// From here on measures: value stays until a second of frames has been added.
void pipeline_calibration_measure(struct pipeline_calibration *neutral);

// Gives up a measurement that is not complete; all is as before it.
void pipeline_calibration_stop(struct pipeline_calibration *neutral);

// Adds what was seen for dt_s seconds. True when that completes a measurement.
bool pipeline_calibration_add(struct pipeline_calibration *neutral,
                              const float features[PIPELINE_FEATURE_COUNT], float dt_s);
