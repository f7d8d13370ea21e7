// The record of a motion message, from either encoding.
#pragma once

#include "protocol/message.h"
#include "protocol/value.h"

// Reads a motion message to message->record, missed and has_timing. Allocates nothing.
bool protocol_decode_record(struct protocol_value root, struct protocol_message *message,
                            struct mc_error *err) MC_MUST_USE;
