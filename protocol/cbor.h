// Reads CBOR (RFC 8949) from outside: one data item at a time. Allocates nothing and checks
// every length against the bytes at hand; pointers in items point into them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum protocol_cbor_kind {
    PROTOCOL_CBOR_NOTHING, // no whole item, or one that is not well-formed
    PROTOCOL_CBOR_UINT,
    PROTOCOL_CBOR_NEGINT, // -1 - number
    PROTOCOL_CBOR_REAL,
    PROTOCOL_CBOR_TEXT,
    PROTOCOL_CBOR_BYTES,
    PROTOCOL_CBOR_ARRAY, // its elements follow: `number` of them, or up to a break
    PROTOCOL_CBOR_MAP,   // likewise, pairs
    PROTOCOL_CBOR_TAG,   // number; the tagged item follows
    PROTOCOL_CBOR_BOOL,
    PROTOCOL_CBOR_NULL, // also undefined
    PROTOCOL_CBOR_BREAK,
};

struct protocol_cbor_item {
    enum protocol_cbor_kind kind;
    uint64_t number; // of UINT, NEGINT, TAG, BOOL; the count of ARRAY and MAP
    double real;
    bool open;                  // ARRAY and MAP: of indefinite length, a break ends them
    const unsigned char *bytes; // of TEXT and BYTES
    size_t length;              // likewise
};

struct protocol_cbor_reader {
    const unsigned char *at;
    size_t left; // bytes
};

// Takes the next item; of arrays, maps and tags the head alone. NOTHING takes nothing.
// Strings in chunks (of indefinite length) count as NOTHING.
struct protocol_cbor_item protocol_cbor_next(struct protocol_cbor_reader *reader);

// Takes the next item with everything in it; false when it is not whole or nested too deep.
bool protocol_cbor_skip(struct protocol_cbor_reader *reader);

// Iterates over an array or a map whose head was taken: true while there is another element
// or pair. Takes the break at the end.
bool protocol_cbor_more(struct protocol_cbor_reader *reader, struct protocol_cbor_item *head);

bool protocol_cbor_text_is(const struct protocol_cbor_item *item, const char *text);
