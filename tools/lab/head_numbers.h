// Numbers in JSON about heads, as truth.json and other programs' answers have them.
#pragma once

#include <jansson.h>

#include "base/error.h"

// Reads a number from low to high. what names it in err.
bool lab_head_number(const json_t *value, const char *what, double low, double high, float *number,
                     struct mc_error *err) MC_MUST_USE;

// Reads an array of count such numbers.
bool lab_head_numbers(const json_t *array, const char *what, int count, double low, double high,
                      float *numbers, struct mc_error *err) MC_MUST_USE;

// Reads [[yaw, pitch], [yaw, pitch]] of the left and the right eye, degrees.
bool lab_head_gaze(const json_t *array, float (*gaze)[2], struct mc_error *err) MC_MUST_USE;

// The file's content, which must be of this type; what is "an array" or "an object". Free with
// json_decref. NULL and err, with the path, on failure.
json_t *lab_head_json(const char *path, json_type type, const char *what,
                      struct mc_error *err) MC_MUST_USE;
