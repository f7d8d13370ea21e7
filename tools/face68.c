#include "tools/face68.h"

#include <math.h>

const struct tools_face68_contour tools_face68_contours[TOOLS_FACE68_CONTOURS] = {
    { 0, 16, false },  // jaw
    { 17, 21, false }, // brow
    { 22, 26, false }, // the other
    { 27, 30, false }, // bridge of the nose
    { 31, 35, false }, // nostrils
    { 36, 41, true },  // eye
    { 42, 47, true },  // the other
    { 48, 59, true },  // outer lips
    { 60, 67, true },  // inner lips
};

static float distance(const struct mc_keypoint *keypoints, int a, int b)
{
    return hypotf(keypoints[a].x - keypoints[b].x, keypoints[a].y - keypoints[b].y);
}

// Of the eye whose outermost landmark is first: two pairs of lids.
static float eye(const struct mc_keypoint *keypoints, int first)
{
    float width = distance(keypoints, first, first + 3);
    float height =
        distance(keypoints, first + 1, first + 5) + distance(keypoints, first + 2, first + 4);
    return width > 0 ? height / (2 * width) : NAN;
}

float tools_face68_eyes(const struct mc_keypoint *keypoints)
{
    return (eye(keypoints, 36) + eye(keypoints, 42)) / 2;
}

float tools_face68_mouth(const struct mc_keypoint *keypoints)
{
    float width = distance(keypoints, 60, 64);
    return width > 0 ? distance(keypoints, 62, 66) / width : NAN;
}
