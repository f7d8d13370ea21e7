// Where the eyes look: from what a network reads to the record.
#pragma once

#include "pipeline/motion/smooth.h"
#include "protocol/record.h"

// One face's state. All zero: at its start.
struct pipeline_gaze {
    struct pipeline_smooth smooth;
    // As last seen, before smoothing; yaw and pitch. Eyes turn together (version: the mean of
    // both) and, little and slowly, against each other (vergence: half of left minus right).
    float version[2], vergence[2];
    bool known;
};

// Forgets the past.
void pipeline_gaze_reset(struct pipeline_gaze *state);

// Steadies the gaze of the left and the right eye: yaw and pitch in radians, as in
// pipeline_expression. A network only guesses behind a closed lid: that eye turns with the open
// one, and when both are closed, both keep their gaze. What is not finite counts as closed.
//   blinks  of the left and the right eye; closed is over one half
//   dt_s    as in pipeline_smooth_run
void pipeline_gaze_run(struct pipeline_gaze *state, const struct pipeline_smooth_options *options,
                       const float blinks[2], float dt_s, float gaze[2][2]);

// The gaze in degrees, and the point where both lines of sight meet. They begin in the middle
// of the eyeballs; the point is halfway between them where they pass nearest to each other.
// There is none if that is behind the face, or so far away that the eyes are parallel.
void pipeline_gaze_fill(const float gaze[2][2], struct protocol_gaze *filled);

// The line of sight of the left eye (0) or the right one (1), in the head's axes: where it
// begins, face widths, and its direction, whose length is one.
void pipeline_gaze_line(const struct protocol_gaze *gaze, int eye, float begin[3],
                        float direction[3]);

// The eight eyeLook shapes, 1 << enum protocol_shape each.
static const uint64_t pipeline_gaze_shapes = UINT64_C(255) << PROTOCOL_EYE_LOOK_UP_LEFT;

// The eight eyeLook shapes, each 0 to 1. A look is 1 at 30 degrees sideways, at 25 up or down
// (LOOK_SIDEWAYS, LOOK_UPRIGHT in training/heads/rig.py).
void pipeline_gaze_looks(const float gaze[2][2], float shapes[PROTOCOL_SHAPE_COUNT]);
