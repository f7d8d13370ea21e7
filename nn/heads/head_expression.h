// The expression head: what a face does, from its keypoints and from features around them.
//
// The keypoints are aligned to a mean face by a similarity (shift, turn, scale). A dense layer
// reads the aligned keypoints, feature maps sampled at places of that mean face, and a tensor as
// a whole. A face model (training/nets/face.py) has all three; its tensor holds the encoder's
// means. An expression model (training/nets/expression.py) gets 68 landmarks from another model,
// sees crops cut by them, and reads its last feature map.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/keypoint.h"
#include "nn/tensor.h"

enum { NN_SHAPES_MAX = 52, NN_EXPRESSION_LANDMARKS = 68, NN_EXPRESSION_OTHERS = 10 };

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

// A place where feature maps are sampled: an offset from the middle of some landmarks, in units of
// the mean face.
struct nn_expression_place {
    int marks[NN_EXPRESSION_LANDMARKS];
    int mark_count;
    float x, y;
};

// A batch norm of evaluation, per channel.
struct nn_expression_norm {
    const float *weight, *bias, *mean, *variance;
};

// What the head is made of, as PyTorch has it.
struct nn_expression_layers {
    int keypoints; // of all heat maps; the first 68 are the landmarks that are aligned
    int channels;  // of the feature maps that are sampled
    int flat;      // numbers of the tensor that is read as a whole
    int hidden;    // units
    int shapes;    // at most NN_SHAPES_MAX
    const struct nn_expression_place *places;
    int place_count;
    const float *mean_face; // 68 x 2; the mean of its squares, x and y together, is one
    struct nn_expression_norm input_norm, hidden_norm;
    const float *hidden_weight; // hidden x inputs: keypoints, then channels x places, then flat
    const float *hidden_bias;
    const float *out_weight; // (shapes + 10) x hidden: shapes, 4 of gaze, 6 of turn
    const float *out_bias;
};

struct nn_expression_head; // the layers, folded; all threads share them

// Copies what it needs. NULL and err without memory.
struct nn_expression_head *nn_expression_create(const struct nn_expression_layers *layers,
                                                struct mc_error *err) MC_MUST_USE;
void nn_expression_destroy(struct nn_expression_head *head);

// The numbers that the hidden layer reads.
int nn_expression_inputs(const struct nn_expression_layers *layers);

// The floats of scratch that a run needs.
size_t nn_expression_scratch(const struct nn_expression_head *head);

// Any thread.
//   keypoints    all of them, in pixels of the input
//   input_width, input_height  the input's size, pixels
//   features     the maps that are sampled; ignored where there are no places
//   flat         the tensor that is read as a whole, row by row, pixel by pixel
//   Both are float32.
void nn_expression_run(const struct nn_expression_head *head, const struct mc_keypoint *keypoints,
                       int input_width, int input_height, const struct nn_tensor *features,
                       const struct nn_tensor *flat, struct nn_expression *expression,
                       float *scratch);

// A square to be cut from an image, upright for the face.
struct nn_expression_crop {
    float x, y;  // of its middle
    float edge;  // its edge
    float angle; // radians, clockwise as displayed
};

// The square around a place of a face with these 68 landmarks, in their unit. Any thread.
//   edge  in units of the mean face
struct nn_expression_crop nn_expression_crop_at(const struct nn_expression_head *head,
                                                const struct nn_expression_place *place, float edge,
                                                const struct mc_keypoint *landmarks);
