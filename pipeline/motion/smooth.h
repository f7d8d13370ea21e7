// Smoothing: the One Euro filter (Casiez, Roussel, Vogel: "1 € Filter", CHI 2012)
// on each coordinate of one face's keypoints.
//
// A low-pass filter whose cutoff grows with the speed: still points are held
// still, fast ones followed at once. Speeds are in sizes of the face a second
// (pipeline_smooth_run says what a size is), so that the parameters mean the same
// whatever the picture's resolution and the face's distance.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"

enum { PIPELINE_SMOOTH_POINTS_MAX = 128 };

struct pipeline_smooth_options {
    bool on;
    float min_cutoff; // of a point at rest, Hz
    float beta;       // how much the cutoff grows, Hz for each face size a second
};

// Chosen by measurement: see docs/motion.md.
struct pipeline_smooth_options pipeline_smooth_options_default(void);

struct pipeline_smooth_state {
    float value; // filtered, pixels
    float last;  // as it came
    float speed; // filtered, face sizes a second
    bool known;
};

// One face's filter. All zero: at its start.
struct pipeline_smooth {
    struct pipeline_smooth_state x[PIPELINE_SMOOTH_POINTS_MAX], y[PIPELINE_SMOOTH_POINTS_MAX];
    bool started;
};

// Forgets: the next points pass as they are.
void pipeline_smooth_reset(struct pipeline_smooth *smooth);

// Filters count points in place. dt_s is the time since the points before, in
// seconds; at 0 or less, beyond half a second, or not a number the filter starts anew. size is
// the face's, pixels: the root of its keypoints' box's area. A coordinate that is not
// finite passes as it is, and starts anew with the next.
void pipeline_smooth_run(struct pipeline_smooth *smooth,
                         const struct pipeline_smooth_options *options, struct mc_keypoint *points,
                         int count, float size, float dt_s);
