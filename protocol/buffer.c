#include "protocol/buffer.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum {
    CAPACITY_FIRST = 1024, // bytes of the first allocation
    DIGITS_MAX = 20,       // of a 64-bit number
    DECIMALS_MAX = 6,
};

void protocol_buffer_init(struct protocol_buffer *buffer, size_t limit)
{
    *buffer = (struct protocol_buffer){ .limit = limit };
}

void protocol_buffer_finish(struct protocol_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct protocol_buffer){ 0 };
}

void protocol_buffer_clear(struct protocol_buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = buffer->no_memory = false;
}

bool protocol_buffer_check(const struct protocol_buffer *buffer, const char *what,
                           struct mc_error *err)
{
    if (buffer->no_memory) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %s", what);
    }
    return !buffer->failed ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be at most %zu bytes long", what,
                        buffer->limit);
}

// Makes room for more bytes, or sets failed.
static bool reserve(struct protocol_buffer *buffer, size_t more)
{
    if (buffer->failed || more > buffer->limit - buffer->length) {
        buffer->failed = true;
        return false;
    }
    size_t wanted = buffer->length + more;
    if (wanted <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity == 0 ? CAPACITY_FIRST : buffer->capacity;
    while (capacity < wanted) {
        capacity *= 2;
    }
    if (capacity > buffer->limit) {
        capacity = buffer->limit;
    }
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = buffer->no_memory = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void protocol_buffer_bytes(struct protocol_buffer *buffer, const char *bytes, size_t length)
{
    if (length > 0 && reserve(buffer, length)) {
        memcpy(buffer->data + buffer->length, bytes, length);
        buffer->length += length;
    }
}

void protocol_buffer_text(struct protocol_buffer *buffer, const char *text)
{
    protocol_buffer_bytes(buffer, text, strlen(text));
}

// Writes at least `minimum` digits of value so that they end before end; returns their start.
static char *digits(char *end, uint64_t value, int minimum)
{
    int count = 0;
    while (value > 0 || count < minimum) {
        *--end = (char)('0' + value % 10);
        value /= 10;
        count++;
    }
    return end;
}

void protocol_buffer_uint(struct protocol_buffer *buffer, uint64_t value)
{
    char text[DIGITS_MAX];
    char *end = text + sizeof text;
    char *start = digits(end, value, 1);
    protocol_buffer_bytes(buffer, start, (size_t)(end - start));
}

void protocol_buffer_int(struct protocol_buffer *buffer, int64_t value)
{
    if (value < 0) {
        protocol_buffer_bytes(buffer, "-", 1);
    }
    protocol_buffer_uint(buffer, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void protocol_buffer_fixed(struct protocol_buffer *buffer, double value, int decimals)
{
    static const double powers[DECIMALS_MAX + 1] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };
    assert(decimals >= 0 && decimals <= DECIMALS_MAX);
    if (isnan(value)) {
        value = 0;
    }
    value = fmin(fmax(value, -PROTOCOL_NUMBER_MAX), PROTOCOL_NUMBER_MAX);
    const double power_of_ten = powers[decimals];
    int64_t scaled = llround(value * power_of_ten);
    uint64_t magnitude = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;

    char text[DIGITS_MAX + 3]; // and a sign, a point, a zero
    char *end = text + sizeof text, *start = end;
    if (decimals > 0) {
        const uint64_t power = (uint64_t)power_of_ten;
        start = digits(start, magnitude % power, decimals);
        *--start = '.';
        magnitude /= power;
    }
    start = digits(start, magnitude, 1);
    if (scaled < 0) {
        *--start = '-';
    }
    protocol_buffer_bytes(buffer, start, (size_t)(end - start));
}

size_t protocol_buffer_utf8_length(const char *text)
{
    uint32_t character;
    return (unsigned char)*text < 0x80
               ? 1
               : (size_t)mc_utf8_decode(text, strnlen(text, MC_UTF8_BYTES_MAX), &character);
}

// Writes the escape sequence of an ASCII character that JSON does not allow as it is.
static void escape(struct protocol_buffer *buffer, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
    size_t length = sizeof text;
    if (c == '"' || c == '\\') {
        text[1] = (char)c;
        length = 2;
    } else if (c == '\n') {
        text[1] = 'n';
        length = 2;
    }
    protocol_buffer_bytes(buffer, text, length);
}

void protocol_buffer_string(struct protocol_buffer *buffer, const char *text)
{
    const char *at = text;
    protocol_buffer_bytes(buffer, "\"", 1);
    while (*at != '\0') {
        unsigned char first = (unsigned char)*at;
        size_t length = protocol_buffer_utf8_length(at);
        if (length == 0) {
            protocol_buffer_text(buffer, "\xef\xbf\xbd");
            length = 1;
        } else if (first < 0x20 || first == '"' || first == '\\' || first == 0x7f) {
            escape(buffer, first);
        } else {
            protocol_buffer_bytes(buffer, at, length);
        }
        at += length;
    }
    protocol_buffer_bytes(buffer, "\"", 1);
}
