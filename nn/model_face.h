// A model of the whole face: its maps behind LEDNet, and its expression head from a weight file.
// Private to this folder.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct nn_expression_head;
struct nn_graph;
struct nn_model_info;
struct nn_weights;

// Appends the head's maps to a LEDNet that ends in map, and marks its results: the heat maps of
// `keypoints` keypoints; with an expression head also the feature maps that it samples, and the
// encoder's means.
void nn_model_face_append(struct nn_graph *graph, int map, int keypoints, bool expression);

// Reads the expression head; flat: the encoder's means. NULL and err, naming the tensor or key,
// on failure.
struct nn_expression_head *nn_model_face_read(struct nn_weights *weights,
                                              const struct nn_model_info *info, int flat,
                                              struct mc_error *err) MC_MUST_USE;
