#include "tools/bridge/adjust.h"

#include <math.h>
#include <string.h>

#include "tools/bridge/expressions.h"
#include "tools/bridge/rotation.h"

// The landmark on the other side of the face (iBUG's 68).
static int opposite(int landmark)
{
    static const struct {
        int first, last, sum; // of a landmark and its opposite
    } runs[] = {
        { 0, 16, 16 },   { 17, 26, 43 },  { 27, 30, -1 },  { 31, 35, 66 },
        { 36, 39, 81 },  { 40, 41, 87 },  { 42, 45, 81 },  { 46, 47, 87 },
        { 48, 54, 102 }, { 55, 59, 114 }, { 60, 64, 124 }, { 65, 67, 132 },
    };
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        if (landmark <= runs[i].last) {
            return runs[i].sum < 0 ? landmark : runs[i].sum - landmark;
        }
    }
    return landmark;
}

static void adjust_shapes(const struct bridge_settings *settings, const float *shapes, float *out)
{
    float changed[MOCAP_SHAPE_COUNT] = { 0 };
    for (int i = 0; shapes != NULL && i < MOCAP_SHAPE_COUNT; i++) {
        const float value = settings->gains[i] * (shapes[i] - settings->neutral[i]);
        changed[i] = value > 0 ? fminf(value, 1) : 0; // nor is a value that is no number
    }
    if (settings->mirror) {
        bridge_expressions_mirror(changed, out);
    } else {
        memcpy(out, changed, sizeof changed);
    }
}

// A head that is neutral since nobody is seen looks ahead already.
static void adjust_pose(const struct bridge_settings *settings, const struct mocap_pose *pose,
                        enum mocap_lost lost, struct mocap_pose *out)
{
    static const float ahead[3];
    *out = *pose;
    if (lost != MOCAP_LOST_NEUTRAL && memcmp(settings->neutral_head, ahead, sizeof ahead) != 0) {
        float neutral[4];
        bridge_rotation_of_euler(settings->neutral_head, neutral);
        bridge_rotation_from(neutral, pose->rotation, out->rotation);
        bridge_rotation_euler(out->rotation, out->euler);
    }
    if (settings->mirror) {
        float turned[4];
        memcpy(turned, out->rotation, sizeof turned);
        bridge_rotation_mirror(turned, out->rotation);
        out->euler[1] = -out->euler[1];
        out->euler[2] = -out->euler[2];
        out->translation[0] = -out->translation[0];
    }
}

static void mirror_gaze(const struct mocap_gaze *gaze, struct mocap_gaze *out)
{
    *out = *gaze;
    out->left[0] = -gaze->right[0];
    out->left[1] = gaze->right[1];
    out->right[0] = -gaze->left[0];
    out->right[1] = gaze->left[1];
    out->point[0] = -gaze->point[0];
}

static void mirror_points(const struct mocap_face *face, int width, struct mocap_keypoint *points,
                          struct mocap_face *out)
{
    const bool has_landmarks = face->keypoints != NULL && face->keypoint_count == BRIDGE_LANDMARKS;
    for (int i = 0; has_landmarks && i < BRIDGE_LANDMARKS; i++) {
        points[i] = face->keypoints[opposite(i)];
        points[i].x = (float)width - points[i].x;
    }
    out->keypoints = has_landmarks ? points : NULL;
    out->keypoint_count = has_landmarks ? BRIDGE_LANDMARKS : 0;
    out->box[0] = (float)width - face->box[0] - face->box[2];
    out->raw = NULL;
    out->jacobians = NULL;
}

void bridge_adjust(struct bridge_adjusted *adjusted, const struct bridge_settings *settings,
                   const struct mocap_record *record)
{
    adjusted->record = *record;
    adjusted->record.faces = adjusted->faces;
    adjusted->record.more = adjusted->mores;
    if (adjusted->record.face_count > PROTOCOL_FACES_MAX) {
        adjusted->record.face_count = PROTOCOL_FACES_MAX;
    }
    for (int i = 0; i < adjusted->record.face_count; i++) {
        const struct mocap_face *face = &record->faces[i];
        struct mocap_face *out = &adjusted->faces[i];
        *out = *face;
        adjusted->more[i] = record->more != NULL ? *record->more[i] : (struct mocap_face_more){ 0 };
        adjusted->mores[i] = &adjusted->more[i];
        adjust_shapes(settings, face->shapes, adjusted->shapes[i]);
        out->shapes = adjusted->shapes[i];
        if (face->pose != NULL) {
            adjust_pose(settings, face->pose, record->lost, &adjusted->poses[i]);
            out->pose = &adjusted->poses[i];
        }
        if (settings->mirror) {
            mirror_points(face, record->width, adjusted->keypoints[i], out);
            adjusted->more[i].dense = NULL;
            adjusted->more[i].dense_count = 0;
            if (adjusted->more[i].gaze != NULL) {
                mirror_gaze(adjusted->more[i].gaze, &adjusted->gazes[i]);
                adjusted->more[i].gaze = &adjusted->gazes[i];
            }
        }
    }
}
