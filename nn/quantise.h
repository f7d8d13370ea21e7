// Making an int8 model of a float32 one: the range of every feature map from
// inputs such as it will see, and weights as bytes.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "nn/tensor.h"

struct nn_program;
struct nn_quantiser;
struct nn_weights;

// Borrows the program, which must be of float32.
struct nn_quantiser *nn_quantiser_create(const struct nn_program *program,
                                         struct mc_error *err) MC_MUST_USE;
void nn_quantiser_destroy(struct nn_quantiser *quantiser);

// Fill the input, then run: the ranges grow by what this input makes.
struct nn_tensor nn_quantiser_input(struct nn_quantiser *quantiser);
void nn_quantiser_run(struct nn_quantiser *quantiser);

// Puts "range.<step>", the largest value of each map, into the weights.
bool nn_quantiser_set_ranges(const struct nn_quantiser *quantiser, struct nn_weights *weights,
                             struct mc_error *err) MC_MUST_USE;

// Writes the model at source as an int8 model: convolutions whose input is bytes
// as I8 with a scale per output channel, all else as it was, the ranges, and how
// many inputs they came of. The file appears under its name when it is whole.
bool nn_quantiser_write(const struct nn_quantiser *quantiser, const char *source,
                        const char *target, struct mc_error *err) MC_MUST_USE;
