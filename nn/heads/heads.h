// Heads: heat maps to keypoints.
#pragma once

#include "base/keypoint.h"
#include "nn/tensor.h"

struct nn_kernels;

// The landmark head. Each channel of maps is the heat map of one keypoint, as
// float32 logits. Softmax over its cells gives the probability of each; the
// keypoint is the expected position (soft-argmax: Luvizon et al. 2019), with the
// centre of cell i at i + 0.5 cells, times cell_width and cell_height, the size
// of a cell in input pixels. The confidence falls with the spread of the map: see
// heads.c. Any thread.
//   keypoints  maps->channels of them
//   scratch    4 floats for each
void nn_head_landmark(const struct nn_kernels *kernels, const struct nn_tensor *maps,
                      float cell_width, float cell_height, struct mc_keypoint *keypoints,
                      float *scratch);

// The confidence of a keypoint, 0 to 1: square_cells is the variance of its
// position in cells, both directions together, edge the map's, in cells. 0 where the
// variance is not finite.
float nn_head_confidence(float square_cells, int edge);
