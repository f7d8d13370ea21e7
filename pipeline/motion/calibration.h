// The calibration of one face: what it reads at rest, and how far its expressions reach.
//
// A channel is a number whose value at rest differs between people: a feature (features.h),
// or a shape that a network reads. What a channel is at rest is learnt, measured, or taken
// from a profile that was measured before.
//
// Learning starts from the spread of resting faces. As long as little is known of the face,
// a channel within that spread may be either its resting value or a weak expression: it
// counts as rest, adds nothing to any shape, and is learnt within seconds. The tolerance
// shrinks as the face becomes known. What lies outside is an expression; it shows in full
// and is not absorbed: held for half a minute it moves the neutral value by less than a
// tenth of the spread, and only minutes of it make it the resting face.
//
// A measured neutral value has no tolerance and stays until it is measured again or reset.
// Nothing here allocates or fails. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/motion/features.h"

enum {
    PIPELINE_CALIBRATION_BINS = 64,
    PIPELINE_CALIBRATION_SAMPLES = 64,                // of a measurement
    PIPELINE_CHANNEL_SHAPES = PIPELINE_FEATURE_COUNT, // the first of the shapes
    PIPELINE_CHANNEL_COUNT = PIPELINE_FEATURE_COUNT + PROTOCOL_SHAPE_COUNT,
};

#define PIPELINE_GAIN_MAX 3.0f

// What was measured of one face; kept across restarts.
struct pipeline_face_profile {
    bool has_neutral;
    // Within pipeline_calibration_bounds. NAN: that channel was not there.
    float neutral[PIPELINE_CHANNEL_COUNT];
    float gains[PROTOCOL_SHAPE_COUNT]; // 1 to PIPELINE_GAIN_MAX
    float x;                           // where the face was: 0 left edge, 1 right
};

// For how long each channel had which value, seconds.
struct pipeline_calibration_histograms {
    float counts[PIPELINE_CHANNEL_COUNT][PIPELINE_CALIBRATION_BINS];
    float sums[PIPELINE_CHANNEL_COUNT];
};

// The frames of a measurement of the neutral face.
struct pipeline_calibration_samples {
    float values[PIPELINE_CHANNEL_COUNT][PIPELINE_CALIBRATION_SAMPLES];
    int counts[PIPELINE_CHANNEL_COUNT];
    float seconds;
};

// The strongest expression seen while a range is measured.
struct pipeline_calibration_range {
    uint64_t shapes; // to measure, 1 << enum protocol_shape each; 0: none is being measured
    float steady[PROTOCOL_SHAPE_COUNT], peaks[PROTOCOL_SHAPE_COUNT];
    float seconds;
};

struct pipeline_calibration {
    float prior[PIPELINE_CALIBRATION_BINS]; // the spread of resting faces, seconds
    float neutral[PIPELINE_CHANNEL_COUNT];
    float tolerance[PIPELINE_CHANNEL_COUNT]; // in the channel's unit
    struct pipeline_calibration_histograms learnt;
    bool measuring; // a measurement of the neutral face is under way
    struct pipeline_calibration_samples measurement;
    struct pipeline_calibration_range range;
    struct pipeline_face_profile profile;
};

// Nothing measured.
void pipeline_face_profile_init(struct pipeline_face_profile *profile);

// What a channel's neutral value may be.
void pipeline_calibration_bounds(int channel, float *least, float *most);

void pipeline_calibration_init(struct pipeline_calibration *calibration);

// Forgets what was learnt, as for another person. What was measured stays.
void pipeline_calibration_forget(struct pipeline_calibration *calibration);

// Uses what was measured before; NULL: starts from nothing.
void pipeline_calibration_load(struct pipeline_calibration *calibration,
                               const struct pipeline_face_profile *profile);

// Starts measuring the neutral face, over a second of frames.
void pipeline_calibration_measure(struct pipeline_calibration *calibration);

// Starts measuring how far the shapes reach, over two seconds of frames.
void pipeline_calibration_measure_range(struct pipeline_calibration *calibration, uint64_t shapes);

// Cancels a measurement that is not complete; all is as before it.
void pipeline_calibration_stop(struct pipeline_calibration *calibration);

// Adds channels that were seen for dt_s seconds; those that are not finite were not seen.
// Returns true when that completes a measurement of the neutral face.
bool pipeline_calibration_add(struct pipeline_calibration *calibration,
                              const float channels[PIPELINE_CHANNEL_COUNT], float dt_s);

// Adds shapes before their gains. Returns true when that completes a measurement of the
// range: each shape that was strong enough has its gain.
bool pipeline_calibration_add_range(struct pipeline_calibration *calibration,
                                    const float shapes[PROTOCOL_SHAPE_COUNT], float dt_s);

// Removes from the channels, in place, what may be the person's resting face: features
// become neutral where they are within the tolerance, shapes 0.
void pipeline_calibration_apply(const struct pipeline_calibration *calibration,
                                float channels[PIPELINE_CHANNEL_COUNT]);

// Multiplies the shapes by their gains; 1 at most.
void pipeline_calibration_scale(const struct pipeline_calibration *calibration,
                                float shapes[PROTOCOL_SHAPE_COUNT]);
