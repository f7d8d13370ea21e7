// A message in the structs of libmocap, whose pointers lead into the view and are NULL for
// absent parts: records can grow without changing the ABI.
#pragma once

#include "protocol/message.h"
#include "protocol/mocap.h"

struct protocol_view {
    struct mocap_record record;
    struct mocap_timing timing;
    struct mocap_face faces[PROTOCOL_FACES_MAX];
    struct mocap_pose poses[PROTOCOL_FACES_MAX];
    struct mocap_keypoint keypoints[PROTOCOL_FACES_MAX][PROTOCOL_KEYPOINTS_MAX];
    struct mocap_keypoint raw[PROTOCOL_FACES_MAX][PROTOCOL_KEYPOINTS_MAX];
};

// Fills shown, except for its bytes, from message. shown points into view and message.
void protocol_view_message(struct protocol_view *view, const struct protocol_message *message,
                           struct mocap_message *shown);
