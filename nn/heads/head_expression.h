// The expression head: what a face does, from its keypoints and from features around them.
//
// A model with this head gives 68 landmarks, dense points behind them, and an expression. Its
// keypoints are aligned to a mean face by a similarity (shift, turn, scale); a dense layer reads
// the aligned keypoints, feature maps sampled at places of that mean face, and the encoder's
// means. training/nets/face.py is the same in PyTorch.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/keypoint.h"
#include "nn/tensor.h"

struct nn_graph;
struct nn_weights;

enum { NN_SHAPES_MAX = 52 };

struct nn_expression {
    // Blend shapes by ARKit's names, in the order of the file's mocap.shapes; 0 at rest, 1 at full
    // strength. Not clamped. The eight looks are not among them: they follow from the gaze.
    float shapes[NN_SHAPES_MAX];
    // Of the person's left eye, then the right: yaw to the person's left, pitch up; radians, in
    // the head's axes.
    float gaze[2][2];
    // Rotation from the head's axes (x to the person's left, y up, z out of the face) to the
    // camera's (x right, y up, z backwards), row by row. The camera looks at the middle of the
    // region of interest.
    float turn[3][3];
};

struct nn_expression_head; // the weights; all threads share them

// The maps of the head behind a LEDNet in the graph: marks three results, heat maps of `keypoints`
// keypoints, the feature maps that are sampled, the encoder's means.
void nn_expression_append(struct nn_graph *graph, int map, int keypoints);

// Reads the head's weights and its places; `keypoints` is the count of all heat maps. NULL and err
// on failure. Nothing of the weights is needed afterwards.
struct nn_expression_head *nn_expression_create(struct nn_weights *weights, int keypoints,
                                                struct mc_error *err) MC_MUST_USE;
void nn_expression_destroy(struct nn_expression_head *head);

// How many shapes there are, and the floats of scratch that a run needs.
int nn_expression_shape_count(const struct nn_expression_head *head);
size_t nn_expression_scratch(const struct nn_expression_head *head);

// Any thread.
//   keypoints    all of them, in pixels of the input
//   input_width, input_height  the input's size, pixels
//   features     the sampled maps, means  1 x 1 x channels; float32
void nn_expression_run(const struct nn_expression_head *head, const struct mc_keypoint *keypoints,
                       int input_width, int input_height, const struct nn_tensor *features,
                       const struct nn_tensor *means, struct nn_expression *expression,
                       float *scratch);
