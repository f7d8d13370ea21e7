// A face that a locator found.
#pragma once

enum { NN_DETECTIONS_MAX = 16 };

struct nn_detection {
    float x, y, width, height; // upright box: left, top and size, pixels of the input
    float score;               // 0 to 1
};
