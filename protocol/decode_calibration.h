// The replies to calibrate requests, from either encoding. Allocate nothing.
#pragma once

#include "protocol/message.h"
#include "protocol/value.h"

bool protocol_decode_calibrated(struct protocol_value root, struct protocol_message *message,
                                struct mc_error *err) MC_MUST_USE;
bool protocol_decode_calibration(struct protocol_value root, struct protocol_message *message,
                                 struct mc_error *err) MC_MUST_USE;
