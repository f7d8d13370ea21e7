// Writes one message at a time as JSON or CBOR: the same calls serve both.
//
//     protocol_writer_begin(&writer, buffer, encoding, "pong");
//     protocol_writer_int_field(&writer, "id", 4);
//     protocol_writer_end(&writer);
//
// JSON is one line. CBOR (RFC 8949) is one data item after its length, 4 bytes, little-endian;
// maps and arrays are of indefinite length, rows of numbers are float32 typed arrays (RFC
// 8746, tag 85). Only the buffer allocates, and sets its `failed` when a message does not
// fit. Thread: the buffer's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"
#include "protocol/policy.h"

enum {
    PROTOCOL_LENGTH_BYTES = 4,       // before a CBOR message
    PROTOCOL_CBOR_FLOATS = 85,       // tag of a typed array: float32, little-endian
    PROTOCOL_WRITER_COLUMNS_MAX = 4, // of rows
};

struct protocol_writer {
    struct protocol_buffer *buffer;
    enum protocol_encoding encoding;
    size_t start; // of the message in the buffer
    bool first;   // the open map or array is empty so far
};

// Begins a message of the given type.
void protocol_writer_begin(struct protocol_writer *writer, struct protocol_buffer *buffer,
                           enum protocol_encoding encoding, const char *type);
// Ends the message.
void protocol_writer_end(struct protocol_writer *writer);
// Leaves the message open for a tail of tail_length bytes, to be sent after the buffer.
void protocol_writer_leave(struct protocol_writer *writer, size_t tail_length);

// Writes the name of a field in a map; its value comes next.
void protocol_writer_name(struct protocol_writer *writer, const char *name);

// These write a value: of the last name, or the next element of an array.
void protocol_writer_open_map(struct protocol_writer *writer);
void protocol_writer_close_map(struct protocol_writer *writer);
void protocol_writer_open_array(struct protocol_writer *writer);
void protocol_writer_close_array(struct protocol_writer *writer);
void protocol_writer_string(struct protocol_writer *writer, const char *text);
void protocol_writer_int(struct protocol_writer *writer, int64_t value);
void protocol_writer_uint(struct protocol_writer *writer, uint64_t value);
void protocol_writer_bool(struct protocol_writer *writer, bool value);
void protocol_writer_null(struct protocol_writer *writer);

// Writes a number: rounded to the given decimals in JSON, exact in CBOR. NaN becomes 0 and
// infinity the bound of protocol_buffer_fixed in both.
void protocol_writer_number(struct protocol_writer *writer, double value, int decimals);

// Writes count numbers as one array.
void protocol_writer_numbers(struct protocol_writer *writer, const float *numbers, int count,
                             int decimals);

// Writes row_count rows of column_count floats each, consecutive in memory: an array of arrays
// in JSON, one typed array in CBOR. decimals: one for each column. A row with a number that
// is not finite is written as zeros.
void protocol_writer_rows(struct protocol_writer *writer, const void *floats, int row_count,
                          int column_count, const int *decimals);

// These write a name and its value.
void protocol_writer_string_field(struct protocol_writer *writer, const char *name,
                                  const char *text);
void protocol_writer_int_field(struct protocol_writer *writer, const char *name, int64_t value);
void protocol_writer_uint_field(struct protocol_writer *writer, const char *name, uint64_t value);
void protocol_writer_number_field(struct protocol_writer *writer, const char *name, double value,
                                  int decimals);
