// The expression head's layers from a weight file. Private to this folder.
#pragma once

#include "base/error.h"

struct nn_expression_head;
struct nn_expression_layers;
struct nn_weights;

// layers says what the hidden layer reads and how many shapes there are; the rest is filled in.
// NULL and err, naming the tensor, on failure.
struct nn_expression_head *nn_model_expression_read(struct nn_weights *weights,
                                                    struct nn_expression_layers *layers,
                                                    struct mc_error *err) MC_MUST_USE;
