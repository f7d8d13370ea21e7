// A face's expression as a few lengths, measured on the 68 landmarks once the head's pose
// has been taken out of them. Blend shapes follow from how far these lengths are from
// those of the person's neutral face.
#pragma once

#include <stdbool.h>

#include "pipeline/motion/pose.h"

// Lengths in widths of the face. Left and right are the person's own. An open mouth lowers its
// own corners and narrows itself; width and drop are as if it were shut.
enum pipeline_feature {
    PIPELINE_EYE_LEFT, // opening of the lids, over the width of the eye
    PIPELINE_EYE_RIGHT,
    PIPELINE_BROW_LEFT, // height of the whole brow over the corners of its eye
    PIPELINE_BROW_RIGHT,
    PIPELINE_BROW_INNER_LEFT, // of its two points nearest the nose
    PIPELINE_BROW_INNER_RIGHT,
    PIPELINE_BROW_OUTER_LEFT, // of its two outermost points
    PIPELINE_BROW_OUTER_RIGHT,
    PIPELINE_LIPS_GAP,  // between the lips
    PIPELINE_CHIN_DROP, // chin below the base of the nose
    PIPELINE_CHIN_SIDE, // chin to the person's left of the nose
    PIPELINE_MOUTH_WIDTH,
    PIPELINE_MOUTH_SIDE,       // mouth to the person's left of the nose
    PIPELINE_CORNER_DROP_LEFT, // corner of the mouth below the base of the nose
    PIPELINE_CORNER_DROP_RIGHT,
    PIPELINE_CORNER_BEND_LEFT, // corner of the mouth below the middle of the lips
    PIPELINE_CORNER_BEND_RIGHT,
    PIPELINE_CORNER_OUT_LEFT, // corner of the mouth outwards from the nose
    PIPELINE_CORNER_OUT_RIGHT,
    PIPELINE_FEATURE_COUNT,
};

// The typical value at rest, and how much people differ in it (standard deviation).
struct pipeline_feature_spread {
    float typical, deviation;
};
extern const struct pipeline_feature_spread pipeline_feature_spread[PIPELINE_FEATURE_COUNT];

// "eyeLeft", "eyeRight", "browLeft", ...
const char *pipeline_feature_name(enum pipeline_feature feature);

// Measures the features of a face whose pose is known. Each landmark is put back
// on the head at the mean face's depth. Returns false, features unset, when the
// head is turned too far for that or a landmark is not finite.
bool pipeline_features_measure(const struct mc_keypoint keypoints[68],
                               const struct pipeline_camera *camera,
                               const struct protocol_pose *pose,
                               float features[PIPELINE_FEATURE_COUNT]);
