// CBOR (RFC 8949) from outside: one data item at a time, nothing allocated, every
// length checked against the bytes that there are. Lent pointers point into them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

enum protocol_cbor_kind {
    PROTOCOL_CBOR_NOTHING, // no whole item is there, or none that CBOR knows
    PROTOCOL_CBOR_UINT,
    PROTOCOL_CBOR_NEGINT, // -1 - number
    PROTOCOL_CBOR_REAL,
    PROTOCOL_CBOR_TEXT,
    PROTOCOL_CBOR_BYTES,
    PROTOCOL_CBOR_ARRAY, // its items come next; count of them, or a break ends it
    PROTOCOL_CBOR_MAP,   // likewise, count pairs
    PROTOCOL_CBOR_TAG,   // number; what it is of comes next
    PROTOCOL_CBOR_BOOL,
    PROTOCOL_CBOR_NULL, // also undefined
    PROTOCOL_CBOR_BREAK,
};

struct protocol_cbor_item {
    enum protocol_cbor_kind kind;
    uint64_t number; // of UINT, NEGINT, TAG, BOOL; count of ARRAY and MAP
    double real;
    bool open;                  // ARRAY and MAP: no count, a break ends them
    const unsigned char *bytes; // of TEXT and BYTES
    size_t length;              // likewise
};

struct protocol_cbor_reader {
    const unsigned char *at;
    size_t left; // bytes
};

// Takes the next item, of arrays, maps and tags their head alone. NOTHING takes
// nothing. Text and bytes in pieces count as NOTHING.
struct protocol_cbor_item protocol_cbor_next(struct protocol_cbor_reader *reader);

// Takes the next item with all that is in it; false when it is not whole, or nested
// without end.
bool protocol_cbor_skip(struct protocol_cbor_reader *reader);

// Walks over an array or a map whose head was taken: true while there is another
// item or pair. Takes the break at the end.
bool protocol_cbor_more(struct protocol_cbor_reader *reader, struct protocol_cbor_item *head);

bool protocol_cbor_text_is(const struct protocol_cbor_item *item, const char *text);

// True for a whole map whose first field is "type":"motion".
bool protocol_cbor_is_motion(const unsigned char *bytes, size_t length);

// The map that bytes hold, as what the same message is in JSON; typed arrays become
// arrays of numbers. NULL sets err. The caller lets go of it with json_decref.
json_t *protocol_cbor_load(const unsigned char *bytes, size_t length,
                           struct mc_error *err) MC_MUST_USE;
