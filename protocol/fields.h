// The readers that field tables of messages share: each puts one value where the field's
// offset says.
#pragma once

#include "protocol/value.h"

// A table's entries: the member that takes the value, and its size.
#define PROTOCOL_FIELD(type, member, reader)                                                       \
    {                                                                                              \
        .name = #member, .read = (reader), .offset = offsetof(type, member),                       \
        .size = sizeof((type *)0)->member                                                          \
    }

#define PROTOCOL_FIELD_COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

typedef bool protocol_field_read_fn(struct protocol_value value, const struct protocol_field *field,
                                    void *target, struct mc_error *err);

protocol_field_read_fn protocol_field_count;  // uint64_t, up to PROTOCOL_COUNT_MAX
protocol_field_read_fn protocol_field_time;   // int64_t, nanoseconds, up to PROTOCOL_TIME_MAX_NS
protocol_field_read_fn protocol_field_int;    // int, from 0 to PROTOCOL_INT_MAX
protocol_field_read_fn protocol_field_float;  // float
protocol_field_read_fn protocol_field_floats; // an array of float, all of it
protocol_field_read_fn protocol_field_text;   // an array of char
protocol_field_read_fn protocol_field_flag;   // bool
protocol_field_read_fn protocol_field_state;  // enum protocol_stream_state
