// Bytes to send: grows as it is written to, up to a limit, and keeps its
// memory when it is cleared, so that a buffer in steady use never allocates.
//
// A write that does not fit sets `failed` and adds nothing, now or later, until
// the buffer is cleared: a writer checks once, at the end, and never sends half
// a message. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct protocol_buffer {
    char *data; // owned; not terminated
    size_t length;
    size_t capacity;
    size_t limit; // capacity never goes beyond it
    bool failed;  // over the limit, or no memory
};

void protocol_buffer_init(struct protocol_buffer *buffer, size_t limit);
void protocol_buffer_finish(struct protocol_buffer *buffer);

// Empties it; the memory stays.
void protocol_buffer_clear(struct protocol_buffer *buffer);

void protocol_buffer_bytes(struct protocol_buffer *buffer, const char *bytes, size_t length);
void protocol_buffer_text(struct protocol_buffer *buffer, const char *text);

// Numbers as JSON writes them.
void protocol_buffer_int(struct protocol_buffer *buffer, int64_t value);
void protocol_buffer_uint(struct protocol_buffer *buffer, uint64_t value);

// value rounded to so many decimals (0 to 6). JSON has neither NaN nor
// infinity: NaN is written as 0, and what is beyond +-1e12 as that bound.
void protocol_buffer_fixed(struct protocol_buffer *buffer, double value, int decimals);

// text as a JSON string with its quotes. What is not UTF-8 becomes U+FFFD.
void protocol_buffer_string(struct protocol_buffer *buffer, const char *text);

// Length of the UTF-8 character that text begins with; 0 when it is none. text
// ends in a NUL.
size_t protocol_buffer_utf8_length(const char *text);
