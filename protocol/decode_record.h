// The part of a message's reading that is a record.
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "protocol/message.h"

// The same from CBOR, without a tree and without allocating: records come often.
bool protocol_decode_cbor_record(const unsigned char *item, size_t length,
                                 struct protocol_message *message,
                                 struct mc_error *err) MC_MUST_USE;

// Reads the motion message root to message->record and message->missed.
bool protocol_decode_record(const json_t *root, struct protocol_message *message,
                            struct mc_error *err) MC_MUST_USE;
