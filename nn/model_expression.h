// The expression head's layers from a weight file. Private to this folder.
#pragma once

#include "base/error.h"

struct nn_expression_head;
struct nn_expression_layers;
struct nn_expression_place;
struct nn_weights;

// Fills in places, all zeros before, from mocap.expression_places. Returns how many there are, at
// most `most`; 0 and err on failure.
int nn_model_expression_places(const struct nn_weights *weights, struct nn_expression_place *places,
                               int most, struct mc_error *err);

// layers says what the hidden layer reads and how many shapes there are; the rest is filled in.
// NULL and err, naming the tensor, on failure.
struct nn_expression_head *nn_model_expression_read(struct nn_weights *weights,
                                                    struct nn_expression_layers *layers,
                                                    struct mc_error *err) MC_MUST_USE;
