// A keypoint: where, and how sure.
#pragma once

struct mc_keypoint {
    float x, y; // pixels; the centre of the picture's first pixel is (0.5, 0.5)
    float c;    // confidence, 0 to 1
};
