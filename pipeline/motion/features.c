#include "pipeline/motion/features.h"

#include <math.h>

#include "pipeline/motion/mean_face.h"

enum { POINTS = PIPELINE_MEAN_FACE_POINTS };

static const float facing_least = 0.35f; // cosine between a line of sight and the head's axis
static const float bound = 100;          // widths of the face: no landmark is farther out

// An open mouth moves its corners down and in, by these shares of the gap between the lips.
static const float drop_with_gap = 0.15f, narrow_with_gap = 0.10f;

// From 1,112 photographs through the shipped network. A second network judged which regions
// of these faces were at rest: 945 pairs of eyes, 571 of brows, 373 mouths. Medians, and
// standard deviations without the outer tenth; of brows those over all photographs, because the
// second network takes brows that are high at rest for raised ones. The same for both sides.
const struct pipeline_feature_spread pipeline_feature_spread[PIPELINE_FEATURE_COUNT] = {
    [PIPELINE_EYE_LEFT] = { 0.305f, 0.063f },
    [PIPELINE_EYE_RIGHT] = { 0.305f, 0.063f },
    [PIPELINE_BROW_LEFT] = { 0.132f, 0.018f },
    [PIPELINE_BROW_RIGHT] = { 0.132f, 0.018f },
    [PIPELINE_BROW_INNER_LEFT] = { 0.117f, 0.020f },
    [PIPELINE_BROW_INNER_RIGHT] = { 0.117f, 0.020f },
    [PIPELINE_BROW_OUTER_LEFT] = { 0.131f, 0.020f },
    [PIPELINE_BROW_OUTER_RIGHT] = { 0.131f, 0.020f },
    [PIPELINE_LIPS_GAP] = { 0.006f, 0.006f },
    [PIPELINE_CHIN_DROP] = { 0.467f, 0.026f },
    [PIPELINE_CHIN_SIDE] = { 0, 0.015f },
    [PIPELINE_MOUTH_WIDTH] = { 0.361f, 0.028f },
    [PIPELINE_MOUTH_SIDE] = { 0, 0.0085f },
    [PIPELINE_CORNER_DROP_LEFT] = { 0.159f, 0.0165f },
    [PIPELINE_CORNER_DROP_RIGHT] = { 0.159f, 0.0165f },
    [PIPELINE_CORNER_BEND_LEFT] = { 0.009f, 0.0135f },
    [PIPELINE_CORNER_BEND_RIGHT] = { 0.009f, 0.0135f },
    [PIPELINE_CORNER_OUT_LEFT] = { 0.180f, 0.0195f },
    [PIPELINE_CORNER_OUT_RIGHT] = { 0.180f, 0.0195f },
};

const char *pipeline_feature_name(enum pipeline_feature feature)
{
    static const char *const names[PIPELINE_FEATURE_COUNT] = {
        [PIPELINE_EYE_LEFT] = "eyeLeft",
        [PIPELINE_EYE_RIGHT] = "eyeRight",
        [PIPELINE_BROW_LEFT] = "browLeft",
        [PIPELINE_BROW_RIGHT] = "browRight",
        [PIPELINE_BROW_INNER_LEFT] = "browInnerLeft",
        [PIPELINE_BROW_INNER_RIGHT] = "browInnerRight",
        [PIPELINE_BROW_OUTER_LEFT] = "browOuterLeft",
        [PIPELINE_BROW_OUTER_RIGHT] = "browOuterRight",
        [PIPELINE_LIPS_GAP] = "lipsGap",
        [PIPELINE_CHIN_DROP] = "chinDrop",
        [PIPELINE_CHIN_SIDE] = "chinSide",
        [PIPELINE_MOUTH_WIDTH] = "mouthWidth",
        [PIPELINE_MOUTH_SIDE] = "mouthSide",
        [PIPELINE_CORNER_DROP_LEFT] = "cornerDropLeft",
        [PIPELINE_CORNER_DROP_RIGHT] = "cornerDropRight",
        [PIPELINE_CORNER_BEND_LEFT] = "cornerBendLeft",
        [PIPELINE_CORNER_BEND_RIGHT] = "cornerBendRight",
        [PIPELINE_CORNER_OUT_LEFT] = "cornerOutLeft",
        [PIPELINE_CORNER_OUT_RIGHT] = "cornerOutRight",
    };
    return names[feature];
}

// Landmarks in the plane of the face, head axes.
struct flat {
    float x[POINTS], y[POINTS];
};

// Where each landmark's line of sight meets the plane, parallel to the face, in
// which the mean face has that landmark.
static bool flatten(const struct mc_keypoint *keypoints, const struct pipeline_camera *camera,
                    const struct protocol_pose *pose, struct flat *flat)
{
    float m[3][3], eye[3]; // the camera's location, head axes
    pipeline_pose_matrix(pose, m);
    const float *t = pose->translation;
    for (int k = 0; k < 3; k++) {
        eye[k] = -(m[0][k] * t[0] + m[1][k] * t[1] + m[2][k] * t[2]);
    }
    for (int i = 0; i < POINTS; i++) {
        const float u = (keypoints[i].x - camera->x) / camera->focal;
        const float v = (keypoints[i].y - camera->y) / camera->focal;
        float ray[3];
        for (int k = 0; k < 3; k++) {
            ray[k] = m[0][k] * u + m[1][k] * v + m[2][k];
        }
        if (!(ray[2] > facing_least)) {
            return false;
        }
        const float along = (pipeline_mean_face[i].z - eye[2]) / ray[2];
        flat->x[i] = eye[0] + along * ray[0];
        flat->y[i] = eye[1] + along * ray[1];
        if (!(fabsf(flat->x[i]) < bound) || !(fabsf(flat->y[i]) < bound)) {
            return false;
        }
    }
    return true;
}

static float distance(const struct flat *flat, int a, int b)
{
    return hypotf(flat->x[a] - flat->x[b], flat->y[a] - flat->y[b]);
}

// Of the eye whose landmarks begin at first: two pairs of lids over the width.
static float opening(const struct flat *flat, int first)
{
    const float lids = distance(flat, first + 1, first + 5) + distance(flat, first + 2, first + 4);
    return lids / 2 / fmaxf(distance(flat, first, first + 3), 0.02f);
}

static float mean(const float *values, int from, int to)
{
    float sum = 0;
    for (int i = from; i <= to; i++) {
        sum += values[i];
    }
    return sum / (float)(to - from + 1);
}

static void measure_upper(const struct flat *flat, float *f)
{
    const float right = (flat->y[36] + flat->y[39]) / 2, left = (flat->y[42] + flat->y[45]) / 2;
    f[PIPELINE_EYE_RIGHT] = opening(flat, 36);
    f[PIPELINE_EYE_LEFT] = opening(flat, 42);
    f[PIPELINE_BROW_RIGHT] = right - mean(flat->y, 17, 21);
    f[PIPELINE_BROW_LEFT] = left - mean(flat->y, 22, 26);
    f[PIPELINE_BROW_INNER_RIGHT] = right - mean(flat->y, 20, 21);
    f[PIPELINE_BROW_INNER_LEFT] = left - mean(flat->y, 22, 23);
    f[PIPELINE_BROW_OUTER_RIGHT] = right - mean(flat->y, 17, 18);
    f[PIPELINE_BROW_OUTER_LEFT] = left - mean(flat->y, 25, 26);
}

static void measure_lower(const struct flat *flat, float *f)
{
    const float nose_x = mean(flat->x, 31, 35), nose_y = mean(flat->y, 31, 35);
    const float gap =
        (distance(flat, 61, 67) + distance(flat, 62, 66) + distance(flat, 63, 65)) / 3;
    const float middle = (flat->y[62] + flat->y[66]) / 2;
    f[PIPELINE_LIPS_GAP] = gap;
    f[PIPELINE_CHIN_DROP] = mean(flat->y, 7, 9) - nose_y;
    f[PIPELINE_CHIN_SIDE] = mean(flat->x, 7, 9) - nose_x;
    f[PIPELINE_MOUTH_WIDTH] = distance(flat, 48, 54) + narrow_with_gap * gap;
    f[PIPELINE_MOUTH_SIDE] = mean(flat->x, 48, 59) - nose_x;
    f[PIPELINE_CORNER_DROP_RIGHT] = flat->y[48] - nose_y - drop_with_gap * gap;
    f[PIPELINE_CORNER_DROP_LEFT] = flat->y[54] - nose_y - drop_with_gap * gap;
    f[PIPELINE_CORNER_BEND_RIGHT] = flat->y[48] - middle;
    f[PIPELINE_CORNER_BEND_LEFT] = flat->y[54] - middle;
    f[PIPELINE_CORNER_OUT_RIGHT] = nose_x - flat->x[48];
    f[PIPELINE_CORNER_OUT_LEFT] = flat->x[54] - nose_x;
}

bool pipeline_features_measure(const struct mc_keypoint keypoints[68],
                               const struct pipeline_camera *camera,
                               const struct protocol_pose *pose,
                               float features[PIPELINE_FEATURE_COUNT])
{
    struct flat flat;
    if (!flatten(keypoints, camera, pose, &flat)) {
        return false;
    }
    measure_upper(&flat, features);
    measure_lower(&flat, features);
    return true;
}
