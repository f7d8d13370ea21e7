// Where to look: finds a face, then follows it. The network is its own tracker:
// the next square follows from the last landmarks.
//
// While it follows a face the next square depends on the last result, so one
// frame is looked at after the other; results depend on the frames alone.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"
#include "pipeline/preprocess.h"

enum { PIPELINE_KEYPOINTS_MAX = 128 };

// Looks at a square of the frame: fills keypoints, in source pixels, and returns
// their score. It can't look there at all: returns a negative number.
typedef float pipeline_look_fn(void *user, const struct pipeline_square *square,
                               struct mc_keypoint *keypoints);

struct pipeline_tracker {
    int keypoint_count;
    float margin; // edge of the square over the larger edge of the keypoints' box
    bool following;
    struct pipeline_square square; // around the face that is followed
    int scan_index;                // the square of the scan that is next
};

// What was seen in one frame.
struct pipeline_sight {
    bool seen;
    bool fresh; // not the face of the frame before
    float score;
    struct mc_keypoint keypoints[PIPELINE_KEYPOINTS_MAX]; // source pixels
};

void pipeline_tracker_init(struct pipeline_tracker *tracker, int keypoint_count, float margin);

// One frame of width x height. Looks at a bounded number of squares.
void pipeline_tracker_run(struct pipeline_tracker *tracker, int width, int height,
                          pipeline_look_fn *look, void *user, struct pipeline_sight *sight);

// Looks at one square that the user chose; no state.
void pipeline_tracker_look_at(const struct pipeline_square *square, pipeline_look_fn *look,
                              void *user, struct pipeline_sight *sight);

// The keypoints' bounding box: x, y, width, height.
void pipeline_keypoints_box(const struct mc_keypoint *keypoints, int count, float box[4]);
