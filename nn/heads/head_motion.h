// The motion head of the First Order Motion Model: heat maps to keypoints, each with a
// Jacobian, the local affine transform of the image around it relative to a reference frame
// that the network has learned. Source: Siarohin et al., "First Order Motion Model for Image
// Animation", NeurIPS 2019, and its public code.
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
    bool direct;       // the network outputs Jacobian maps; else they are convolved from features
    int kernel;        // kernel size of that convolution, which has no padding; unless direct
    int channels;      // of the features; unless direct
    float temperature; // of the softmax
};

struct nn_motion {
    struct nn_motion_shape shape;
    float *weights; // owned; [keypoint][4][tap][channel]; NULL: direct, or no Jacobians
    float *bias;    // owned; [keypoint][4]; NULL likewise
};

// Whether the head has a convolution to Jacobian maps.
bool nn_motion_needs_weights(const struct nn_motion_shape *shape);

// Copies the convolution's weights, [4 * keypoint + m][channel][tap] as in PyTorch, and its
// bias, [4 * keypoint + m]; both are ignored if the head has no convolution. Returns false
// and sets err when out of memory.
bool nn_motion_init(struct nn_motion *motion, const struct nn_motion_shape *shape,
                    const float *weights, const float *bias, struct mc_error *err) MC_MUST_USE;
void nn_motion_finish(struct nn_motion *motion);

// Floats of scratch that nn_head_motion needs for heat maps of this size.
size_t nn_motion_scratch(const struct nn_motion *motion, int height, int width);

// A keypoint is the expected position under the softmax of its heat map, on axes x and y
// that run from -1 (first cell) to 1 (last cell). As in the network's training, these stand
// for the centres of the image's first and last pixels, even if a convolution without
// padding has cropped the map. Keypoints are returned in pixels of the input; the network's
// own coordinate is 2 (x - 0.5) / (input_width - 1) - 1. Confidence: see
// nn_head_confidence.
//
// A Jacobian is the expected value of four maps under the same softmax, 2x2 and row-major.
// Its columns are the image's displacement for a step along the reference's x and y, on the
// axes above. The maps are a convolution of the features; as expectation and convolution
// are both linear, the features are averaged first and convolved once, which is at most a
// quarter of the work, and less where heat maps are sharp.
//
// Neither allocates nor fails. Any thread.
//   maps       heat maps, float32; if direct, followed by 4 Jacobian maps per keypoint
//   features   what the heat maps were convolved from; unless direct
//   keypoints  receives shape.keypoints
//   jacobians  receives shape.keypoints; NULL: not needed
//   scratch    nn_motion_scratch floats
void nn_head_motion(const struct nn_kernels *kernels, const struct nn_motion *motion,
                    const struct nn_tensor *maps, const struct nn_tensor *features, int input_width,
                    int input_height, struct mc_keypoint *keypoints, float (*jacobians)[4],
                    float *scratch);
