// Pieces of a JSON object, appended to a buffer: for the files that write messages.
#pragma once

#include <stdint.h>

#include "protocol/buffer.h"

// Opens a message: {"type":"<type>"
void protocol_json_begin(struct protocol_buffer *buffer, const char *type);
// Closes it, and its line.
void protocol_json_end_object(struct protocol_buffer *buffer);

// ,"<field>": before a value
void protocol_json_name(struct protocol_buffer *buffer, const char *field);

void protocol_json_field_string(struct protocol_buffer *buffer, const char *field,
                                const char *value);
void protocol_json_field_int(struct protocol_buffer *buffer, const char *field, int64_t value);
void protocol_json_field_uint(struct protocol_buffer *buffer, const char *field, uint64_t value);
void protocol_json_field_fixed(struct protocol_buffer *buffer, const char *field, double value,
                               int decimals);

// [<number>,<number>,...], each rounded to so many decimals; one that is not
// finite is 0.
void protocol_json_floats(struct protocol_buffer *buffer, const float *numbers, int count,
                          int decimals);
