// libmocap: motion records from mocapd, for C and C++.
//
//     struct mocap_error error;
//     struct mocap_client *client = mocap_connect(NULL, 5000, &error);
//     if (client == NULL || !mocap_subscribe(client, NULL, 5000, &error)) ...
//     struct mocap_message message;
//     while (mocap_next(client, -1, &message, &error) == MOCAP_MESSAGE) {
//         if (message.type == MOCAP_RECORD) ... message.record->faces[0] ...
//     }
//     mocap_close(client);
//
// Every call that communicates blocks for at most its timeout_ms; -1 waits forever, 0 does
// not wait. A client may be used by one thread at a time; different clients are independent.
// An error argument may be NULL. The library prints nothing, never exits and handles no
// signals.
#ifndef MOCAP_H
#define MOCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOCAP_API __attribute__((visibility("default")))

// ---- errors

enum mocap_error_code {
    MOCAP_ERROR_NONE,
    MOCAP_ERROR_ARGUMENT, // an argument is invalid, or the server refused the request
    MOCAP_ERROR_SYSTEM,   // a system call failed; number is errno
    MOCAP_ERROR_FORMAT,   // the server does not follow the protocol
    MOCAP_ERROR_MEMORY,   // out of memory
};

struct mocap_error {
    enum mocap_error_code code;
    int number;        // errno with MOCAP_ERROR_SYSTEM, otherwise 0
    char message[256]; // one line, "context: cause", without a full stop
};

// ---- records

struct mocap_keypoint {
    float x, y; // pixels of the displayed frame; the centre of its first pixel is (0.5, 0.5)
    float c;    // confidence, 0 to 1
};

// The head in camera coordinates: x right, y down, z away from the camera.
struct mocap_pose {
    float rotation[4];    // unit quaternion x, y, z, w: from the head's axes to the camera's
    float euler[3];       // the same rotation as pitch, yaw, roll; degrees
    float translation[3]; // face widths
    float error;          // root mean square error of the fit; face widths
};

// Blend shapes: all of ARKit's. Left and right are the person's. Those that the server's model
// does not see are 0.
enum mocap_shape {
    MOCAP_EYE_BLINK_LEFT,
    MOCAP_EYE_BLINK_RIGHT,
    MOCAP_EYE_WIDE_LEFT,
    MOCAP_EYE_WIDE_RIGHT,
    MOCAP_JAW_OPEN,
    MOCAP_JAW_LEFT,
    MOCAP_JAW_RIGHT,
    MOCAP_MOUTH_FUNNEL,
    MOCAP_MOUTH_PUCKER,
    MOCAP_MOUTH_LEFT,
    MOCAP_MOUTH_RIGHT,
    MOCAP_MOUTH_SMILE_LEFT,
    MOCAP_MOUTH_SMILE_RIGHT,
    MOCAP_MOUTH_FROWN_LEFT,
    MOCAP_MOUTH_FROWN_RIGHT,
    MOCAP_MOUTH_STRETCH_LEFT,
    MOCAP_MOUTH_STRETCH_RIGHT,
    MOCAP_BROW_INNER_UP,
    MOCAP_BROW_DOWN_LEFT,
    MOCAP_BROW_DOWN_RIGHT,
    MOCAP_BROW_OUTER_UP_LEFT,
    MOCAP_BROW_OUTER_UP_RIGHT,
    MOCAP_EYE_LOOK_UP_LEFT,
    MOCAP_EYE_LOOK_UP_RIGHT,
    MOCAP_EYE_LOOK_DOWN_LEFT,
    MOCAP_EYE_LOOK_DOWN_RIGHT,
    MOCAP_EYE_LOOK_IN_LEFT,
    MOCAP_EYE_LOOK_IN_RIGHT,
    MOCAP_EYE_LOOK_OUT_LEFT,
    MOCAP_EYE_LOOK_OUT_RIGHT,
    MOCAP_EYE_SQUINT_LEFT,
    MOCAP_EYE_SQUINT_RIGHT,
    MOCAP_JAW_FORWARD,
    MOCAP_MOUTH_CLOSE,
    MOCAP_MOUTH_ROLL_UPPER,
    MOCAP_MOUTH_ROLL_LOWER,
    MOCAP_MOUTH_SHRUG_UPPER,
    MOCAP_MOUTH_SHRUG_LOWER,
    MOCAP_MOUTH_DIMPLE_LEFT,
    MOCAP_MOUTH_DIMPLE_RIGHT,
    MOCAP_MOUTH_UPPER_UP_LEFT,
    MOCAP_MOUTH_UPPER_UP_RIGHT,
    MOCAP_MOUTH_LOWER_DOWN_LEFT,
    MOCAP_MOUTH_LOWER_DOWN_RIGHT,
    MOCAP_MOUTH_PRESS_LEFT,
    MOCAP_MOUTH_PRESS_RIGHT,
    MOCAP_CHEEK_PUFF,
    MOCAP_CHEEK_SQUINT_LEFT,
    MOCAP_CHEEK_SQUINT_RIGHT,
    MOCAP_NOSE_SNEER_LEFT,
    MOCAP_NOSE_SNEER_RIGHT,
    MOCAP_TONGUE_OUT,
    MOCAP_SHAPE_COUNT
};

// Returns "eyeBlinkLeft", ...; NULL for a value that is no shape.
MOCAP_API const char *mocap_shape_name(enum mocap_shape shape);

// Where the eyes look, in the head's axes. Yaw and pitch are degrees, with the signs of
// mocap_pose.euler: positive yaw looks to the person's right, positive pitch down; 0 looks
// straight out of the face. A closed eye turns with the open one; two keep their gaze.
struct mocap_gaze {
    float left[2], right[2]; // yaw, pitch; the person's left and right
    bool has_point;          // the two lines of sight meet in front of the face
    float point[3];          // where: the head's axes, face widths
};

// A part is NULL when it was not asked for or the server does not have it.
struct mocap_face {
    int id;       // 1 or greater; the same as long as the face is tracked
    float score;  // share of the landmarks that are likely right, 0 to 1
    float box[4]; // bounding box of the keypoints: x, y, width, height; pixels
    int keypoint_count;
    const struct mocap_keypoint *keypoints; // keypoint_count; smoothed if the server smooths
    const struct mocap_keypoint *raw;       // keypoint_count; before smoothing
    const float (*jacobians)[4];            // keypoint_count 2x2 matrices, row by row
    const struct mocap_pose *pose;
    const float *shapes; // MOCAP_SHAPE_COUNT weights, 0 to 1; indexed by enum mocap_shape
};

// More of a face: mocap_record.faces is an array, so struct mocap_face cannot grow. Parts are
// NULL as there.
struct mocap_face_more {
    const struct mocap_gaze *gaze;
    int dense_count;
    const struct mocap_keypoint *dense; // dense_count; what they are: mocap_server.dense
};

// How long the stages of one frame took, microseconds.
struct mocap_timing {
    int64_t reassembly; // from the frame's last byte to knowing that it was the last
    int64_t decode;     // from packet to frame, in the decoder
    int64_t wait;       // from decoded frame to a free worker
    int64_t scale;      // cropping, scaling, normalising
    int64_t infer;      // the network, and keypoints from its heat maps
};

enum mocap_lost {       // what a record shows while no face is seen
    MOCAP_LOST_NONE,    // no faces
    MOCAP_LOST_HOLD,    // the faces last seen
    MOCAP_LOST_NEUTRAL, // the faces last seen, with the head upright and all shapes 0
};

struct mocap_record {
    const char *stream;
    uint64_t seq;                      // number of the record in its stream, from 0
    double pts;                        // presentation time of the frame, seconds
    int64_t t_arrival_ns;              // when the frame's packet arrived, CLOCK_MONOTONIC
    int64_t t_publish_ns;              // when the record was published, CLOCK_MONOTONIC
    int width, height;                 // of the displayed frame, pixels
    uint64_t dropped;                  // frames of the stream dropped so far
    uint64_t missed;                   // records this client missed since its last one
    bool damaged;                      // the decoder found errors in the frame
    enum mocap_lost lost;              // NONE: the faces are those of this frame
    const struct mocap_timing *timing; // NULL when not asked for
    int face_count;
    const struct mocap_face *faces;
    const struct mocap_face_more *const *more; // face_count: of the faces, in their order
    // Of the lease under which a machine of a fleet watches the stream; 0: none. It grows: a record
    // with a lower one than an earlier record of the stream is of a machine that lost its lease.
    uint64_t fence;
};

// ---- messages

enum mocap_encoding {
    MOCAP_ENCODING_BEST, // CBOR if the server has it
    MOCAP_ENCODING_JSON,
    MOCAP_ENCODING_CBOR,
};

enum mocap_message_type {
    MOCAP_RECORD,  // record is set
    MOCAP_STATE,   // stream, state and reason are set
    MOCAP_END,     // follows its stream's last record; as STATE, and records is set. A stream that
                   // is opened again goes on after it, with a MOCAP_STATE
    MOCAP_REPLY,   // to mocap_request, or to a call that timed out before
    MOCAP_REFUSAL, // an error message: code and reason are set; stream if mocap_reconnect could
                   // not renew the subscription to it
    MOCAP_OTHER,   // a type of a later version; ignore it
    MOCAP_STREAMS, // streams were added or removed: see mocap_server
};

// What it points to belongs to the client and is valid until the next call with it.
struct mocap_message {
    enum mocap_message_type type;
    const struct mocap_record *record;
    const char *stream;
    const char *state;  // "idle", "connecting", "live", "stalled", "ended", "failed"
    const char *reason; // "" if there is none
    const char *code;   // "unknown-stream", ...
    uint64_t records;   // published by the stream in all
    // The message as it was received: a line of JSON without its newline, followed by a NUL
    // that length does not count, or a CBOR data item.
    enum mocap_encoding encoding; // MOCAP_ENCODING_JSON or MOCAP_ENCODING_CBOR
    const char *bytes;
    size_t length;
};

enum mocap_result {
    MOCAP_MESSAGE, // message is set
    MOCAP_TIMEOUT, // nothing arrived in time
    MOCAP_CLOSED,  // the connection is closed; error is set, and has what the server said before it
                   // closed it, if anything; see mocap_reconnect
    MOCAP_ERROR,   // error is set; the connection is closed, except for an invalid argument
};

// ---- the client

struct mocap_client;

// Points that belong together, in the order in which a line connects them.
struct mocap_point_group {
    const char *name; // "outerLips", "leftIris", ...; left and right are the person's
    bool closed;      // the line returns to the first point
    int count;
    const int *points; // their numbers
};

struct mocap_point_set {
    const char *name; // "ict212"
    int count;        // points
    int group_count;  // 0 where the server knows no groups
    const struct mocap_point_group *groups;
};

struct mocap_server {
    int major, minor;    // version of the protocol
    const char *name;    // "mocapd 0.2.0"
    const char *boot_id; // differs after each start of the daemon; seq then begins again
    int stream_count;
    const char *const *streams;
    const struct mocap_point_set *dense; // the dense points; NULL when the server has none
};

// Connects to the socket at path and reads the server's greeting. path NULL: the user's
// daemon ($XDG_RUNTIME_DIR/mocapd/mocapd.sock), or the system's (/run/mocapd/mocapd.sock) if
// nobody listens there. Fails when nobody listens, when no greeting arrives in time, or when
// the server has another major version of the protocol. Free with mocap_close.
MOCAP_API struct mocap_client *mocap_connect(const char *path, int timeout_ms,
                                             struct mocap_error *error);
MOCAP_API void mocap_close(struct mocap_client *client); // NULL does nothing

// The server that the client is or was connected to. Belongs to the client; mocap_reconnect
// changes it, and its streams change when the client reads MOCAP_STREAMS.
MOCAP_API const struct mocap_server *mocap_server(const struct mocap_client *client);

enum { // the parts of a record that mocap_options.include selects
    MOCAP_INCLUDE_KEYPOINTS = 1,
    MOCAP_INCLUDE_RAW = 2,
    MOCAP_INCLUDE_JACOBIANS = 4,
    MOCAP_INCLUDE_POSE = 8,
    MOCAP_INCLUDE_SHAPES = 16,
    MOCAP_INCLUDE_TIMING = 32,
    MOCAP_INCLUDE_BASE = 64, // alone: none of these parts
    MOCAP_INCLUDE_GAZE = 128,
    MOCAP_INCLUDE_DENSE = 256,
    MOCAP_INCLUDE_ALL = 63 | MOCAP_INCLUDE_GAZE | MOCAP_INCLUDE_DENSE,
};

enum mocap_mode {      // what happens when records arrive faster than the client reads
    MOCAP_MODE_SERVER, // the server's default: LATEST unless mocapd runs with --every-frame
    MOCAP_MODE_LATEST, // one record is queued; a newer one replaces it
    MOCAP_MODE_QUEUE,  // up to mocap_options.queue records are queued; more are missed
};

// How to subscribe. Zeroed, it holds the defaults.
struct mocap_options {
    const char *stream;           // NULL: all streams
    enum mocap_encoding encoding; // of all messages from now on
    double max_rate;              // records per second and stream, 0.001 to 1000; 0: no limit
    unsigned include;             // MOCAP_INCLUDE_*; 0: keypoints, pose, shapes, timing, gaze
    enum mocap_lost lost;
    enum mocap_mode mode;
    int queue;         // with MOCAP_MODE_QUEUE: records, of which up to 1024 are granted; 0: 64
    const char *label; // a name for the server's log, at most 63 bytes; NULL: none
};

// Subscribes and waits for the reply. options NULL: the defaults. A refusal by the server is
// an error after which the connection is still usable. The stream's state arrives as the
// first message. Subscribing to a stream again changes its options. Subscribing to all streams
// includes those to come, with the options that were last given for a stream of that name, or else
// for all; it goes on until mocap_unsubscribe, be it from a single stream.
//
// On the same connection, the subscription to a stream ends when the stream is removed: if
// MOCAP_STREAMS then shows that one of that name was added (see mocap_server), subscribe again.
// mocap_reconnect renews it if the stream is there by then; mocap_unsubscribe prevents that, even
// if the server refuses it as the stream is gone.
//
// After a timeout (MOCAP_ERROR_SYSTEM with ETIMEDOUT) the reply may still arrive: the
// subscription then takes effect as if it had been in time.
MOCAP_API bool mocap_subscribe(struct mocap_client *client, const struct mocap_options *options,
                               int timeout_ms, struct mocap_error *error);

// What the server granted last. Belongs to the client.
MOCAP_API const struct mocap_options *mocap_granted(const struct mocap_client *client);

// Unsubscribes from a stream and waits for the reply. stream NULL: from all streams. After
// subscribing to all, unsubscribing from a single one leaves the others there are, but not those to
// come.
MOCAP_API bool mocap_unsubscribe(struct mocap_client *client, const char *stream, int timeout_ms,
                                 struct mocap_error *error);

// Waits for the next message.
MOCAP_API enum mocap_result mocap_next(struct mocap_client *client, int timeout_ms,
                                       struct mocap_message *message, struct mocap_error *error);

// The socket, for poll(2): readable when there may be a message. Messages may already be in
// memory, so call mocap_next with timeout_ms 0 until it returns MOCAP_TIMEOUT before polling.
// -1 while the connection is closed.
MOCAP_API int mocap_fd(const struct mocap_client *client);

// Sends a request of the given type ("status", "ping", ...), with a stream unless that is NULL,
// and waits for its reply, which may be a MOCAP_REFUSAL. Messages that arrive before the reply
// are kept for mocap_next, up to 1024: beyond, the oldest records are dropped, and the next record
// of the stream counts them as missed. 1024 that cannot be dropped are an error. "subscribe" and
// "unsubscribe" take effect as mocap_subscribe and mocap_unsubscribe do: mocap_reconnect knows
// them.
MOCAP_API enum mocap_result mocap_request(struct mocap_client *client, const char *type,
                                          const char *stream, int timeout_ms,
                                          struct mocap_message *message, struct mocap_error *error);

// The same for requests with further fields: object is the request as a JSON object, without
// its id, such as {"type":"calibrate","stream":"main","action":"show"}.
MOCAP_API enum mocap_result mocap_request_json(struct mocap_client *client, const char *object,
                                               int timeout_ms, struct mocap_message *message,
                                               struct mocap_error *error);

// Connects to the same socket again and renews all subscriptions, trying until timeout_ms has
// passed. Waits a moment first when the last connection was lost soon after it was made.
// Messages that were kept for mocap_next are lost. On failure the client stays unconnected:
// try again, or close it.
//
// A subscription to a stream that the server no longer has is dropped: mocap_next then returns a
// MOCAP_REFUSAL with the code "unknown-stream" and the stream. If that leaves no subscription, this
// fails and drops none.
MOCAP_API bool mocap_reconnect(struct mocap_client *client, int timeout_ms,
                               struct mocap_error *error);

#ifdef __cplusplus
}
#endif

#endif
