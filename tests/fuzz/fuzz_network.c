// The metadata of a weight file, as JSON: what it says is refused, or builds a network, whose
// tensors are invented, that runs. Plain C kernels.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "nn/graph/weights.h"
#include "nn/graph/weights_internal.h"
#include "nn/heads/detection.h"
#include "nn/model.h"
#include "nn/tensor.h"

enum { MACS_MAX = 30000000, ARENA_BYTES_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// How wide the hidden layer of an expression is, only its weight says: then it is made of 16 units.
static struct nn_model *create(struct nn_weights *weights, struct mc_error *err)
{
    static const char hidden[] = "head.expression.hidden.weight";
    struct nn_model *model = nn_model_create(weights, 0, NN_PRECISION_F32, err);
    int dims[] = { 16, 0 };
    if (model == NULL && nn_weights_find(weights, hidden) == NULL &&
        sscanf(err->message, "head.expression.hidden.weight: must be [1 to %*d,%d]", &dims[1]) ==
            1 &&
        nn_weights_get(weights, hidden, dims, 2, err) != NULL) {
        model = nn_model_create(weights, 0, NN_PRECISION_F32, err);
    }
    return model;
}

// Of landmarks that may be anywhere, all at one place among others.
static void express(const struct nn_model *model, struct nn_runner *runner)
{
    struct mc_keypoint landmarks[NN_EXPRESSION_LANDMARKS];
    for (int spread = 0; spread <= 100; spread += 50) {
        for (int i = 0; i < NN_EXPRESSION_LANDMARKS; i++) {
            landmarks[i] = (struct mc_keypoint){ (float)(i * 31 % 101 * spread) / 100,
                                                 (float)(i * 17 % 97 * spread) / 100, 1 };
        }
        for (int i = 0; i < NN_EXPRESSION_CROPS; i++) {
            (void)nn_model_crop(model, i, landmarks);
        }
        (void)nn_runner_express(runner, landmarks);
    }
}

static void run(const struct nn_model *model, const struct nn_model_info *info)
{
    static struct mc_keypoint points[NN_KEYPOINTS_MAX];
    static struct nn_detection detections[NN_DETECTIONS_MAX];
    struct nn_runner *runner = nn_runner_create(model, NULL);
    if (runner == NULL) {
        return;
    }
    struct nn_tensor input = nn_runner_input(runner);
    for (int y = 0; y < input.height; y++) {
        for (int x = 0; x < 3 * input.width; x++) {
            nn_tensor_at(&input, y, 0)[x] = (float)((y * 31 + x * 17) % 101) / 101 - 0.5f;
        }
    }
    if (info->head == NN_HEAD_LOCATOR) {
        nn_runner_locate(runner, info->least_score, detections);
    } else if (info->head == NN_HEAD_EXPRESSION) {
        express(model, runner);
    } else {
        nn_runner_run(runner, points);
    }
    nn_runner_destroy(runner);
}

// Weight files hold texts alone.
static bool is_metadata(const json_t *root)
{
    const char *key;
    json_t *value;
    bool good = json_is_object(root);
    json_object_foreach((json_t *)root, key, value)
    {
        good = good && json_is_string(value);
    }
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mc_error err = { 0 };
    json_t *metadata = json_loadb((const char *)data, size, 0, NULL);
    struct nn_weights *weights = is_metadata(metadata) ? nn_weights_create_random(1, &err) : NULL;
    if (weights != NULL) {
        json_decref(weights->metadata);
        weights->metadata = json_incref(metadata);
        struct nn_model *model = create(weights, &err);
        if (model == NULL && err.message[0] == '\0') {
            abort();
        }
        const struct nn_model_info *info = model == NULL ? NULL : nn_model_info(model);
        if (info != NULL && info->macs < MACS_MAX && info->arena_bytes < ARENA_BYTES_MAX) {
            run(model, info);
        }
        nn_model_destroy(model);
        nn_weights_destroy(weights);
    }
    json_decref(metadata);
    return 0;
}
