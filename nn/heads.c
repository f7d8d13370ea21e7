#include "nn/heads.h"

#include <math.h>

#include "nn/kernels.h"

// The confidence of a keypoint: one that is certain has all its probability in a
// cell or two; a guess spreads over the map. With s the standard deviation of
// the position, in cells and both directions together, it is 1 / (1 + (s / 4)^2):
// a half at four cells, an eighth of the map's edge.
static float confidence(float square_cells)
{
    return 1 / (1 + square_cells / 16);
}

void nn_head_landmark(const struct nn_kernels *kernels, const struct nn_tensor *maps,
                      float cell_width, float cell_height, struct mc_keypoint *keypoints,
                      float *scratch)
{
    kernels->heat_sums(maps, 1, scratch, NULL);
    for (int c = 0; c < maps->channels; c++) {
        const float *sums = scratch + 4 * c;
        const float x = sums[1] / sums[0], y = sums[2] / sums[0];
        const float square = sums[3] / sums[0] - x * x - y * y;
        keypoints[c] = (struct mc_keypoint){ (x + 0.5f) * cell_width, (y + 0.5f) * cell_height,
                                             confidence(fmaxf(square, 0)) };
    }
}
