// The options of a subscription, as requested and as granted: what records contain, how many
// are sent, and what happens when the subscriber is slow.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/record.h"

enum protocol_encoding {
    PROTOCOL_JSON, // one line per message
    PROTOCOL_CBOR, // one data item per message, after its length (4 bytes, little-endian)
    PROTOCOL_ENCODING_COUNT,
};

// The optional parts of a record.
enum protocol_include {
    PROTOCOL_KEYPOINTS = 1 << 0,
    PROTOCOL_RAW = 1 << 1, // includes keypoints, as do Jacobians
    PROTOCOL_JACOBIANS = 1 << 2,
    PROTOCOL_POSE = 1 << 3,
    PROTOCOL_SHAPES = 1 << 4,
    PROTOCOL_TIMING = 1 << 5,
    PROTOCOL_GAZE = 1 << 6,
    PROTOCOL_DENSE = 1 << 7,
    PROTOCOL_INCLUDE_COUNT = 8,
    PROTOCOL_INCLUDE_ALL = (1 << PROTOCOL_INCLUDE_COUNT) - 1,
    // What drives an avatar, and shows its latency.
    PROTOCOL_INCLUDE_DEFAULT =
        PROTOCOL_KEYPOINTS | PROTOCOL_POSE | PROTOCOL_SHAPES | PROTOCOL_TIMING | PROTOCOL_GAZE,
};

// What happens to records when a subscriber is slow.
enum protocol_mode {
    PROTOCOL_LATEST,      // one is queued; a newer one replaces it
    PROTOCOL_QUEUE,       // a fixed number is queued; more are missed
    PROTOCOL_EVERY_FRAME, // the stream waits; needs mocapd --every-frame
    PROTOCOL_MODE_COUNT,
};

enum {
    PROTOCOL_QUEUE_DEFAULT = 64, // records
    PROTOCOL_QUEUE_MAX = 1024,
    PROTOCOL_RATE_MAX = 1000, // records per second
    PROTOCOL_LABEL_BYTES = 64,
};

// Records per second: the least that the reply can show with its three decimals.
#define PROTOCOL_RATE_MIN 0.001

struct protocol_policy {
    enum protocol_encoding encoding;
    unsigned include; // of protocol_include
    double max_rate;  // records per second and stream, RATE_MIN to RATE_MAX; 0: no limit
    enum protocol_lost lost;
    enum protocol_mode mode;
    int queue;                        // with PROTOCOL_QUEUE: records
    char label[PROTOCOL_LABEL_BYTES]; // the subscriber's name, for logs
};

// The names on the wire. Parsing returns false, and changes nothing, for an unknown name.
const char *protocol_encoding_name(enum protocol_encoding encoding);
bool protocol_encoding_parse(const char *text, enum protocol_encoding *encoding);
const char *protocol_lost_name(enum protocol_lost lost);
bool protocol_lost_parse(const char *text, enum protocol_lost *lost);
const char *protocol_mode_name(enum protocol_mode mode);
bool protocol_mode_parse(const char *text, enum protocol_mode *mode);
const char *protocol_include_name(int bit);                    // 0 to PROTOCOL_INCLUDE_COUNT - 1
bool protocol_include_parse(const char *text, unsigned *bits); // adds to bits

// True for 0 (no limit) and for PROTOCOL_RATE_MIN to PROTOCOL_RATE_MAX.
bool protocol_rate_valid(double max_rate);

// True when a log line can hold the label: valid UTF-8 without control characters.
bool protocol_label_valid(const char *label, size_t length);
