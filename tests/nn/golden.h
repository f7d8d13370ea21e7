// Comparing networks with vectors that others computed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/tensor.h"

struct nn_weight;
struct nn_weights;

// The file, or NULL with a message when it is not there (then skip the test);
// any other failure ends the test.
struct nn_weights *golden_open(const char *path);

// A tensor of the file; a missing one ends the test.
const struct nn_weight *golden_get(const struct nn_weights *file, const char *name);

// Copies channels x height x width numbers into a map.
void golden_fill(const struct nn_tensor *map, const float *planar);

// Ends the test unless map equals want ([1,]channels x height x width): no
// number may differ by more than tolerance times the largest one, or by more
// than floor. Prints the largest difference.
void golden_compare(const char *name, const struct nn_tensor *map, const struct nn_weight *want,
                    double tolerance, double floor);
