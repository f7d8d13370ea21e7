// A face that a locator found.
#pragma once

enum { NN_FACES_MAX = 16 };

struct nn_face {
    float x, y, width, height; // upright box, pixels: left, top, size
    float score;               // 0 to 1
};
