// Where a face is in a frame, and the regions of interest around it.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"
#include "pipeline/track/locator.h"
#include "pipeline/track/scaler.h"

// The middle and the longer edge of the box around a face's keypoints, displayed pixels.
// The box is upright on the face.
struct pipeline_location {
    float x, y, size;
};

// The box's axes are turned by angle from those of the frame, clockwise, radians.
struct pipeline_location pipeline_location_of_keypoints(const struct mc_keypoint *keypoints,
                                                        int count, float angle);

struct pipeline_location pipeline_location_of_detection(const struct pipeline_detection *detection);

// Whether two locations may be the same face: their middles less than distance apart,
// in sizes of the larger, and their sizes within the ratio.
bool pipeline_location_is_near(const struct pipeline_location *a, const struct pipeline_location *b,
                               float distance, float ratio);

// The region whose edge is margin times the location's size; angle as in pipeline_roi.
struct pipeline_roi pipeline_location_roi(const struct pipeline_location *location, float margin,
                                          float angle);

// How far the head is rolled, clockwise, -pi to pi: from the eyes of 68 iBUG landmarks.
float pipeline_location_roll(const struct mc_keypoint *keypoints);

// The angle of the face's next region, after one of the given angle. Small rolls are
// left to the network, and small changes leave the angle as it was.
float pipeline_location_next_angle(const struct mc_keypoint *keypoints, float angle);

// The nearest of few sizes, 6 % apart: a region that keeps its size jitters less.
float pipeline_location_round_size(float size);

// The region for the face's next frame. Small changes leave the last one as it was,
// because landmarks jitter less when their region stands still.
struct pipeline_roi pipeline_location_next_roi(const struct pipeline_location *location,
                                               float margin, float angle,
                                               const struct pipeline_roi *last);
