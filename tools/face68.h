// The 68 landmarks of the iBUG scheme: what they mean.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"

// Left and right are the person's own: the right eye is on the left of the frame, unless that is
// mirrored.
enum {
    TOOLS_FACE68_COUNT = 68,
    TOOLS_FACE68_NOSE_TIP = 30,
    TOOLS_FACE68_RIGHT_EYE = 36, // its outer corner
    TOOLS_FACE68_LEFT_EYE = 45,
};

// A contour joins consecutive landmarks.
struct tools_face68_contour {
    int first, last;
    bool closed; // the last is joined to the first
};

enum { TOOLS_FACE68_CONTOURS = 9 };
extern const struct tools_face68_contour tools_face68_contours[TOOLS_FACE68_CONTOURS];

// Height of the opening over its width: about 0.3 for an open eye, 0 for a
// closed one; the mean of both eyes. NAN when an eye has no width.
float tools_face68_eyes(const struct mc_keypoint *keypoints);

// The same for the inner lips: 0 when they touch.
float tools_face68_mouth(const struct mc_keypoint *keypoints);
