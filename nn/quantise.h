// Quantisation: makes an int8 model of a float32 one. The range of every feature map is
// calibrated on inputs such as the model will see; weights become bytes.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "nn/tensor.h"

struct nn_program;
struct nn_quantiser;
struct nn_weights;

// Borrows the program, which must be float32. NULL and err on failure. One thread.
struct nn_quantiser *nn_quantiser_create(const struct nn_program *program,
                                         struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void nn_quantiser_destroy(struct nn_quantiser *quantiser);

// Calibrates on one input: fill nn_quantiser_input (see nn_runner_input), then run. Ranges
// grow to cover the maps of this input.
struct nn_tensor nn_quantiser_input(struct nn_quantiser *quantiser);
void nn_quantiser_run(struct nn_quantiser *quantiser);

// Adds the ranges to the weights: tensors "range.<step>", the largest value of each map.
bool nn_quantiser_set_ranges(const struct nn_quantiser *quantiser, struct nn_weights *weights,
                             struct mc_error *err) MC_MUST_USE;

// Writes an int8 version of the model file at source to target, replacing it atomically:
// the weights of convolutions with byte inputs as I8 with a scale per output channel, other
// tensors unchanged, the ranges, and the number of calibration inputs.
bool nn_quantiser_write(const struct nn_quantiser *quantiser, const char *source,
                        const char *target, struct mc_error *err) MC_MUST_USE;
