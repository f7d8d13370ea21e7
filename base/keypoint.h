// A keypoint: a position in a frame, and how certain it is.
#pragma once

struct mc_keypoint {
    float x, y; // pixels; the centre of the frame's first pixel is (0.5, 0.5)
    float c;    // confidence, 0 to 1
};

// Writes the bounding box of count keypoints as x, y, width, height; count must be
// positive. Any thread.
void mc_keypoints_box(const struct mc_keypoint *keypoints, int count, float box[4]);
