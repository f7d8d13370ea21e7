// Bytes to send: a buffer that grows up to a limit and keeps its memory when cleared, so that
// one in steady use never allocates.
//
// A write that does not fit adds nothing and sets `failed`; further writes then add nothing
// until the buffer is cleared. So a writer checks once, at the end, and never sends half a
// message. Thread: the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

// Numbers are clamped to this magnitude when they are written, and refused beyond it when they
// are read.
#define PROTOCOL_NUMBER_MAX 1e12

struct protocol_buffer {
    char *data; // owned; not NUL-terminated
    size_t length;
    size_t capacity;
    size_t limit;   // of capacity
    bool failed;    // over the limit, or out of memory,
    bool no_memory; // which is why
};

void protocol_buffer_init(struct protocol_buffer *buffer, size_t limit);
void protocol_buffer_finish(struct protocol_buffer *buffer);

// Empties the buffer and keeps its memory.
void protocol_buffer_clear(struct protocol_buffer *buffer);

// Returns false, and sets err, where writing has failed. what: "a request".
bool protocol_buffer_check(const struct protocol_buffer *buffer, const char *what,
                           struct mc_error *err);

void protocol_buffer_bytes(struct protocol_buffer *buffer, const char *bytes, size_t length);
void protocol_buffer_text(struct protocol_buffer *buffer, const char *text);

// Numbers as JSON writes them.
void protocol_buffer_int(struct protocol_buffer *buffer, int64_t value);
void protocol_buffer_uint(struct protocol_buffer *buffer, uint64_t value);

// Writes value with the given number of decimals, 0 to 6. JSON has neither NaN nor infinity:
// NaN is written as 0, and the value is clamped to +-1e12.
void protocol_buffer_fixed(struct protocol_buffer *buffer, double value, int decimals);

// Writes text as a JSON string, with quotes. Invalid UTF-8 becomes U+FFFD.
void protocol_buffer_string(struct protocol_buffer *buffer, const char *text);

// Returns the length of the UTF-8 character at the start of text, which is NUL-terminated; 0
// when it is invalid.
size_t protocol_buffer_utf8_length(const char *text);
