// The request "stream": adds, removes or changes a stream while the daemon runs. A line of JSON:
//
//     {"type":"stream","action":"add","stream":"door","options":{"url":"rtsp://h/live",
//      "max-faces":2}}
//
// Options have the names and values that the section of a stream has in the configuration file.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "protocol/buffer.h"
#include "protocol/message.h"

struct protocol_stream_option {
    char name[PROTOCOL_OPTION_NAME_BYTES];
    char value[PROTOCOL_OPTION_VALUE_BYTES]; // as in the file: "2", "yes"
};

struct protocol_stream_change {
    struct protocol_id id;
    enum protocol_stream_action action;
    char stream[PROTOCOL_NAME_BYTES];
    int option_count;
    struct protocol_stream_option options[PROTOCOL_OPTIONS_MAX];
};

// Reads the fields of a line that protocol_request_parse has read already. On failure returns false
// and fills error, ready to be sent; its message holds no value, which may be a password.
bool protocol_stream_change_parse(const char *line, size_t length,
                                  struct protocol_stream_change *change,
                                  struct protocol_error *error) MC_MUST_USE;

// Appends the request as a line.
void protocol_stream_change_write(struct protocol_buffer *buffer,
                                  const struct protocol_stream_change *change);
