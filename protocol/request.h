// Requests: one line of JSON each, whatever encoding the server replies in.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/buffer.h"
#include "protocol/message.h"

// Parses a line without its newline. It comes from outside: everything is checked. On failure
// returns false and fills error, ready to be sent.
bool protocol_request_parse(const char *line, size_t length, struct protocol_request *request,
                            struct protocol_error *error) MC_MUST_USE;

// Appends the request as a line. Options at their defaults are left out.
void protocol_request_write(struct protocol_buffer *buffer, const struct protocol_request *request);

// Appends a request of any kind as a line: object, a JSON object, with that id. Returns false and
// sets err when it is not one.
bool protocol_request_write_object(struct protocol_buffer *buffer, const char *object, int64_t id,
                                   struct mc_error *err) MC_MUST_USE;

// "subscribe", "unsubscribe", ...
const char *protocol_request_type_name(enum protocol_request_type type);
