// The record of a motion message, from either encoding.
#pragma once

#include "protocol/message.h"
#include "protocol/value.h"

// Reads a motion message to message->record, missed and has_timing. Allocates nothing.
bool protocol_decode_record(struct protocol_value root, struct protocol_message *message,
                            struct mc_error *err) MC_MUST_USE;

// Reads a map of numbers by the names of shapes. Shapes that this version does not know are
// ignored; those that are missing are 0. known, which may be NULL, gets a bit for each that was
// there.
bool protocol_decode_shapes(struct protocol_value value, const char *name,
                            float shapes[PROTOCOL_SHAPE_COUNT], uint64_t *known,
                            struct mc_error *err) MC_MUST_USE;
