// The metadata of a weight file, as JSON: what it says is refused, or builds a network, whose
// tensors are invented, that runs. Plain C kernels.
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "nn/graph/weights.h"
#include "nn/graph/weights_internal.h"
#include "nn/heads/detection.h"
#include "nn/model.h"
#include "nn/tensor.h"

enum { MACS_MAX = 4000000, ARENA_BYTES_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    } else if (info->head != NN_HEAD_EXPRESSION) {
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
        struct nn_model *model = nn_model_create(weights, 0, NN_PRECISION_F32, &err);
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
