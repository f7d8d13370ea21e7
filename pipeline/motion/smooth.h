// Smoothing: the One Euro filter (Casiez, Roussel, Vogel: "1 € Filter", CHI 2012)
// on each coordinate of one face's points, and on its blend shapes.
//
// A low-pass filter whose cutoff grows with the speed: still points are held still, fast
// ones followed at once. Speeds are in sizes of the face per second (pipeline_smooth_run
// says what a size is), so that the parameters mean the same at any resolution and
// distance.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"
#include "protocol/record.h"

enum { PIPELINE_SMOOTH_POINTS_MAX = 256 };

struct pipeline_smooth_options {
    bool on;
    float min_cutoff; // of a point at rest, Hz
    float beta;       // how much the cutoff grows, Hz per face size a second
};

// Chosen by measurement: see docs/motion.md.
struct pipeline_smooth_options pipeline_smooth_options_default(void);

struct pipeline_smooth_state {
    float value; // filtered, pixels
    float last;  // unfiltered
    float speed; // filtered, face sizes a second
    bool known;
};

// One face's filter. All zero: at its start.
struct pipeline_smooth {
    struct pipeline_smooth_state x[PIPELINE_SMOOTH_POINTS_MAX], y[PIPELINE_SMOOTH_POINTS_MAX];
    bool started;
};

// Forgets the past: the next points pass unchanged.
void pipeline_smooth_reset(struct pipeline_smooth *smooth);

// Filters count points in place.
//   size  of the face, pixels: the square root of the area of its keypoints' box
//   dt_s  seconds since the last points; the filter starts over when that is 0 or less,
//         over half a second, or not a number
// A coordinate that is not finite passes unchanged, and the filter starts over with the
// next.
void pipeline_smooth_run(struct pipeline_smooth *smooth,
                         const struct pipeline_smooth_options *options, struct mc_keypoint *points,
                         int count, float size, float dt_s);

// Filters of one face's blend shapes. All zero: at their start.
struct pipeline_smooth_shapes {
    struct pipeline_smooth_state states[PROTOCOL_SHAPE_COUNT];
};

void pipeline_smooth_shapes_reset(struct pipeline_smooth_shapes *smooth);

// Filters the shapes in place, with parameters of each shape's class: blinks are followed at
// once, mouth and jaw are steadied, brows, cheeks and nose most. docs/motion.md has them. Looks
// pass unchanged: they follow from the gaze, which is filtered. dt_s is as above.
void pipeline_smooth_shapes_run(struct pipeline_smooth_shapes *smooth,
                                float shapes[PROTOCOL_SHAPE_COUNT], float dt_s);
