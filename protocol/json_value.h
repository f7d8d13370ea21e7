// The values of a JSON object, checked: for the files that read messages. A
// getter that finds another type or range than it wants says so in err, with
// the field's name.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "protocol/record.h"

// The object that the line holds; NULL sets err. Nesting is bounded. The caller
// lets go of it with json_decref.
json_t *protocol_json_load(const char *line, size_t length, struct mc_error *err) MC_MUST_USE;

// "<field>: <expected> is expected"; returns false.
bool protocol_json_wrong(struct mc_error *err, const char *field, const char *expected);

bool protocol_json_get_string(const json_t *object, const char *field, char *text, size_t size,
                              struct mc_error *err);
bool protocol_json_get_integer(const json_t *object, const char *field, int64_t minimum,
                               int64_t maximum, int64_t *number, struct mc_error *err);
bool protocol_json_get_int(const json_t *object, const char *field, int *number,
                           struct mc_error *err); // from 0 on
bool protocol_json_get_count(const json_t *object, const char *field, uint64_t *number,
                             struct mc_error *err);

// A number that a float holds.
bool protocol_json_get_float(const json_t *object, const char *field, float *number,
                             struct mc_error *err);

// Exactly count such numbers.
bool protocol_json_get_floats(const json_t *array, const char *field, float *numbers, size_t count,
                              struct mc_error *err);

// An array of at most maximum elements. Borrowed from the object.
bool protocol_json_get_array(const json_t *object, const char *field, size_t maximum,
                             const json_t **array, int *count, struct mc_error *err);

// The field "streams": at most PROTOCOL_STREAMS_MAX names.
bool protocol_json_get_streams(const json_t *object, char streams[][PROTOCOL_NAME_BYTES],
                               int *count, struct mc_error *err);
