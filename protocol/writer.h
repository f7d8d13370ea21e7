// One message at a time, written as JSON or as CBOR: whoever writes a message
// says what is in it once, for both.
//
//     protocol_writer_begin(&writer, buffer, encoding, "pong");
//     protocol_writer_int_field(&writer, "id", 4);
//     protocol_writer_end(&writer);
//
// JSON is one line. CBOR (RFC 8949) is one data item after its length, 4 bytes,
// little-endian; maps and arrays have no length of their own (they end in a
// break), rows of numbers are float32 typed arrays (RFC 8746, tag 85). Nothing
// but the buffer allocates; what does not fit sets its `failed`. Thread: the
// buffer's.
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
    bool first;   // nothing was written yet to the map or array that is open
};

// Opens a message of that type.
void protocol_writer_begin(struct protocol_writer *writer, struct protocol_buffer *buffer,
                           enum protocol_encoding encoding, const char *type);
// Closes it.
void protocol_writer_end(struct protocol_writer *writer);
// Leaves it open for a tail of tail_length bytes that is sent after the buffer.
void protocol_writer_leave(struct protocol_writer *writer, size_t tail_length);

// The name of a field in a map; its value comes next.
void protocol_writer_name(struct protocol_writer *writer, const char *name);

// A value: of the name just written, or an array's next.
void protocol_writer_open_map(struct protocol_writer *writer);
void protocol_writer_close_map(struct protocol_writer *writer);
void protocol_writer_open_array(struct protocol_writer *writer);
void protocol_writer_close_array(struct protocol_writer *writer);
void protocol_writer_string(struct protocol_writer *writer, const char *text);
void protocol_writer_int(struct protocol_writer *writer, int64_t value);
void protocol_writer_uint(struct protocol_writer *writer, uint64_t value);
void protocol_writer_bool(struct protocol_writer *writer, bool value);
void protocol_writer_null(struct protocol_writer *writer);

// A number: rounded to so many decimals in JSON, as it is in CBOR. In both NaN is
// 0 and infinity the bound that protocol_buffer_fixed has.
void protocol_writer_number(struct protocol_writer *writer, double value, int decimals);

// count numbers as one array.
void protocol_writer_numbers(struct protocol_writer *writer, const float *numbers, int count,
                             int decimals);

// row_count rows of column_count floats each, one after the other in memory: in JSON
// an array of arrays, in CBOR one typed array. decimals: of each column. A row with a
// number that is not finite is written as zeros.
void protocol_writer_rows(struct protocol_writer *writer, const void *floats, int row_count,
                          int column_count, const int *decimals);

// A name and its value.
void protocol_writer_string_field(struct protocol_writer *writer, const char *name,
                                  const char *text);
void protocol_writer_int_field(struct protocol_writer *writer, const char *name, int64_t value);
void protocol_writer_uint_field(struct protocol_writer *writer, const char *name, uint64_t value);
void protocol_writer_number_field(struct protocol_writer *writer, const char *name, double value,
                                  int decimals);
