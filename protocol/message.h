// The messages between daemon and subscribers, independent of their encoding.
// docs/protocol.md shows them on the wire.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "protocol/point_set.h"
#include "protocol/policy.h"
#include "protocol/record.h"

enum {
    PROTOCOL_MAJOR = 1, // must be the same on both sides
    PROTOCOL_MINOR = 3, // incremented by additions: docs/protocol.md lists them
    PROTOCOL_STREAMS_MAX = 64,
    PROTOCOL_REASON_BYTES = 256,
    PROTOCOL_REQUEST_BYTES = 4096,        // longest request, newline included
    PROTOCOL_MESSAGE_BYTES = 1024 * 1024, // longest message of the server: metrics of all streams
};

// ---- from the client

enum protocol_request_type {
    PROTOCOL_SUBSCRIBE,
    PROTOCOL_UNSUBSCRIBE,
    PROTOCOL_STATUS,
    PROTOCOL_PING,
    PROTOCOL_METRICS,
    PROTOCOL_CALIBRATE, // of one stream; all actions but SHOW are reserved: see FORBIDDEN
    PROTOCOL_SETTINGS,  // of one stream; changes are reserved
    PROTOCOL_STREAM,    // adds, removes or changes a stream; reserved
    PROTOCOL_RELOAD,    // reads the configuration again; reserved
};

// Identifies a request in its reply; optional.
struct protocol_id {
    bool given;
    int64_t value;
};

enum protocol_calibrate_action {
    PROTOCOL_CALIBRATE_NEUTRAL, // measure the neutral face
    PROTOCOL_CALIBRATE_RANGE,   // measure how far shapes reach
    PROTOCOL_CALIBRATE_SHOW,    // what was measured
    PROTOCOL_CALIBRATE_USE,     // another profile
    PROTOCOL_CALIBRATE_RESET,   // forget what was measured
    PROTOCOL_CALIBRATE_COUNT,
};

// "neutral", "range", ...
const char *protocol_calibrate_action_name(enum protocol_calibrate_action action);

// Shapes and a number for each.
struct protocol_shape_numbers {
    uint64_t known; // 1 << enum protocol_shape for each that has a number
    float values[PROTOCOL_SHAPE_COUNT];
};

enum protocol_setting {
    PROTOCOL_SETTING_SMOOTH = 1,
    PROTOCOL_SETTING_MIN_CUTOFF = 2,
    PROTOCOL_SETTING_BETA = 4,
    PROTOCOL_SETTING_FOV = 8,
};

// Bounds of settings.
#define PROTOCOL_MIN_CUTOFF_MIN 0.01
#define PROTOCOL_MIN_CUTOFF_MAX 1000.0
#define PROTOCOL_BETA_MAX 10000.0
#define PROTOCOL_FOV_MIN 5.0
#define PROTOCOL_FOV_MAX 170.0
#define PROTOCOL_GAIN_MAX 3.0

// How a stream's motion is computed. A request changes what is given; the reply has everything.
struct protocol_settings {
    struct protocol_id id;
    char stream[PROTOCOL_NAME_BYTES];
    unsigned given; // enum protocol_setting; requests only. gains.known is the same for gains
    bool reset;     // requests only: first go back to what the daemon was started with
    bool smooth;
    float smooth_min_cutoff;             // Hz
    float smooth_beta;                   // Hz per face size a second
    float fov;                           // degrees; 0: estimated
    struct protocol_shape_numbers gains; // factors of the shapes
    bool changed;                        // replies only: differs from what the daemon started with
};

// Takes over what was given.
void protocol_settings_merge(struct protocol_settings *settings,
                             const struct protocol_settings *given);

enum protocol_stream_action {
    PROTOCOL_STREAM_ADD,
    PROTOCOL_STREAM_REMOVE,
    PROTOCOL_STREAM_SET, // its options
    PROTOCOL_STREAM_ACTION_COUNT,
};

// "add", "remove", "set"
const char *protocol_stream_action_name(enum protocol_stream_action action);

struct protocol_request {
    enum protocol_request_type type;
    struct protocol_id id;
    char stream[PROTOCOL_NAME_BYTES]; // "" means all
    // SUBSCRIBE only; with defaults for options that were not given.
    struct protocol_policy policy;
    bool encoding_given; // otherwise the connection keeps its encoding
    bool mode_given;     // otherwise the server's default applies
    // CALIBRATE only.
    enum protocol_calibrate_action action;
    char profile[PROTOCOL_NAME_BYTES]; // "": the one in use
    uint64_t shapes;                   // RANGE: 1 << enum protocol_shape each
    struct protocol_settings settings; // SETTINGS only; its id and stream are not used
};

// True for 1 to PROTOCOL_NAME_BYTES - 1 of A-Z a-z 0-9 _ -.
bool protocol_profile_valid(const char *name);

// The same with dots: what mocapd takes as a stream's name. Servers of other kinds may have others.
bool protocol_stream_name_valid(const char *name);

// ---- from the server

enum protocol_error_code {
    PROTOCOL_ERROR_BAD_REQUEST,    // not JSON, or a field of the wrong type
    PROTOCOL_ERROR_UNKNOWN_TYPE,   // no such request
    PROTOCOL_ERROR_UNKNOWN_STREAM, // no such stream
    PROTOCOL_ERROR_TOO_LONG,       // a line over PROTOCOL_REQUEST_BYTES
    PROTOCOL_ERROR_UNSUPPORTED,    // this server cannot do it
    PROTOCOL_ERROR_WRONG_VERSION,  // the client has another major version; the connection ends
    PROTOCOL_ERROR_TOO_MANY,       // too many connections; this one ends
    PROTOCOL_ERROR_FORBIDDEN,      // a reserved request of a user who may not send it
    PROTOCOL_ERROR_NO_FACE,        // calibrate: no face was found
    PROTOCOL_ERROR_STORAGE,        // calibrate: the profile could not be read or written
    PROTOCOL_ERROR_EXISTS,         // stream: it is there already, with other options
    PROTOCOL_ERROR_CONFIGURATION,  // reload: the configuration is wrong; nothing has changed
    PROTOCOL_ERROR_OTHER,          // a code of a later version
};

// "bad-request", "unknown-type", ...
const char *protocol_error_code_name(enum protocol_error_code code);
enum protocol_error_code protocol_error_code_parse(const char *text); // OTHER when unknown

struct protocol_error {
    struct protocol_id id; // the request's, if it could be read
    enum protocol_error_code code;
    char message[PROTOCOL_REASON_BYTES];
};

// Fills an error but for its id. Returns false.
bool protocol_refuse(struct protocol_error *error, enum protocol_error_code code,
                     const char *format, ...) MC_PRINTF(3, 4);

struct protocol_hello {
    int major, minor;
    char server[64];    // "mocapd 0.2.0"
    char boot_id[64];   // differs after each start of the daemon; seq then begins again
    unsigned encodings; // 1u << enum protocol_encoding for each
    int stream_count;
    char streams[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
    struct protocol_point_set dense; // its count is 0 when there are no dense points
};

// What was granted.
struct protocol_subscribed {
    struct protocol_id id;
    struct protocol_policy policy; // SUBSCRIBED only
    int stream_count;
    char streams[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
};

struct protocol_state {
    char stream[PROTOCOL_NAME_BYTES];
    enum protocol_stream_state state;
    char reason[PROTOCOL_REASON_BYTES];
};

// How far the shapes of a face reached, and the gains that follow.
struct protocol_shape_range {
    struct protocol_shape_numbers peaks, gains;
};

// A stream's faces were measured, some frames after the request.
struct protocol_calibrated {
    struct protocol_id id;
    char stream[PROTOCOL_NAME_BYTES];
    int faces;
    char profile[PROTOCOL_NAME_BYTES]; // "" from servers of 1.0
    int range_count;                   // RANGE: faces, otherwise 0
    struct protocol_shape_range ranges[PROTOCOL_FACES_MAX];
};

// What was measured of a face.
struct protocol_face_calibration {
    bool neutral;                          // its neutral face
    struct protocol_shape_numbers offsets; // of it: what a network reads at rest
    struct protocol_shape_numbers gains;   // those that are not 1
};

enum { PROTOCOL_PROFILES_MAX = 32 };

// A profile of a stream: the reply to SHOW, USE and RESET.
struct protocol_calibration {
    struct protocol_id id;
    char stream[PROTOCOL_NAME_BYTES];
    char profile[PROTOCOL_NAME_BYTES];
    bool active;    // in use
    int face_count; // measured
    struct protocol_face_calibration faces[PROTOCOL_FACES_MAX];
    uint64_t shapes;   // that the stream's faces have shown so far, 1 << enum protocol_shape each
    int profile_count; // of the stream, this one included if it holds anything
    char profiles[PROTOCOL_PROFILES_MAX][PROTOCOL_NAME_BYTES];
};

// A stream was added, removed or changed, or nothing had to change.
struct protocol_stream_changed {
    struct protocol_id id;
    enum protocol_stream_action action;
    char stream[PROTOCOL_NAME_BYTES];
    bool changed;
};

// The streams there are now: sent to every connection when one was added or removed.
struct protocol_streams {
    int stream_count;
    char streams[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
};

// True when the name is one of the count names, as in protocol_streams and protocol_hello.
bool protocol_names_contain(const char (*names)[PROTOCOL_NAME_BYTES], int count, const char *name);

enum {
    PROTOCOL_OPTIONS_MAX = 24, // names of options in a message, and options of a stream
    PROTOCOL_OPTION_NAME_BYTES = 32,
    PROTOCOL_OPTION_VALUE_BYTES = 1024,
};

// What a reload has done.
struct protocol_reloaded {
    struct protocol_id id;
    struct protocol_streams added, changed, removed;
    struct protocol_streams failed; // to be added: the log says why
    int restart_count;              // options that take effect when the daemon is started again
    char restart[PROTOCOL_OPTIONS_MAX][PROTOCOL_OPTION_NAME_BYTES];
};

// Follows the last record of a stream, which goes on after it only when it is opened again.
struct protocol_end {
    char stream[PROTOCOL_NAME_BYTES];
    uint64_t records;                 // published in all
    enum protocol_stream_state state; // ENDED or FAILED
    char reason[PROTOCOL_REASON_BYTES];
};

// Frames without a record, and records that did not reach a subscriber, by cause.
struct protocol_drops {
    uint64_t mailbox;    // a newer frame arrived before a worker was free
    uint64_t late;       // more than a second late on arrival
    uint64_t decode;     // could not be decoded, or is damaged and damaged = drop
    uint64_t subscriber; // missed records, over all subscribers
};

struct protocol_stream_status {
    char stream[PROTOCOL_NAME_BYTES];
    enum protocol_stream_state state;
    char reason[PROTOCOL_REASON_BYTES];
    uint64_t records;
    uint64_t dropped; // frames without a record
    struct protocol_drops drops;
    uint64_t connects; // how often the source was opened
    int subscribers;
    float fov;     // of the camera, as poses take it, degrees; 0: not known
    bool isolated; // its source is read and decoded in a process of its own
};

enum { PROTOCOL_NETWORKS_MAX = 8 };

// A network that frames pass through.
struct protocol_network_status {
    char network[32];   // what it is for: "landmarks", "locator", "expression"
    char file[256];     // of its weights, seen from the folder of those that come with mocapd; or
                        // without folders
    char precision[16]; // "f32", "bf16", "int8"
};

struct protocol_status {
    struct protocol_id id;
    double uptime_s;
    int connections;
    int workers;
    uint64_t missed;   // records that this connection missed
    int network_count; // 0 from servers of 1.0
    struct protocol_network_status networks[PROTOCOL_NETWORKS_MAX];
    int stream_count;
    struct protocol_stream_status streams[PROTOCOL_STREAMS_MAX];
};

enum protocol_message_type {
    PROTOCOL_MESSAGE_HELLO,
    PROTOCOL_MESSAGE_SUBSCRIBED,
    PROTOCOL_MESSAGE_UNSUBSCRIBED,
    PROTOCOL_MESSAGE_STATUS,
    PROTOCOL_MESSAGE_PONG,
    PROTOCOL_MESSAGE_METRICS, // for its text see protocol_decode_metrics
    PROTOCOL_MESSAGE_ERROR,
    PROTOCOL_MESSAGE_STATE,
    PROTOCOL_MESSAGE_MOTION,
    PROTOCOL_MESSAGE_END,
    PROTOCOL_MESSAGE_CALIBRATED,
    PROTOCOL_MESSAGE_CALIBRATION,
    PROTOCOL_MESSAGE_STREAM,
    PROTOCOL_MESSAGE_STREAMS,
    PROTOCOL_MESSAGE_RELOADED,
    PROTOCOL_MESSAGE_OTHER, // of a later version; ignored
};

// A decoded message. Its status alone takes 100 kB: keep one, on the heap.
struct protocol_message {
    enum protocol_message_type type;
    struct protocol_id id;
    uint64_t missed; // MOTION: records this subscriber missed since the last one of the stream
    bool has_timing; // MOTION: the record's timing was sent
    union {
        struct protocol_hello hello;
        struct protocol_subscribed subscribed; // also UNSUBSCRIBED
        struct protocol_status status;
        struct protocol_error error;
        struct protocol_state state;
        struct protocol_record record; // MOTION
        struct protocol_end end;
        struct protocol_calibrated calibrated;
        struct protocol_calibration calibration;
        struct protocol_stream_changed stream_changed; // STREAM
        struct protocol_streams streams;
        struct protocol_reloaded reloaded;
    };
};
