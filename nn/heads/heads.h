// The landmark head: heat maps to keypoints.
#pragma once

#include "base/keypoint.h"
#include "nn/tensor.h"

struct nn_kernels;

// Each channel of maps is the heat map of one keypoint, as float32 logits. A softmax over
// its cells gives their probabilities; the keypoint is the expected position (soft-argmax:
// Luvizon et al., "Human pose regression by combining indirect part detection and
// contextual information", 2019). The centre of cell i is at i + 0.5 cells; cell_width and
// cell_height are a cell's size in input pixels. Neither allocates nor fails. Any thread.
//   keypoints  receives maps->channels of them, in input pixels, with nn_head_confidence
//   scratch    4 floats per keypoint
void nn_head_landmark(const struct nn_kernels *kernels, const struct nn_tensor *maps,
                      float cell_width, float cell_height, struct mc_keypoint *keypoints,
                      float *scratch);

// The confidence of a keypoint, 0 to 1, which falls as its heat map spreads: with the
// standard deviation s of its position, 1 / (1 + (8 s / edge)^2), one half at an eighth of
// the map's edge.
//   variance_cells  of the position, x and y together, cells squared; 0 is returned if it is
//                   not finite
//   edge            the map's, in cells
float nn_head_confidence(float variance_cells, int edge);
