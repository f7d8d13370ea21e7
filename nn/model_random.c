// nn_model_create_random.
#include <stdio.h>
#include <stdlib.h>

#include "nn/compiler/program.h"
#include "nn/compiler/ranges.h"
#include "nn/graph/weights.h"
#include "nn/model_internal.h"
#include "nn/networks/backbone.h"
#include "nn/quantise.h"

// Ranges for random weights: those of the float32 network on a patterned input.
static bool add_ranges(struct nn_model *model, struct nn_recipe *recipe, struct nn_ranges **ranges,
                       struct mc_error *err)
{
    recipe->precision = NN_PRECISION_F32;
    if (!nn_model_build(model, recipe, err)) {
        return false;
    }
    struct nn_quantiser *quantiser = nn_quantiser_create(model->program, err);
    if (quantiser == NULL) {
        return false;
    }
    struct nn_tensor input = nn_quantiser_input(quantiser);
    for (int y = 0; y < input.height; y++) {
        for (int x = 0; x < 3 * input.width; x++) {
            nn_tensor_at(&input, y, 0)[x] = (float)((y * 31 + x * 17) % 101) / 101 - 0.5f;
        }
    }
    nn_quantiser_run(quantiser);
    *ranges = nn_quantiser_ranges(quantiser, err);
    nn_quantiser_destroy(quantiser);
    nn_program_destroy(model->program);
    model->program = NULL;
    recipe->precision = NN_PRECISION_INT8;
    recipe->ranges = *ranges;
    return *ranges != NULL;
}

static bool build_random(struct nn_model *model, const char *arch, int size,
                         struct nn_recipe *recipe, struct mc_error *err)
{
    const struct nn_backbone *backbone = recipe->backbone = nn_metadata_find(arch, err);
    if (backbone == NULL) {
        return false;
    }
    if (size < NN_INPUT_MIN || size > NN_INPUT_MAX || size % backbone->size_multiple != 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "size: must be a multiple of %d from %d to %d, got %d",
                            backbone->size_multiple, NN_INPUT_MIN, NN_INPUT_MAX, size);
    }
    model->info = (struct nn_model_info){ .keypoint_set = "none",
                                          .input_width = size,
                                          .input_height = size,
                                          .keypoint_count = 68,
                                          .input_mean = 0.5f,
                                          .crop_margin = 1.5f };
    snprintf(model->info.arch, sizeof model->info.arch, "%s", backbone->name);
    recipe->layout = (struct nn_layout){ .antialias = 1,
                                         .features = backbone->features,
                                         .kernel = 1,
                                         .upsample = backbone->reduction > 2 ? 2 : 1 };
    for (int i = 0; i < NN_PRECISION_COUNT; i++) {
        model->info.deviation[i] = -1;
    }
    struct nn_ranges *ranges = NULL;
    const bool good =
        (recipe->precision != NN_PRECISION_INT8 || add_ranges(model, recipe, &ranges, err)) &&
        nn_model_build(model, recipe, err);
    nn_ranges_destroy(ranges);
    return good;
}

struct nn_model *nn_model_create_random(const char *arch, int size, unsigned cpu_flags,
                                        enum nn_precision precision, struct mc_error *err)
{
    struct nn_weights *weights = nn_weights_create_random(1, err);
    if (weights == NULL) {
        return NULL;
    }
    struct nn_recipe recipe = { .weights = weights,
                                .cpu_flags = cpu_flags,
                                .precision = precision };
    struct nn_model *model = calloc(1, sizeof *model);
    bool good = model == NULL ? mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the model")
                              : build_random(model, arch, size, &recipe, err);
    nn_weights_destroy(weights);
    if (!good) {
        nn_model_destroy(model);
        return NULL;
    }
    return model;
}
