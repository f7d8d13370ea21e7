#include "nn/heads/head_motion.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/heads/heads.h"
#include "nn/kernels/kernels.h"

bool nn_motion_needs_weights(const struct nn_motion_shape *shape)
{
    return shape->jacobians && !shape->direct;
}

// From [row][channel][tap], as in the file, to [row][tap][channel].
static void transpose(const struct nn_motion_shape *shape, const float *from, float *to)
{
    const int taps = shape->kernel * shape->kernel, channels = shape->channels;
    for (int i = 0; i < 4 * shape->keypoints * taps * channels; i++) {
        const int c = i % channels, tap = i / channels % taps, row = i / channels / taps;
        to[i] = from[(row * channels + c) * taps + tap];
    }
}

bool nn_motion_init(struct nn_motion *motion, const struct nn_motion_shape *shape,
                    const float *weights, const float *bias, struct mc_error *err)
{
    *motion = (struct nn_motion){ .shape = *shape };
    if (!nn_motion_needs_weights(shape)) {
        return true;
    }
    const size_t rows = 4 * (size_t)shape->keypoints;
    const size_t each = (size_t)(shape->channels * shape->kernel * shape->kernel);
    motion->weights = mc_memory_alloc(rows * each * sizeof(float));
    motion->bias = mc_memory_alloc(rows * sizeof(float));
    if (motion->weights == NULL || motion->bias == NULL) {
        nn_motion_finish(motion);
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the motion head");
    }
    transpose(shape, weights, motion->weights);
    memcpy(motion->bias, bias, rows * sizeof *bias);
    return true;
}

void nn_motion_finish(struct nn_motion *motion)
{
    mc_memory_free(motion->weights);
    mc_memory_free(motion->bias);
    *motion = (struct nn_motion){ 0 };
}

// The three parts of the scratch, in floats.
struct parts {
    size_t sums, weights, weighted;
};

static struct parts parts_of(const struct nn_motion *motion, int height, int width)
{
    const struct nn_motion_shape *shape = &motion->shape;
    const size_t keypoints = (size_t)shape->keypoints;
    const size_t channels = (size_t)(shape->direct ? 4 * shape->keypoints : shape->channels);
    return (struct parts){ .sums = 4 * keypoints,
                           .weights = (size_t)height * (size_t)width * keypoints,
                           .weighted = keypoints * channels };
}

size_t nn_motion_scratch(const struct nn_motion *motion, int height, int width)
{
    const struct parts parts = parts_of(motion, height, width);
    return parts.sums + parts.weights + parts.weighted;
}

static float dot(const float *a, const float *b, int count)
{
    float sum = 0;
    for (int i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

// Convolves the features as averaged under each keypoint's heat map.
static void read_features(const struct nn_kernels *kernels, const struct nn_motion *motion,
                          const struct nn_tensor *heat, const struct nn_tensor *features,
                          const float *sums, const float *weights, float *weighted,
                          float (*jacobians)[4])
{
    const struct nn_motion_shape *shape = &motion->shape;
    const int taps = shape->kernel * shape->kernel, channels = shape->channels;
    for (int i = 0; i < 4 * shape->keypoints; i++) {
        jacobians[i / 4][i % 4] = 0;
    }
    for (int tap = 0; tap < taps; tap++) {
        kernels->weighted_sum(weights, heat->height, heat->width, shape->keypoints, features,
                              tap / shape->kernel, tap % shape->kernel, weighted);
        for (int i = 0; i < 4 * shape->keypoints; i++) {
            jacobians[i / 4][i % 4] +=
                dot(weighted + i / 4 * channels,
                    motion->weights + ((size_t)i * (size_t)taps + (size_t)tap) * (size_t)channels,
                    channels);
        }
    }
    for (int i = 0; i < 4 * shape->keypoints; i++) {
        jacobians[i / 4][i % 4] = jacobians[i / 4][i % 4] / sums[i / 4 * 4] + motion->bias[i];
    }
}

// Averages the Jacobian maps under each keypoint's heat map.
static void read_maps(const struct nn_kernels *kernels, const struct nn_tensor *heat,
                      const struct nn_tensor *maps, const float *sums, const float *weights,
                      float *weighted, float (*jacobians)[4])
{
    const int keypoints = heat->channels;
    kernels->weighted_sum(weights, heat->height, heat->width, keypoints, maps, 0, 0, weighted);
    for (int i = 0; i < 4 * keypoints; i++) {
        jacobians[i / 4][i % 4] = weighted[i / 4 * 4 * keypoints + i] / sums[i / 4 * 4];
    }
}

// Maps cells 0 to count - 1 linearly to the centres of pixels 0 to size - 1.
static float cell_to_pixel(float cell, int count, int size)
{
    return (count > 1 ? cell * (float)(size - 1) / (float)(count - 1) : 0) + 0.5f;
}

void nn_head_motion(const struct nn_kernels *kernels, const struct nn_motion *motion,
                    const struct nn_tensor *maps, const struct nn_tensor *features, int input_width,
                    int input_height, struct mc_keypoint *keypoints, float (*jacobians)[4],
                    float *scratch)
{
    const struct nn_motion_shape *shape = &motion->shape;
    struct nn_tensor heat = *maps, jacobian_maps = *maps;
    heat.channels = shape->keypoints;
    jacobian_maps.data = nn_tensor_at(maps, 0, 0) + shape->keypoints;
    jacobian_maps.channels = 4 * shape->keypoints;
    const struct parts parts = parts_of(motion, maps->height, maps->width);
    float *sums = scratch, *weights = sums + parts.sums, *weighted = weights + parts.weights;
    const bool with_jacobians = shape->jacobians && jacobians != NULL;
    kernels->heat_sums(&heat, shape->temperature, sums, with_jacobians ? weights : NULL);
    for (int i = 0; i < shape->keypoints; i++) {
        const float *sum = sums + 4 * i;
        const float x = sum[1] / sum[0], y = sum[2] / sum[0];
        const float variance = sum[3] / sum[0] - x * x - y * y;
        keypoints[i] = (struct mc_keypoint){ cell_to_pixel(x, heat.width, input_width),
                                             cell_to_pixel(y, heat.height, input_height),
                                             nn_head_confidence(variance, heat.width) };
    }
    if (with_jacobians && shape->direct) {
        read_maps(kernels, &heat, &jacobian_maps, sums, weights, weighted, jacobians);
    } else if (with_jacobians) {
        read_features(kernels, motion, &heat, features, sums, weights, weighted, jacobians);
    }
}
