// Decodes the messages about which streams there are; see decode.h.
#pragma once

#include "protocol/message.h"
#include "protocol/value.h"

// Reads an item of an array of names, for protocol_value_array: names is
// char (*)[PROTOCOL_NAME_BYTES].
bool protocol_decode_name(struct protocol_value value, int index, void *names,
                          struct mc_error *err) MC_MUST_USE;

bool protocol_decode_stream_changed(struct protocol_value root, struct protocol_message *message,
                                    struct mc_error *err) MC_MUST_USE;
bool protocol_decode_streams(struct protocol_value root, struct protocol_message *message,
                             struct mc_error *err) MC_MUST_USE;
bool protocol_decode_reloaded(struct protocol_value root, struct protocol_message *message,
                              struct mc_error *err) MC_MUST_USE;
