#include "nn/heads/head_motion.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/heads/heads.h"
#include "nn/kernels/kernels.h"

bool nn_motion_wants_weights(const struct nn_motion_shape *shape)
{
    return shape->jacobians && !shape->direct;
}

// From [4 keypoint + m][channel][tap], as the file has it, to [..][tap][channel].
static void turn(const struct nn_motion_shape *shape, const float *from, float *to)
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
    if (!nn_motion_wants_weights(shape)) {
        return true;
    }
    const size_t rows = 4 * (size_t)shape->keypoints;
    const size_t each = (size_t)(shape->channels * shape->kernel * shape->kernel);
    motion->weights = mc_memory_alloc(rows * each * sizeof(float));
    motion->bias = mc_memory_alloc(rows * sizeof(float));
    if (motion->weights == NULL || motion->bias == NULL) {
        nn_motion_finish(motion);
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the motion head");
    }
    turn(shape, weights, motion->weights);
    memcpy(motion->bias, bias, rows * sizeof *bias);
    return true;
}

void nn_motion_finish(struct nn_motion *motion)
{
    mc_memory_free(motion->weights);
    mc_memory_free(motion->bias);
    *motion = (struct nn_motion){ 0 };
}

// The head's three parts of scratch, in floats.
struct parts {
    size_t sums, weights, looks;
};

static struct parts parts_of(const struct nn_motion *motion, int height, int width)
{
    const struct nn_motion_shape *shape = &motion->shape;
    const size_t keypoints = (size_t)shape->keypoints;
    const size_t channels = (size_t)(shape->direct ? 4 * shape->keypoints : shape->channels);
    return (struct parts){ .sums = 4 * keypoints,
                           .weights = (size_t)height * (size_t)width * keypoints,
                           .looks = keypoints * channels };
}

size_t nn_motion_scratch(const struct nn_motion *motion, int height, int width)
{
    const struct parts parts = parts_of(motion, height, width);
    return parts.sums + parts.weights + parts.looks;
}

static float dot(const float *a, const float *b, int count)
{
    float sum = 0;
    for (int i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

// What each keypoint sees of the features at each tap, times the tap's weights.
static void read_features(const struct nn_kernels *kernels, const struct nn_motion *motion,
                          const struct nn_tensor *heat, const struct nn_tensor *features,
                          const float *sums, const float *weights, float *looks,
                          float (*jacobians)[4])
{
    const struct nn_motion_shape *shape = &motion->shape;
    const int taps = shape->kernel * shape->kernel, channels = shape->channels;
    for (int i = 0; i < 4 * shape->keypoints; i++) {
        jacobians[i / 4][i % 4] = 0;
    }
    for (int tap = 0; tap < taps; tap++) {
        kernels->heat_look(weights, heat->height, heat->width, shape->keypoints, features,
                           tap / shape->kernel, tap % shape->kernel, looks);
        for (int i = 0; i < 4 * shape->keypoints; i++) {
            jacobians[i / 4][i % 4] +=
                dot(looks + i / 4 * channels,
                    motion->weights + ((size_t)i * (size_t)taps + (size_t)tap) * (size_t)channels,
                    channels);
        }
    }
    for (int i = 0; i < 4 * shape->keypoints; i++) {
        jacobians[i / 4][i % 4] = jacobians[i / 4][i % 4] / sums[i / 4 * 4] + motion->bias[i];
    }
}

// The maps are there.
static void read_maps(const struct nn_kernels *kernels, const struct nn_tensor *heat,
                      const struct nn_tensor *maps, const float *sums, const float *weights,
                      float *looks, float (*jacobians)[4])
{
    const int keypoints = heat->channels;
    kernels->heat_look(weights, heat->height, heat->width, keypoints, maps, 0, 0, looks);
    for (int i = 0; i < 4 * keypoints; i++) {
        jacobians[i / 4][i % 4] = looks[i / 4 * 4 * keypoints + i] / sums[i / 4 * 4];
    }
}

// From cell 0 to cell count - 1 of a map, pixel 0 to pixel size - 1 of the input.
static float place(float cell, int count, int size)
{
    return (count > 1 ? cell * (float)(size - 1) / (float)(count - 1) : 0) + 0.5f;
}

void nn_head_motion(const struct nn_kernels *kernels, const struct nn_motion *motion,
                    const struct nn_tensor *maps, const struct nn_tensor *features, int input_width,
                    int input_height, struct mc_keypoint *keypoints, float (*jacobians)[4],
                    float *scratch)
{
    const struct nn_motion_shape *shape = &motion->shape;
    struct nn_tensor heat = *maps, behind = *maps;
    heat.channels = shape->keypoints;
    behind.data = nn_tensor_at(maps, 0, 0) + shape->keypoints;
    behind.channels = 4 * shape->keypoints;
    const struct parts parts = parts_of(motion, maps->height, maps->width);
    float *sums = scratch, *weights = sums + parts.sums, *looks = weights + parts.weights;
    const bool wanted = shape->jacobians && jacobians != NULL;
    kernels->heat_sums(&heat, shape->temperature, sums, wanted ? weights : NULL);
    for (int i = 0; i < shape->keypoints; i++) {
        const float *of = sums + 4 * i;
        const float x = of[1] / of[0], y = of[2] / of[0];
        const float square = of[3] / of[0] - x * x - y * y;
        keypoints[i] = (struct mc_keypoint){ place(x, heat.width, input_width),
                                             place(y, heat.height, input_height),
                                             nn_head_confidence(square, heat.width) };
    }
    if (wanted && shape->direct) {
        read_maps(kernels, &heat, &behind, sums, weights, looks, jacobians);
    } else if (wanted) {
        read_features(kernels, motion, &heat, features, sums, weights, looks, jacobians);
    }
}
