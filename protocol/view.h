// A message in the structs of libmocap, whose pointers lead into the view and are NULL for
// absent parts: records can grow without changing the ABI.
#pragma once

#include "base/error.h"
#include "protocol/message.h"
#include "protocol/mocap.h"

struct protocol_view {
    struct mocap_record record;
    struct mocap_timing timing;
    struct mocap_face faces[PROTOCOL_FACES_MAX];
    struct mocap_pose poses[PROTOCOL_FACES_MAX];
    struct mocap_keypoint keypoints[PROTOCOL_FACES_MAX][PROTOCOL_KEYPOINTS_MAX];
    struct mocap_keypoint raw[PROTOCOL_FACES_MAX][PROTOCOL_KEYPOINTS_MAX];
    struct mocap_face_more more[PROTOCOL_FACES_MAX];
    const struct mocap_face_more *more_list[PROTOCOL_FACES_MAX];
    struct mocap_gaze gazes[PROTOCOL_FACES_MAX];
    struct mocap_keypoint dense[PROTOCOL_FACES_MAX][PROTOCOL_DENSE_MAX];
};

// A greeting likewise.
struct protocol_server_view {
    struct mocap_server server;
    const char *streams[PROTOCOL_STREAMS_MAX];
    struct mocap_point_set dense;
    struct mocap_point_group groups[PROTOCOL_POINT_GROUPS_MAX];
};

// Fills shown, except for its bytes, from message. shown points into view and message.
void protocol_view_message(struct protocol_view *view, const struct protocol_message *message,
                           struct mocap_message *shown);

// Fills the view from hello, which it points into.
void protocol_view_server(struct protocol_server_view *view, const struct protocol_hello *hello);

// The way back: fills hello, which then holds nothing of the view. All encodings but JSON are
// left out.
void protocol_view_hello(const struct mocap_server *server, struct protocol_hello *hello);

// Fills shown, which may be NULL, from err.
void protocol_view_error(const struct mc_error *err, struct mocap_error *shown);
