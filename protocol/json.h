// One line of JSON from outside.
#pragma once

#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

// Parses the object that the line holds; nesting is bounded, duplicate fields are refused.
// Returns NULL and sets err on failure; release with json_decref.
json_t *protocol_json_load(const char *line, size_t length, struct mc_error *err) MC_MUST_USE;
