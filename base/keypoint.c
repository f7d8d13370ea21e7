#include "base/keypoint.h"

#include <math.h>

void mc_keypoints_box(const struct mc_keypoint *keypoints, int count, float box[4])
{
    float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (int i = 0; i < count; i++) {
        left = fminf(left, keypoints[i].x);
        right = fmaxf(right, keypoints[i].x);
        top = fminf(top, keypoints[i].y);
        bottom = fmaxf(bottom, keypoints[i].y);
    }
    box[0] = left;
    box[1] = top;
    box[2] = right - left;
    box[3] = bottom - top;
}
