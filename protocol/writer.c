#include "protocol/writer.h"

#include <assert.h>
#include <cbor/encoding.h>
#include <math.h>
#include <string.h>

enum { HEAD_BYTES = 9 }; // the longest head of a CBOR data item

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "floats are sent as they lie in memory");

static bool is_json(const struct protocol_writer *writer)
{
    return writer->encoding == PROTOCOL_JSON;
}

static void put(struct protocol_writer *writer, const void *bytes, size_t length)
{
    protocol_buffer_bytes(writer->buffer, bytes, length);
}

// Writes the comma between two elements of a JSON array, or two fields of an object.
static void separate(struct protocol_writer *writer)
{
    if (is_json(writer) && !writer->first) {
        put(writer, ",", 1);
    }
    writer->first = false;
}

// Writes text as CBOR: its length and its bytes. Invalid UTF-8 becomes U+FFFD.
static void put_cbor_text(struct protocol_writer *writer, const char *text)
{
    unsigned char head[HEAD_BYTES];
    size_t length = 0;
    for (const char *at = text; *at != '\0';) {
        size_t bytes = protocol_buffer_utf8_length(at);
        length += bytes == 0 ? 3 : bytes;
        at += bytes == 0 ? 1 : bytes;
    }
    put(writer, head, cbor_encode_string_start(length, head, sizeof head));
    while (*text != '\0') {
        size_t bytes = protocol_buffer_utf8_length(text);
        put(writer, bytes == 0 ? "\xef\xbf\xbd" : text, bytes == 0 ? 3 : bytes);
        text += bytes == 0 ? 1 : bytes;
    }
}

void protocol_writer_begin(struct protocol_writer *writer, struct protocol_buffer *buffer,
                           enum protocol_encoding encoding, const char *type)
{
    *writer = (struct protocol_writer){
        .buffer = buffer, .encoding = encoding, .start = buffer->length, .first = true
    };
    if (!is_json(writer)) {
        put(writer, (const char[PROTOCOL_LENGTH_BYTES]){ 0 }, PROTOCOL_LENGTH_BYTES);
    }
    protocol_writer_open_map(writer);
    protocol_writer_string_field(writer, "type", type);
}

void protocol_writer_leave(struct protocol_writer *writer, size_t tail_length)
{
    struct protocol_buffer *buffer = writer->buffer;
    if (is_json(writer) || buffer->failed) {
        return;
    }
    size_t length = buffer->length - writer->start - PROTOCOL_LENGTH_BYTES + tail_length;
    for (int i = 0; i < PROTOCOL_LENGTH_BYTES; i++) {
        buffer->data[writer->start + (size_t)i] = (char)(length >> 8 * i & 0xff);
    }
}

void protocol_writer_end(struct protocol_writer *writer)
{
    protocol_writer_close_map(writer);
    if (is_json(writer)) {
        put(writer, "\n", 1);
    }
    protocol_writer_leave(writer, 0);
}

void protocol_writer_name(struct protocol_writer *writer, const char *name)
{
    separate(writer);
    if (is_json(writer)) {
        protocol_buffer_string(writer->buffer, name);
        put(writer, ":", 1);
    } else {
        put_cbor_text(writer, name);
    }
    writer->first = true; // no comma before the value
}

static void open(struct protocol_writer *writer, const char *json, unsigned char cbor)
{
    separate(writer);
    put(writer, is_json(writer) ? json : (const char *)&cbor, 1);
    writer->first = true;
}

static void close(struct protocol_writer *writer, const char *json)
{
    put(writer, is_json(writer) ? json : "\xff", 1);
    writer->first = false;
}

void protocol_writer_open_map(struct protocol_writer *writer)
{
    open(writer, "{", 0xbf);
}

void protocol_writer_close_map(struct protocol_writer *writer)
{
    close(writer, "}");
}

void protocol_writer_open_array(struct protocol_writer *writer)
{
    open(writer, "[", 0x9f);
}

void protocol_writer_close_array(struct protocol_writer *writer)
{
    close(writer, "]");
}

void protocol_writer_string(struct protocol_writer *writer, const char *text)
{
    separate(writer);
    if (is_json(writer)) {
        protocol_buffer_string(writer->buffer, text);
    } else {
        put_cbor_text(writer, text);
    }
}

void protocol_writer_uint(struct protocol_writer *writer, uint64_t value)
{
    separate(writer);
    if (is_json(writer)) {
        protocol_buffer_uint(writer->buffer, value);
    } else {
        unsigned char head[HEAD_BYTES];
        put(writer, head, cbor_encode_uint(value, head, sizeof head));
    }
}

void protocol_writer_int(struct protocol_writer *writer, int64_t value)
{
    if (value >= 0) {
        protocol_writer_uint(writer, (uint64_t)value);
        return;
    }
    separate(writer);
    if (is_json(writer)) {
        protocol_buffer_int(writer->buffer, value);
    } else {
        unsigned char head[HEAD_BYTES]; // CBOR writes -1 - n as n
        put(writer, head, cbor_encode_negint((uint64_t) - (value + 1), head, sizeof head));
    }
}

void protocol_writer_bool(struct protocol_writer *writer, bool value)
{
    separate(writer);
    if (is_json(writer)) {
        protocol_buffer_text(writer->buffer, value ? "true" : "false");
    } else {
        put(writer, value ? "\xf5" : "\xf4", 1);
    }
}

void protocol_writer_null(struct protocol_writer *writer)
{
    separate(writer);
    if (is_json(writer)) {
        protocol_buffer_text(writer->buffer, "null");
    } else {
        put(writer, "\xf6", 1);
    }
}

// Clamps a number as JSON does, without rounding it.
static double bounded(double value)
{
    return isnan(value) ? 0 : fmin(fmax(value, -PROTOCOL_NUMBER_MAX), PROTOCOL_NUMBER_MAX);
}

void protocol_writer_number(struct protocol_writer *writer, double value, int decimals)
{
    separate(writer);
    if (is_json(writer)) {
        protocol_buffer_fixed(writer->buffer, value, decimals);
        return;
    }
    unsigned char item[HEAD_BYTES];
    value = bounded(value);
    float narrow = (float)value;
    size_t length = (double)narrow == value ? cbor_encode_single(narrow, item, sizeof item)
                                            : cbor_encode_double(value, item, sizeof item);
    put(writer, item, length);
}

// Writes the tag and the length of a typed array of count floats, which follow.
static void open_floats(struct protocol_writer *writer, size_t count)
{
    unsigned char head[HEAD_BYTES];
    put(writer, head, cbor_encode_tag(PROTOCOL_CBOR_FLOATS, head, sizeof head));
    put(writer, head, cbor_encode_bytestring_start(count * sizeof(float), head, sizeof head));
}

void protocol_writer_numbers(struct protocol_writer *writer, const float *numbers, int count,
                             int decimals)
{
    separate(writer);
    if (!is_json(writer)) {
        open_floats(writer, (size_t)count);
        for (int i = 0; i < count; i++) {
            float number = (float)bounded((double)numbers[i]);
            put(writer, &number, sizeof number);
        }
        return;
    }
    put(writer, "[", 1);
    for (int i = 0; i < count; i++) {
        put(writer, ",", i > 0 ? 1 : 0);
        protocol_buffer_fixed(writer->buffer, (double)numbers[i], decimals);
    }
    put(writer, "]", 1);
}

// Writes a row, or zeros if a number in it is not finite.
static void read_row(float *row, const char *floats, int column_count)
{
    size_t size = (size_t)column_count * sizeof(float);
    memcpy(row, floats, size);
    for (int i = 0; i < column_count; i++) {
        if (!isfinite(row[i])) {
            memset(row, 0, size);
        }
        row[i] = (float)bounded((double)row[i]);
    }
}

static void put_json_row(struct protocol_writer *writer, const float *row, int column_count,
                         const int *decimals)
{
    for (int i = 0; i < column_count; i++) {
        put(writer, i > 0 ? "," : "[", 1);
        protocol_buffer_fixed(writer->buffer, (double)row[i], decimals[i]);
    }
    put(writer, "]", 1);
}

void protocol_writer_rows(struct protocol_writer *writer, const void *floats, int row_count,
                          int column_count, const int *decimals)
{
    assert(column_count <= PROTOCOL_WRITER_COLUMNS_MAX);
    separate(writer);
    if (is_json(writer)) {
        put(writer, "[", 1);
    } else {
        open_floats(writer, (size_t)row_count * (size_t)column_count);
    }
    size_t size = (size_t)column_count * sizeof(float);
    for (int i = 0; i < row_count; i++) {
        float row[PROTOCOL_WRITER_COLUMNS_MAX];
        read_row(row, (const char *)floats + (size_t)i * size, column_count);
        if (is_json(writer)) {
            put(writer, ",", i > 0 ? 1 : 0);
            put_json_row(writer, row, column_count, decimals);
        } else {
            put(writer, row, size);
        }
    }
    put(writer, "]", is_json(writer) ? 1 : 0);
}

void protocol_writer_string_field(struct protocol_writer *writer, const char *name,
                                  const char *text)
{
    protocol_writer_name(writer, name);
    protocol_writer_string(writer, text);
}

void protocol_writer_int_field(struct protocol_writer *writer, const char *name, int64_t value)
{
    protocol_writer_name(writer, name);
    protocol_writer_int(writer, value);
}

void protocol_writer_uint_field(struct protocol_writer *writer, const char *name, uint64_t value)
{
    protocol_writer_name(writer, name);
    protocol_writer_uint(writer, value);
}

void protocol_writer_number_field(struct protocol_writer *writer, const char *name, double value,
                                  int decimals)
{
    protocol_writer_name(writer, name);
    protocol_writer_number(writer, value, decimals);
}
