// Calibration for int8: measures the range of every feature map on inputs such as the network
// will get.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "nn/tensor.h"

struct nn_program;
struct nn_quantiser;
struct nn_ranges;

// Borrows the program, which must be float32. NULL and err on failure. One thread.
struct nn_quantiser *nn_quantiser_create(const struct nn_program *program,
                                         struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void nn_quantiser_destroy(struct nn_quantiser *quantiser);

// Calibrates on one input: fill nn_quantiser_input (see nn_runner_input), then run.
struct nn_tensor nn_quantiser_input(struct nn_quantiser *quantiser);
void nn_quantiser_run(struct nn_quantiser *quantiser);

// The ranges that hold all maps of all inputs so far. NULL and err on failure; free with
// nn_ranges_destroy.
struct nn_ranges *nn_quantiser_ranges(const struct nn_quantiser *quantiser,
                                      struct mc_error *err) MC_MUST_USE;
