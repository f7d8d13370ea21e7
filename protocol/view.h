// A message as libmocap shows it: pointers into memory that is the view's, NULL for
// what is not there. So records can grow without a change for who reads them.
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

// Sets shown, but for its bytes, to what message says. shown points into view and
// into message.
void protocol_view_message(struct protocol_view *view, const struct protocol_message *message,
                           struct mocap_message *shown);
