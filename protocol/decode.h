// Decodes the server's messages.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/message.h"

// Decodes one message: a line without its newline, or a CBOR data item without the length
// before it. The bytes come from outside: all is checked, and what is wrong is an error that
// names the field. A message of a type that this version does not know is OTHER; unknown
// fields are ignored. Allocates nothing for CBOR.
bool protocol_decode_message(enum protocol_encoding encoding, const char *bytes, size_t length,
                             struct protocol_message *message, struct mc_error *err) MC_MUST_USE;

// Decodes the header of a recording: the server that was recorded.
bool protocol_decode_recording(const char *bytes, size_t length, struct protocol_hello *hello,
                               struct mc_error *err) MC_MUST_USE;

// Returns the text of a metrics message, which is a line of JSON; free it. Returns NULL and
// sets err on failure.
char *protocol_decode_metrics(const char *line, size_t length, struct mc_error *err) MC_MUST_USE;
