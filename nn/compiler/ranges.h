// Activation ranges: the largest value of each feature map that can be bytes, measured on images.
// int8 takes its scales from them.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct nn_program;
struct nn_ranges;
struct nn_step;

// The metadata of a weight file that holds them.
#define NN_RANGES_KEY "mocap.ranges"

// Empty. NULL and err when out of memory. Free with nn_ranges_destroy. One thread at a time.
struct nn_ranges *nn_ranges_create(struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void nn_ranges_destroy(struct nn_ranges *ranges);

// Widens the range of the step's map to hold max; 0: the map is zero everywhere, and stays float32.
bool nn_ranges_add(struct nn_ranges *ranges, const char *step, float max,
                   struct mc_error *err) MC_MUST_USE;

// 0 where there is none; ranges may be NULL.
float nn_ranges_find(const struct nn_ranges *ranges, const char *step);

int nn_ranges_count(const struct nn_ranges *ranges);

// As a weight file holds them: a JSON object of numbers, with four digits each. To be freed; NULL
// and err when out of memory.
char *nn_ranges_write(const struct nn_ranges *ranges, struct mc_error *err) MC_MUST_USE;

// NULL and err, which names the key, if the text, which may be hostile, is anything else.
struct nn_ranges *nn_ranges_read(const char *text, struct mc_error *err) MC_MUST_USE;

// Whether the step's output can be bytes: it ends in a ReLU, and its kernel can store them.
bool nn_ranges_needs(const struct nn_step *step);

// Checks that the ranges are those of the program: one for each step that needs one, and no other.
// False and err, which names the key, if not.
bool nn_ranges_check(const struct nn_ranges *ranges, const struct nn_program *program,
                     struct mc_error *err) MC_MUST_USE;
