// libmocap: a program's side of mocapd's socket.
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
// All calls block, but never longer than their timeout_ms; -1 waits for ever, 0
// not at all. A client belongs to one thread at a time. An error may be NULL for
// who does not want to know. Nothing here prints, exits or handles signals.
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
    MOCAP_ERROR_ARGUMENT, // what was asked for makes no sense, or the server refuses it
    MOCAP_ERROR_SYSTEM,   // a system call failed; number is errno
    MOCAP_ERROR_FORMAT,   // the server's bytes do not follow the protocol
    MOCAP_ERROR_MEMORY,
};

struct mocap_error {
    enum mocap_error_code code;
    int number;        // errno with MOCAP_ERROR_SYSTEM, else 0
    char message[256]; // one line: "context: cause"
};

// ---- records

struct mocap_keypoint {
    float x, y; // pixels of the source; the centre of its first pixel is (0.5, 0.5)
    float c;    // confidence, 0 to 1
};

// The head, in the camera's axes: x right, y down, z away from the camera.
struct mocap_pose {
    float rotation[4];    // unit quaternion x, y, z, w: from the head's axes to the camera's
    float euler[3];       // the same as pitch, yaw, roll; degrees
    float translation[3]; // widths of the face
    float error;          // of the fit, widths of the face
};

// Blend shapes, as ARKit calls them. Left and right are the person's own.
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
    MOCAP_SHAPE_COUNT
};

// "eyeBlinkLeft", ...; NULL for what is no shape.
MOCAP_API const char *mocap_shape_name(enum mocap_shape shape);

// A part that is NULL was not asked for, or the server does not have it.
struct mocap_face {
    int id;       // stays the same while the face is followed; from 1 on
    float score;  // 0 to 1
    float box[4]; // x, y, width, height of the keypoints, pixels
    int keypoint_count;
    const struct mocap_keypoint *keypoints; // keypoint_count of them; smoothed if the server does
    const struct mocap_keypoint *raw;       // the same before smoothing
    const float (*jacobians)[4];            // of each keypoint a 2x2 matrix, row by row
    const struct mocap_pose *pose;
    const float *shapes; // MOCAP_SHAPE_COUNT of them, 0 to 1
};

// Microseconds that the stages of one frame took.
struct mocap_timing {
    int64_t reassembly; // the access unit's last byte to knowing that it was the last
    int64_t decode;     // packet to frame, in the decoder
    int64_t wait;       // decoded frame, until a worker took it
    int64_t scale;      // crop, scale, normalise
    int64_t infer;      // forward pass and keypoints
};

enum mocap_lost {       // what the faces are while nobody is seen
    MOCAP_LOST_NONE,    // there are none
    MOCAP_LOST_HOLD,    // those last seen
    MOCAP_LOST_NEUTRAL, // those last seen, with head upright and all shapes 0
};

struct mocap_record {
    const char *stream;
    uint64_t seq;                      // one more for each of the stream
    double pts;                        // presentation time, seconds
    int64_t t_arrival_ns;              // when the frame's packet arrived, CLOCK_MONOTONIC
    int64_t t_publish_ns;              // when the record was sent
    int width, height;                 // of the source frame, pixels
    uint64_t dropped;                  // frames of the stream left out on purpose, so far
    uint64_t missed;                   // records that this client missed since the one before
    bool damaged;                      // the decoder found errors in the frame
    enum mocap_lost lost;              // NONE: the faces are what this frame shows
    const struct mocap_timing *timing; // NULL: not asked for
    int face_count;
    const struct mocap_face *faces;
};

// ---- messages

enum mocap_encoding {
    MOCAP_ENCODING_BEST, // CBOR where the server speaks it
    MOCAP_ENCODING_JSON,
    MOCAP_ENCODING_CBOR,
};

enum mocap_message_type {
    MOCAP_RECORD,  // record is set
    MOCAP_STATE,   // stream, state and reason are set
    MOCAP_END,     // likewise, and records: nothing of this stream follows
    MOCAP_REPLY,   // to mocap_request
    MOCAP_REFUSAL, // an error message: code and reason are set
    MOCAP_OTHER,   // of a later version: to be ignored
};

// All that it points to is the client's and stays until the next call with it.
struct mocap_message {
    enum mocap_message_type type;
    const struct mocap_record *record;
    const char *stream;
    const char *state; // "idle", "connecting", "live", "stalled", "ended", "failed"
    const char *reason;
    const char *code; // "unknown-stream", ...
    uint64_t records; // that the stream gave in all
    // The message as it came: a line of JSON without its newline, or a CBOR data
    // item. A NUL follows JSON, which length does not count.
    enum mocap_encoding encoding; // JSON or CBOR
    const char *bytes;
    size_t length;
};

enum mocap_result {
    MOCAP_MESSAGE, // message is set
    MOCAP_TIMEOUT, // nothing came in time
    MOCAP_CLOSED,  // the server closed the connection: see mocap_reconnect
    MOCAP_ERROR,   // error is set; the connection is of no more use
};

// ---- the client

struct mocap_client;

struct mocap_server {
    int major, minor;    // of the protocol
    const char *name;    // "mocapd 0.1.0"
    const char *boot_id; // another one after each start: seq begins anew
    int stream_count;
    const char *const *streams;
};

// Connects to the socket at path and reads the server's greeting. path NULL: the
// user's daemon ($XDG_RUNTIME_DIR/mocapd/mocapd.sock), or the system's where the
// user has none. Fails when nobody listens, when no greeting comes in time, or when
// the server speaks another major version of the protocol. Free with mocap_close.
MOCAP_API struct mocap_client *mocap_connect(const char *path, int timeout_ms,
                                             struct mocap_error *error);
MOCAP_API void mocap_close(struct mocap_client *client); // NULL does nothing

// Who greeted. The client's; reconnecting changes it.
MOCAP_API const struct mocap_server *mocap_server(const struct mocap_client *client);

enum { // parts of a record, for mocap_options
    MOCAP_INCLUDE_KEYPOINTS = 1,
    MOCAP_INCLUDE_RAW = 2,
    MOCAP_INCLUDE_JACOBIANS = 4,
    MOCAP_INCLUDE_POSE = 8,
    MOCAP_INCLUDE_SHAPES = 16,
    MOCAP_INCLUDE_TIMING = 32,
    MOCAP_INCLUDE_ALL = 63,
    MOCAP_INCLUDE_BASE = 64, // with nothing else: none of these parts
};

enum mocap_mode {      // when this client reads slower than records come
    MOCAP_MODE_SERVER, // as the server does by itself: the latest, but with --every-frame
    MOCAP_MODE_LATEST, // the newest takes the place of the one that waits
    MOCAP_MODE_QUEUE,  // so many wait
};

// Zeroed, these are the defaults.
struct mocap_options {
    const char *stream;           // NULL: all of them
    enum mocap_encoding encoding; // of the connection, from here on
    double max_rate;              // records a second of each stream, 0.001 to 1000; 0: all
    unsigned include;             // of the parts above; 0: keypoints, pose, shapes, timing
    enum mocap_lost lost;
    enum mocap_mode mode;
    int queue;         // records that may wait, with MOCAP_MODE_QUEUE; 0: the server's choice
    const char *label; // what this client is called in the server's log; NULL: nothing
};

// Asks for records and waits for the reply. options NULL: all defaults. The server's
// refusal is an error, after which the connection goes on. The stream's state comes
// as the first message, its end as the last. Subscribing to a stream again changes
// its options.
MOCAP_API bool mocap_subscribe(struct mocap_client *client, const struct mocap_options *options,
                               int timeout_ms, struct mocap_error *error);

// What the last mocap_subscribe got; the client's.
MOCAP_API const struct mocap_options *mocap_granted(const struct mocap_client *client);

MOCAP_API bool mocap_unsubscribe(struct mocap_client *client, const char *stream, int timeout_ms,
                                 struct mocap_error *error); // stream NULL: all

// The next message.
MOCAP_API enum mocap_result mocap_next(struct mocap_client *client, int timeout_ms,
                                       struct mocap_message *message, struct mocap_error *error);

// For poll(2): readable when there may be something to read. Messages may already
// wait in memory, so before polling call mocap_next with timeout 0 until MOCAP_TIMEOUT.
MOCAP_API int mocap_fd(const struct mocap_client *client);

// Sends a request of that type ("status", "ping", ...), with the stream unless it is
// NULL, and waits for its reply; a refusal is a message too. Messages that come before
// it are kept for mocap_next.
MOCAP_API enum mocap_result mocap_request(struct mocap_client *client, const char *type,
                                          const char *stream, int timeout_ms,
                                          struct mocap_message *message, struct mocap_error *error);

// Connects again to where the client was connected and subscribes to what it had
// subscribed to, trying until timeout_ms has passed. Messages that were kept are gone.
// On failure the client stays as it was: unconnected, to be tried again or closed.
MOCAP_API bool mocap_reconnect(struct mocap_client *client, int timeout_ms,
                               struct mocap_error *error);

#ifdef __cplusplus
}
#endif

#endif
