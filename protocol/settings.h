// How a stream's motion is computed, which those who may send reserved requests can change: the
// request "settings" and its reply, in JSON or CBOR.
//
//     {"type":"settings","stream":"main","smooth":true,"smooth_min_cutoff":1,"smooth_beta":20,
//      "fov":"auto","gains":{"jawOpen":1.5}}
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "protocol/message.h"

// Reads the fields of a request; those that are not there are left out of given. On failure
// returns false and fills error, ready to be sent.
bool protocol_settings_parse(const json_t *root, struct protocol_settings *settings,
                             struct protocol_error *error) MC_MUST_USE;
