// The motion record: what was seen in one frame. It is the word that the
// pipeline and the protocol share; how it looks on the wire is in json.h.
#pragma once

#include <stdint.h>

#include "base/keypoint.h"

enum {
    PROTOCOL_NAME_BYTES = 64,     // a stream's name, with its NUL
    PROTOCOL_FACES_MAX = 4,       // faces in one record
    PROTOCOL_KEYPOINTS_MAX = 128, // keypoints of one face
};

// Microseconds that the stages of one frame took.
struct protocol_timing {
    int64_t decode; // packet to frame, in the decoder
    int64_t wait;   // decoded frame in the mailbox, until a worker took it
    int64_t scale;  // crop, scale, normalise
    int64_t infer;  // forward pass and keypoints
};

struct protocol_face {
    int id;       // stays the same while the face is followed; starts at 1
    float score;  // 0 to 1
    float box[4]; // x, y, width, height of the keypoints' box, in source pixels
    int keypoint_count;
    struct mc_keypoint keypoints[PROTOCOL_KEYPOINTS_MAX]; // in source pixels
};

struct protocol_record {
    char stream[PROTOCOL_NAME_BYTES];
    uint64_t seq;         // 0 for the stream's first record, then one more for each
    double pts;           // presentation time, seconds
    int64_t t_arrival_ns; // when the frame's packet arrived; monotonic
    int64_t t_publish_ns; // when the record was handed to the subscribers; monotonic
    int width, height;    // of the source frame, pixels
    uint64_t dropped;     // frames of this stream that were dropped so far, on purpose
    struct protocol_timing timing;
    int face_count; // 0 when nobody is seen: that is a record too
    struct protocol_face faces[PROTOCOL_FACES_MAX];
};
