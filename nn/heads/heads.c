#include "nn/heads/heads.h"

#include <math.h>

#include "nn/kernels/kernels.h"

float nn_head_confidence(float variance_cells, int edge)
{
    return isfinite(variance_cells) ? 1 / (1 + fmaxf(variance_cells, 0) * 64 / (float)(edge * edge))
                                    : 0;
}

void nn_head_landmark(const struct nn_kernels *kernels, const struct nn_tensor *maps,
                      float cell_width, float cell_height, struct mc_keypoint *keypoints,
                      float *scratch)
{
    kernels->heat_sums(maps, 1, scratch, NULL);
    for (int c = 0; c < maps->channels; c++) {
        const float *sums = scratch + 4 * c;
        const float x = sums[1] / sums[0], y = sums[2] / sums[0];
        const float variance = sums[3] / sums[0] - x * x - y * y;
        keypoints[c] = (struct mc_keypoint){ (x + 0.5f) * cell_width, (y + 0.5f) * cell_height,
                                             nn_head_confidence(variance, maps->width) };
    }
}
