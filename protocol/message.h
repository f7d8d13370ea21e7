// The messages between daemon and subscribers, apart from how they are encoded.
// docs/protocol.md shows them on the wire.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/policy.h"
#include "protocol/record.h"

enum {
    PROTOCOL_MAJOR = 1, // both sides must agree on it
    PROTOCOL_MINOR = 0, // grows when something is added
    PROTOCOL_STREAMS_MAX = 64,
    PROTOCOL_REASON_BYTES = 256,
    PROTOCOL_REQUEST_BYTES = 4096,       // longest request line, with its newline
    PROTOCOL_MESSAGE_BYTES = 256 * 1024, // longest message of the server
};

// ---- from the client

enum protocol_request_type {
    PROTOCOL_SUBSCRIBE,
    PROTOCOL_UNSUBSCRIBE,
    PROTOCOL_STATUS,
    PROTOCOL_PING,
    PROTOCOL_METRICS,
    PROTOCOL_CALIBRATE, // names a stream; for the daemon's own user and root
};

// The number by which a reply names its request; a request may come without.
struct protocol_id {
    bool given;
    int64_t value;
};

struct protocol_request {
    enum protocol_request_type type;
    struct protocol_id id;
    char stream[PROTOCOL_NAME_BYTES]; // "" means all
    // SUBSCRIBE: what is asked for, with defaults for what is not.
    struct protocol_policy policy;
    bool encoding_given; // else the connection's stays
    bool mode_given;     // else it is the server's
};

// ---- from the server

enum protocol_error_code {
    PROTOCOL_ERROR_BAD_REQUEST,    // not JSON, or a field of the wrong type
    PROTOCOL_ERROR_UNKNOWN_TYPE,   // no such request
    PROTOCOL_ERROR_UNKNOWN_STREAM, // no such stream
    PROTOCOL_ERROR_TOO_LONG,       // a line over PROTOCOL_REQUEST_BYTES
    PROTOCOL_ERROR_UNSUPPORTED,    // asks for what this server can't do
    PROTOCOL_ERROR_WRONG_VERSION,  // the client speaks another major; the connection ends
    PROTOCOL_ERROR_TOO_MANY,       // connections; this one ends
    PROTOCOL_ERROR_FORBIDDEN,      // not for this user
    PROTOCOL_ERROR_NO_FACE,        // calibrate: nobody was there to measure
    PROTOCOL_ERROR_OTHER,          // a code that this version does not know
};

// "bad-request", "unknown-type", ...
const char *protocol_error_code_name(enum protocol_error_code code);
enum protocol_error_code protocol_error_code_parse(const char *text); // OTHER when unknown

struct protocol_error {
    struct protocol_id id; // of the request, where it could be read
    enum protocol_error_code code;
    char message[PROTOCOL_REASON_BYTES];
};

struct protocol_hello {
    int major, minor;
    char server[64];    // "mocapd 0.1.0"
    char boot_id[64];   // another one after each start of the daemon: seq begins anew
    unsigned encodings; // a bit for each of protocol_encoding
    int stream_count;
    char streams[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
};

// What a subscription got.
struct protocol_subscribed {
    struct protocol_id id;
    struct protocol_policy policy; // as granted; of SUBSCRIBED alone
    int stream_count;
    char streams[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
};

struct protocol_state {
    char stream[PROTOCOL_NAME_BYTES];
    enum protocol_stream_state state;
    char reason[PROTOCOL_REASON_BYTES];
};

// The neutral face of a stream was measured: it came some frames after the request.
struct protocol_calibrated {
    struct protocol_id id;
    char stream[PROTOCOL_NAME_BYTES];
    int faces;
};

// Nothing of this stream follows.
struct protocol_end {
    char stream[PROTOCOL_NAME_BYTES];
    uint64_t records;                 // that the stream gave in all
    enum protocol_stream_state state; // ENDED or FAILED
    char reason[PROTOCOL_REASON_BYTES];
};

// Why there is no record of a frame, or it did not reach somebody; counts.
struct protocol_drops {
    uint64_t mailbox;    // a newer frame came before a worker was free
    uint64_t late;       // over a second old when it came
    uint64_t decode;     // could not be decoded, or was damaged where such are not wanted
    uint64_t subscriber; // records that subscribers missed, all together
};

struct protocol_stream_status {
    char stream[PROTOCOL_NAME_BYTES];
    enum protocol_stream_state state;
    char reason[PROTOCOL_REASON_BYTES];
    uint64_t records;
    uint64_t dropped; // frames left out on purpose
    struct protocol_drops drops;
    uint64_t connects; // times the source was opened
    int subscribers;
};

struct protocol_status {
    struct protocol_id id;
    double uptime_s;
    int connections;
    int workers;
    uint64_t missed; // records that this connection missed, in all
    int stream_count;
    struct protocol_stream_status streams[PROTOCOL_STREAMS_MAX];
};

enum protocol_message_type {
    PROTOCOL_MESSAGE_HELLO,
    PROTOCOL_MESSAGE_SUBSCRIBED,
    PROTOCOL_MESSAGE_UNSUBSCRIBED,
    PROTOCOL_MESSAGE_STATUS,
    PROTOCOL_MESSAGE_PONG,
    PROTOCOL_MESSAGE_METRICS, // its text: protocol_decode_metrics
    PROTOCOL_MESSAGE_ERROR,
    PROTOCOL_MESSAGE_STATE,
    PROTOCOL_MESSAGE_MOTION,
    PROTOCOL_MESSAGE_END,
    PROTOCOL_MESSAGE_CALIBRATED,
    PROTOCOL_MESSAGE_OTHER, // of a later version: to be ignored
};

// A message as the client reads it. 100 kB of it is status: keep one, on the heap.
struct protocol_message {
    enum protocol_message_type type;
    struct protocol_id id;
    uint64_t missed; // MOTION: records of this stream that this subscriber missed since the last
    bool has_timing; // MOTION: the record's timing is known
    union {
        struct protocol_hello hello;
        struct protocol_subscribed subscribed; // also UNSUBSCRIBED
        struct protocol_status status;
        struct protocol_error error;
        struct protocol_state state;
        struct protocol_record record; // MOTION
        struct protocol_end end;
        struct protocol_calibrated calibrated;
    };
};
