// The motion record: the faces in one frame of a stream. The pipeline fills it and the
// protocol encodes it; docs/protocol.md and mocap.cddl describe it on the wire.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/keypoint.h"

enum {
    PROTOCOL_NAME_BYTES = 64,     // a stream's name, with its NUL
    PROTOCOL_FACES_MAX = 4,       // faces in one record
    PROTOCOL_KEYPOINTS_MAX = 128, // keypoints of one face
    PROTOCOL_DENSE_MAX = 256,     // dense points of one face
    PROTOCOL_SIDE_MAX = 1 << 21,  // pixels of a width or a height
    PROTOCOL_INT_MAX = INT32_MAX, // face ids, numbers of connections
};

// Bounds of the numbers in a message: sums and differences of a few such numbers do not
// overflow, and other languages can represent them.
#define PROTOCOL_COUNT_MAX ((INT64_C(1) << 53) - 1) // what a double holds exactly (RFC 7493)
#define PROTOCOL_TIME_MAX_NS (INT64_C(1) << 62)     // 146 years
#define PROTOCOL_STAGE_MAX_US (INT64_C(1) << 40)    // 12 days, of one stage of a frame
#define PROTOCOL_PTS_MAX 4e9                        // seconds; in nanoseconds it fits 64 bits

// Blend shapes: all of ARKit's, under its names ("jawOpen"). Left and right are the person's;
// the right one of a pair follows the left one. The first 22 also follow from 68 landmarks.
enum protocol_shape {
    PROTOCOL_EYE_BLINK_LEFT,
    PROTOCOL_EYE_BLINK_RIGHT,
    PROTOCOL_EYE_WIDE_LEFT,
    PROTOCOL_EYE_WIDE_RIGHT,
    PROTOCOL_JAW_OPEN,
    PROTOCOL_JAW_LEFT,
    PROTOCOL_JAW_RIGHT,
    PROTOCOL_MOUTH_FUNNEL,
    PROTOCOL_MOUTH_PUCKER,
    PROTOCOL_MOUTH_LEFT,
    PROTOCOL_MOUTH_RIGHT,
    PROTOCOL_MOUTH_SMILE_LEFT,
    PROTOCOL_MOUTH_SMILE_RIGHT,
    PROTOCOL_MOUTH_FROWN_LEFT,
    PROTOCOL_MOUTH_FROWN_RIGHT,
    PROTOCOL_MOUTH_STRETCH_LEFT,
    PROTOCOL_MOUTH_STRETCH_RIGHT,
    PROTOCOL_BROW_INNER_UP,
    PROTOCOL_BROW_DOWN_LEFT,
    PROTOCOL_BROW_DOWN_RIGHT,
    PROTOCOL_BROW_OUTER_UP_LEFT,
    PROTOCOL_BROW_OUTER_UP_RIGHT,
    PROTOCOL_EYE_LOOK_UP_LEFT,
    PROTOCOL_EYE_LOOK_UP_RIGHT,
    PROTOCOL_EYE_LOOK_DOWN_LEFT,
    PROTOCOL_EYE_LOOK_DOWN_RIGHT,
    PROTOCOL_EYE_LOOK_IN_LEFT,
    PROTOCOL_EYE_LOOK_IN_RIGHT,
    PROTOCOL_EYE_LOOK_OUT_LEFT,
    PROTOCOL_EYE_LOOK_OUT_RIGHT,
    PROTOCOL_EYE_SQUINT_LEFT,
    PROTOCOL_EYE_SQUINT_RIGHT,
    PROTOCOL_JAW_FORWARD,
    PROTOCOL_MOUTH_CLOSE,
    PROTOCOL_MOUTH_ROLL_UPPER,
    PROTOCOL_MOUTH_ROLL_LOWER,
    PROTOCOL_MOUTH_SHRUG_UPPER,
    PROTOCOL_MOUTH_SHRUG_LOWER,
    PROTOCOL_MOUTH_DIMPLE_LEFT,
    PROTOCOL_MOUTH_DIMPLE_RIGHT,
    PROTOCOL_MOUTH_UPPER_UP_LEFT,
    PROTOCOL_MOUTH_UPPER_UP_RIGHT,
    PROTOCOL_MOUTH_LOWER_DOWN_LEFT,
    PROTOCOL_MOUTH_LOWER_DOWN_RIGHT,
    PROTOCOL_MOUTH_PRESS_LEFT,
    PROTOCOL_MOUTH_PRESS_RIGHT,
    PROTOCOL_CHEEK_PUFF,
    PROTOCOL_CHEEK_SQUINT_LEFT,
    PROTOCOL_CHEEK_SQUINT_RIGHT,
    PROTOCOL_NOSE_SNEER_LEFT,
    PROTOCOL_NOSE_SNEER_RIGHT,
    PROTOCOL_TONGUE_OUT,
    PROTOCOL_SHAPE_COUNT,
};

// "eyeBlinkLeft", "eyeBlinkRight", ...
const char *protocol_shape_name(enum protocol_shape shape);
// Returns false, and changes nothing, for an unknown name.
bool protocol_shape_parse(const char *text, enum protocol_shape *shape);

// A shape that reaches less while its range is measured is no expression, and sets no gain.
#define PROTOCOL_RANGE_PEAK_MIN 0.25

// How long the stages of one frame took, microseconds.
struct protocol_timing {
    int64_t reassembly; // from the frame's last byte to knowing that it was the last
    int64_t decode;     // from packet to frame, in the decoder
    int64_t wait;       // from decoded frame to a free worker
    int64_t scale;      // cropping, scaling, normalising
    int64_t infer;      // the network, and keypoints from its heat maps
};

// The head in camera coordinates: x right, y down, z away from the camera.
struct protocol_pose {
    float rotation[4];    // unit quaternion x, y, z, w: from the head's axes to the camera's
    float euler[3];       // the same rotation as pitch, yaw, roll; degrees
    float translation[3]; // of the head's origin; face widths
    float error;          // root mean square error of the fit; face widths
};

// Where the eyes look, in the head's axes. Yaw and pitch are degrees, with the signs of
// protocol_pose.euler: positive yaw looks to the person's right, positive pitch down; 0 looks
// straight out of the face. A closed eye turns with the open one; two keep their gaze.
struct protocol_gaze {
    float left[2], right[2]; // yaw, pitch
    bool has_point;          // the two lines of sight meet in front of the face
    float point[3];          // where, or are nearest to each other: the head's axes, face widths
};

struct protocol_face {
    int id;       // 1 or greater; the same as long as the face is tracked
    float score;  // 0 to 1
    float box[4]; // bounding box of the keypoints: x, y, width, height; pixels
    int keypoint_count;
    struct mc_keypoint keypoints[PROTOCOL_KEYPOINTS_MAX]; // in pixels; smoothed if asked
    bool has_raw;                                         // raw holds them before smoothing
    struct mc_keypoint raw[PROTOCOL_KEYPOINTS_MAX];
    // The local affine transformation around each keypoint (First Order Motion Model,
    // Siarohin et al. 2019); 2x2, row by row.
    bool has_jacobians;
    float jacobians[PROTOCOL_KEYPOINTS_MAX][4];
    bool has_pose;
    struct protocol_pose pose;
    bool has_shapes;
    float shapes[PROTOCOL_SHAPE_COUNT]; // 0 to 1
    bool has_gaze;
    struct protocol_gaze gaze;
    bool has_dense;
    int dense_count;
    struct mc_keypoint dense[PROTOCOL_DENSE_MAX]; // in pixels; what they are: point_set.h
};

// What a record shows while no face is seen: a subscriber's choice.
enum protocol_lost {
    PROTOCOL_LOST_NONE,    // no faces
    PROTOCOL_LOST_HOLD,    // the faces last seen
    PROTOCOL_LOST_NEUTRAL, // the faces last seen, with the head upright and all shapes 0
    PROTOCOL_LOST_COUNT,
};

enum protocol_stream_state {
    PROTOCOL_STREAM_IDLE,       // no subscriber: the camera is closed until there is one
    PROTOCOL_STREAM_CONNECTING, // opening the source, for the first time or again
    PROTOCOL_STREAM_LIVE,       // frames arrive
    PROTOCOL_STREAM_STALLED,    // open, but no frame for a while
    PROTOCOL_STREAM_ENDED,      // a file was read to its end
    PROTOCOL_STREAM_FAILED,     // the daemon has given up
    PROTOCOL_STREAM_OTHER,      // a state that this version does not know
    PROTOCOL_STREAM_STATE_COUNT,
};

// "idle", "connecting", ...
const char *protocol_stream_state_name(enum protocol_stream_state state);
enum protocol_stream_state protocol_stream_state_parse(const char *text); // OTHER when unknown

struct protocol_record {
    char stream[PROTOCOL_NAME_BYTES];
    uint64_t seq;         // number of the record in its stream, from 0
    double pts;           // presentation time, seconds
    int64_t t_arrival_ns; // when the frame's packet arrived; monotonic
    int64_t t_publish_ns; // when the record was published; monotonic
    int width, height;    // of the displayed frame, pixels
    uint64_t dropped;     // frames of this stream dropped so far
    uint64_t fence;       // of the lease under which it was published; 0: none
    bool damaged;         // the decoder found errors in this frame
    struct protocol_timing timing;
    enum protocol_lost lost; // NONE: the faces are those of this frame
    int face_count;          // 0 while no face is seen; such records are published, too
    struct protocol_face faces[PROTOCOL_FACES_MAX];
};
