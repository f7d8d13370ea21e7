// Keypoints: positions in a frame.
#pragma once

struct mc_keypoint {
    float x, y; // pixels; the centre of the frame's first pixel is (0.5, 0.5)
    float c;    // confidence, 0 to 1
};

// Writes the bounding box of the keypoints as x, y, width, height, in pixels. count must be at
// least 1. Any thread.
void mc_keypoints_box(const struct mc_keypoint *keypoints, int count, float box[4]);
