// The part of a message's reading that is a record.
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "protocol/message.h"

// Reads the motion message root to message->record and message->missed.
bool protocol_json_parse_record(const json_t *root, struct protocol_message *message,
                                struct mc_error *err) MC_MUST_USE;
