// The server's messages from their bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/message.h"

// Reads one message: a line without its newline, or a CBOR data item without the
// length before it. Bytes from outside: all is checked. A message of a type that
// this version does not know is OTHER. Fields it does not know are ignored; faces
// and keypoints beyond what a record holds are an error.
bool protocol_decode_message(enum protocol_encoding encoding, const char *bytes, size_t length,
                             struct protocol_message *message, struct mc_error *err) MC_MUST_USE;

// The text of a metrics message, which is a line of JSON; to be freed. NULL sets err.
char *protocol_decode_metrics(const char *line, size_t length, struct mc_error *err) MC_MUST_USE;
