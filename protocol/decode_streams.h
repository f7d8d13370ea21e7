// Decodes the messages about which streams there are; see decode.h.
#pragma once

#include "protocol/message.h"
#include "protocol/value.h"

bool protocol_decode_stream_changed(struct protocol_value root, struct protocol_message *message,
                                    struct mc_error *err) MC_MUST_USE;
bool protocol_decode_streams(struct protocol_value root, struct protocol_message *message,
                             struct mc_error *err) MC_MUST_USE;
bool protocol_decode_reloaded(struct protocol_value root, struct protocol_message *message,
                              struct mc_error *err) MC_MUST_USE;
