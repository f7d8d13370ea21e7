// What a subscription asks for, and what it got: how records look, how many
// come, and what happens to those that there is no room for.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/record.h"

enum protocol_encoding {
    PROTOCOL_JSON, // a line each
    PROTOCOL_CBOR, // a data item each, after its length in 4 bytes, little-endian
    PROTOCOL_ENCODING_COUNT,
};

// The parts of a record that a subscriber may leave out.
enum protocol_include {
    PROTOCOL_KEYPOINTS = 1 << 0,
    PROTOCOL_RAW = 1 << 1, // with keypoints always; so are Jacobians
    PROTOCOL_JACOBIANS = 1 << 2,
    PROTOCOL_POSE = 1 << 3,
    PROTOCOL_SHAPES = 1 << 4,
    PROTOCOL_TIMING = 1 << 5,
    PROTOCOL_INCLUDE_COUNT = 6,
    PROTOCOL_INCLUDE_ALL = (1 << PROTOCOL_INCLUDE_COUNT) - 1,
    // What drives an avatar, and what tells how late it is.
    PROTOCOL_INCLUDE_DEFAULT =
        PROTOCOL_KEYPOINTS | PROTOCOL_POSE | PROTOCOL_SHAPES | PROTOCOL_TIMING,
};

// When a record does not fit, because its reader is behind.
enum protocol_mode {
    PROTOCOL_LATEST,      // the newest takes the place of the one that waits
    PROTOCOL_QUEUE,       // so many wait; those that find no room are missed
    PROTOCOL_EVERY_FRAME, // the stream waits: where the daemon runs so
    PROTOCOL_MODE_COUNT,
};

enum {
    PROTOCOL_QUEUE_DEFAULT = 64, // records
    PROTOCOL_QUEUE_MAX = 1024,
    PROTOCOL_RATE_MAX = 1000, // records a second
    PROTOCOL_LABEL_BYTES = 64,
};

// Records a second: as little as the reply can show, and short of intervals that no
// clock counts.
#define PROTOCOL_RATE_MIN 0.001

struct protocol_policy {
    enum protocol_encoding encoding;
    unsigned include; // of protocol_include
    double max_rate;  // records a second, of each stream, RATE_MIN to RATE_MAX; 0: all
    enum protocol_lost lost;
    enum protocol_mode mode;
    int queue;                        // records that may wait, with PROTOCOL_QUEUE
    char label[PROTOCOL_LABEL_BYTES]; // what the subscriber calls itself, for logs
};

// The names on the wire. A parse returns false for a name that it does not know.
const char *protocol_encoding_name(enum protocol_encoding encoding);
bool protocol_encoding_parse(const char *text, enum protocol_encoding *encoding);
const char *protocol_lost_name(enum protocol_lost lost);
bool protocol_lost_parse(const char *text, enum protocol_lost *lost);
const char *protocol_mode_name(enum protocol_mode mode);
bool protocol_mode_parse(const char *text, enum protocol_mode *mode);
const char *protocol_include_name(int bit);                    // 0 to PROTOCOL_INCLUDE_COUNT - 1
bool protocol_include_parse(const char *text, unsigned *bits); // adds to bits

// True for 0, which is all, and for what lies from PROTOCOL_RATE_MIN to PROTOCOL_RATE_MAX.
bool protocol_rate_valid(double max_rate);

// True for one that a log line can hold: valid UTF-8 without control characters.
bool protocol_label_valid(const char *label, size_t length);
