// Requests: JSON, one a line, whatever encoding the server answers in.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/buffer.h"
#include "protocol/message.h"

// Reads a line without its newline. Bytes from outside: all is checked. On
// failure returns false and fills error, ready to be sent.
bool protocol_request_parse(const char *line, size_t length, struct protocol_request *request,
                            struct protocol_error *error) MC_MUST_USE;

// Appends the request as a line. Of a policy that is written which is not what an
// empty request gets.
void protocol_request_write(struct protocol_buffer *buffer, const struct protocol_request *request);

// "subscribe", "unsubscribe", ...
const char *protocol_request_type_name(enum protocol_request_type type);
