// The neutral face of a person: what each feature is when the face does nothing.
//
// It is learnt from the frames themselves: each feature's values are counted in a
// histogram that slowly forgets, and a percentile of it is taken as neutral. It starts
// from the typical values of people and is the person's own after some seconds. It can
// also be measured: then it is the median of about a second, and stays. Neither allocates
// nor fails.
#pragma once

#include <stdbool.h>

#include "pipeline/motion/features.h"

enum { PIPELINE_CALIBRATION_BINS = 64 };

// For how long each feature had which value.
struct pipeline_calibration_histograms {
    float counts[PIPELINE_FEATURE_COUNT][PIPELINE_CALIBRATION_BINS]; // seconds
    float seconds;                                                   // in each
};

struct pipeline_calibration {
    float value[PIPELINE_FEATURE_COUNT];
    struct pipeline_calibration_histograms learnt, measurement;
    bool measuring; // a measurement was asked for and is not complete
    bool measured;  // value was measured, and stays
};

void pipeline_calibration_init(struct pipeline_calibration *calibration);

// For a new face where one was lost, which is most likely the same one: keeps the values,
// and goes on learning as if they came from a few seconds.
void pipeline_calibration_pass_on(struct pipeline_calibration *calibration);

// Starts a measurement: value stays as it is until a second of frames has been added.
void pipeline_calibration_measure(struct pipeline_calibration *calibration);

// Cancels a measurement that is not complete; all is as before it.
void pipeline_calibration_stop(struct pipeline_calibration *calibration);

// Adds features that were seen for dt_s seconds. Returns true when that completes a
// measurement.
bool pipeline_calibration_add(struct pipeline_calibration *calibration,
                              const float features[PIPELINE_FEATURE_COUNT], float dt_s);
