// The motion head of the First Order Motion Model: heat maps to keypoints, and to
// each a Jacobian: how the picture around it is warped, against a reference that
// the network has of its own. Siarohin et al., NeurIPS 2019, and its public code.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/keypoint.h"
#include "nn/tensor.h"

struct nn_kernels;

struct nn_motion_shape {
    int keypoints;
    bool jacobians;
    bool direct;       // the maps come as they are; else from a convolution of features
    int kernel;        // its size, without padding; unless direct
    int channels;      // of the features; unless direct
    float temperature; // of the softmax
};

struct nn_motion {
    struct nn_motion_shape shape;
    float *weights; // owned; [keypoint][4][tap][channel]; NULL: direct, or no Jacobians
    float *bias;    // owned; [keypoint][4]
};

// Whether the head has a convolution to Jacobian maps.
bool nn_motion_wants_weights(const struct nn_motion_shape *shape);

// Copies the convolution's weights, [4 keypoint + m][channel][tap] as PyTorch has them,
// and biases; NULL where none are wanted. False and err without memory.
bool nn_motion_init(struct nn_motion *motion, const struct nn_motion_shape *shape,
                    const float *weights, const float *bias, struct mc_error *err) MC_MUST_USE;
void nn_motion_finish(struct nn_motion *motion);

// Floats of scratch for heat maps of this size.
size_t nn_motion_scratch(const struct nn_motion *motion, int height, int width);

// A keypoint is the expected position under the softmax of its heat map's logits
// over the temperature, on axes from -1 (first cell) to 1 (last cell): x, then y. In
// the network's training those axes are the whole picture's, from the middle of its
// first pixel to the middle of its last, whatever rows a convolution without padding
// loses: so they are here. Keypoints are in pixels of the input, input_width x
// input_height; the network's own number is 2 (x - 0.5) / (input_width - 1) - 1. The
// confidence falls with the spread of the map: see heads.h.
//
// A Jacobian is the expected value of four maps, row by row: what a step of the
// reference along x, then y, is in the picture, both on the axes above. The maps
// are a convolution of the features; as both are linear, the features are
// weighed first, and the convolution is done once: a quarter of the work, or less
// where a heat map is sharp.
//   maps      the heat maps, float32; direct: behind them 4 for each keypoint
//   features  unless direct: what the heat maps were made from
//   jacobians NULL: not wanted
//   scratch   see nn_motion_scratch
void nn_head_motion(const struct nn_kernels *kernels, const struct nn_motion *motion,
                    const struct nn_tensor *maps, const struct nn_tensor *features, int input_width,
                    int input_height, struct mc_keypoint *keypoints, float (*jacobians)[4],
                    float *scratch);
