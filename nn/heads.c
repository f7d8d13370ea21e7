#include "nn/heads.h"

#include <math.h>
#include <string.h>

// Sums of one heat map, gathered over its cells: of the weights e^(logit - most),
// of those times x, y, x^2 + y^2.
enum { SUM_WEIGHT, SUM_X, SUM_Y, SUM_SQUARE, SUM_COUNT };

size_t nn_head_landmark_scratch(int channels)
{
    return (size_t)channels * (SUM_COUNT + 1);
}

// The confidence of a keypoint: one that is certain has all its probability in a
// cell or two; a guess spreads over the map. With s the standard deviation of
// the position, in cells and both directions together, it is 1 / (1 + (s / 4)^2):
// a half at four cells, an eighth of the map's edge.
static float confidence(float square_cells)
{
    return 1 / (1 + square_cells / 16);
}

void nn_head_landmark(const struct nn_tensor *maps, float cell_width, float cell_height,
                      struct mc_keypoint *keypoints, float *scratch)
{
    const int channels = maps->channels;
    float *restrict most = scratch;
    float *restrict sums = scratch + channels;
    for (int c = 0; c < channels; c++) {
        most[c] = -INFINITY;
    }
    memset(sums, 0, (size_t)channels * SUM_COUNT * sizeof *sums);
    for (int y = 0; y < maps->height; y++) {
        for (int x = 0; x < maps->width; x++) {
            const float *cell = nn_tensor_at(maps, y, x);
            for (int c = 0; c < channels; c++) {
                most[c] = cell[c] > most[c] ? cell[c] : most[c];
            }
        }
    }
    for (int y = 0; y < maps->height; y++) {
        for (int x = 0; x < maps->width; x++) {
            const float *cell = nn_tensor_at(maps, y, x);
            const float at_x = (float)x, at_y = (float)y;
            for (int c = 0; c < channels; c++) {
                float weight = expf(cell[c] - most[c]);
                sums[SUM_WEIGHT * channels + c] += weight;
                sums[SUM_X * channels + c] += weight * at_x;
                sums[SUM_Y * channels + c] += weight * at_y;
                sums[SUM_SQUARE * channels + c] += weight * (at_x * at_x + at_y * at_y);
            }
        }
    }
    for (int c = 0; c < channels; c++) {
        float by = 1 / sums[SUM_WEIGHT * channels + c];
        float x = sums[SUM_X * channels + c] * by, y = sums[SUM_Y * channels + c] * by;
        float square = sums[SUM_SQUARE * channels + c] * by - x * x - y * y;
        keypoints[c] = (struct mc_keypoint){ (x + 0.5f) * cell_width, (y + 0.5f) * cell_height,
                                             confidence(fmaxf(square, 0)) };
    }
}
