// What the head does over time. Everything repeats after MOTION_LOOP_S, so
// that a clip of this length has no seam.
#pragma once

#include <stdbool.h>

#define MOTION_LOOP_S 10.0

struct motion {
    float yaw, pitch, roll; // degrees: face to the frame's right, down, clockwise
    float x, y, nearness;   // of the head, in outer-eye distances
    float eye_open[2];      // 0 shut to 1 open: the eye left in the frame, the other
    float mouth_open;       // 0 to 1
    float smile;            // 0 to 1
    float gaze_x, gaze_y;   // -1 to 1, right and down
    float brow_raise;       // 0 to 1
};

// The pose at a time; phase, in 0 to 1, shifts the clips of different people.
struct motion motion_at(double time_s, float phase);

// Looks straight ahead, eyes open, mouth shut.
struct motion motion_still(void);
