// A record as one target shows it: its neutral face subtracted, gains applied, mirrored if asked.
// Outputs then know nothing of any of that.
#pragma once

#include "protocol/mocap.h"
#include "protocol/record.h"
#include "tools/bridge/settings.h"

enum { BRIDGE_LANDMARKS = 68 };

// The faces' parts, changed; what is not changed is borrowed from the record.
struct bridge_adjusted {
    struct mocap_record record; // at most PROTOCOL_FACES_MAX faces; each has shapes, maybe all 0
    struct mocap_face faces[PROTOCOL_FACES_MAX];
    struct mocap_face_more more[PROTOCOL_FACES_MAX];
    const struct mocap_face_more *mores[PROTOCOL_FACES_MAX];
    struct mocap_pose poses[PROTOCOL_FACES_MAX];
    float shapes[PROTOCOL_FACES_MAX][MOCAP_SHAPE_COUNT];
    struct mocap_gaze gazes[PROTOCOL_FACES_MAX];
    struct mocap_keypoint keypoints[PROTOCOL_FACES_MAX][BRIDGE_LANDMARKS];
};

// The record is borrowed while adjusted is used. A mirrored face has keypoints only if it has 68
// landmarks; it has no raw or dense ones, and no Jacobians.
void bridge_adjust(struct bridge_adjusted *adjusted, const struct bridge_settings *settings,
                   const struct mocap_record *record);
