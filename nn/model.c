#include "nn/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/compiler/compile.h"
#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/heads/head_locator.h"
#include "nn/kernels/kernels.h"
#include "nn/metadata.h"
#include "nn/model_store.h"
#include "nn/networks/backbone.h"
#include "nn/quantise.h"

// What a program is built from, beside the backbone.
struct recipe {
    struct nn_weights *weights;
    unsigned cpu_flags;
    enum nn_precision precision;
    const struct nn_backbone *backbone;
    struct nn_layout layout;
};

// The landmark head's heat maps, or the locator's maps.
static int append_maps(struct nn_graph *graph, int map, const struct recipe *recipe,
                       const struct nn_model_info *info)
{
    const struct nn_layout *layout = &recipe->layout;
    const bool locates = info->head == NN_HEAD_LOCATOR;
    const int kernel = layout->kernel, padding = kernel / 2;
    nn_graph_scope_open(graph, "head");
    map = nn_graph_conv(graph, map, locates ? "face" : "kp",
                        locates ? (int)NN_LOCATOR_CHANNELS : info->keypoint_count,
                        (struct nn_window){ kernel, kernel, 1, padding, padding, 1, 1 }, true);
    if (layout->upsample > 1) {
        const struct nn_map size = nn_graph_map(graph, map);
        map = nn_graph_bilinear(graph, map, size.height * layout->upsample,
                                size.width * layout->upsample);
    }
    return nn_graph_scope_close(graph, map);
}

// The motion head's heat maps; behind them what its Jacobians are read from, which is
// the same map when that is direct or small.
static int append_motion(struct nn_graph *graph, int map, const struct recipe *recipe,
                         const struct nn_model_info *info)
{
    const struct nn_layout *layout = &recipe->layout;
    const struct nn_map size = nn_graph_map(graph, map);
    const int height = info->input_height / layout->antialias;
    const int width = info->input_width / layout->antialias;
    if (layout->small) {
        const int kernel = layout->kernel, padding = kernel / 2;
        const int maps = info->keypoint_count * (info->has_jacobians ? 5 : 1);
        nn_graph_scope_open(graph, "head");
        map = nn_graph_conv(graph, map, "maps", maps,
                            (struct nn_window){ kernel, kernel, 1, padding, padding, 1, 1 }, true);
        map = nn_graph_scope_close(graph, map);
    }
    if (size.height != height || size.width != width) {
        map = nn_graph_bilinear(graph, map, height, width);
    }
    if (layout->direct || layout->small) {
        return map;
    }
    nn_graph_scope_open(graph, "head");
    int heat =
        nn_graph_conv(graph, map, "kp", info->keypoint_count,
                      (struct nn_window){ layout->kernel, layout->kernel, 1, 0, 0, 1, 1 }, true);
    nn_graph_output(graph, nn_graph_scope_close(graph, heat));
    return map;
}

static bool append_network(struct nn_graph *graph, const struct recipe *recipe,
                           struct nn_model_info *info)
{
    int map = 0;
    if (recipe->layout.antialias > 1) {
        map = nn_graph_antialias(graph, map, recipe->layout.antialias);
    }
    map = recipe->backbone->append(graph, map, recipe->layout.features);
    if (info->head == NN_HEAD_FACE) {
        nn_expression_append(graph, map, info->keypoint_count + info->dense_count);
    } else {
        nn_graph_output(graph, info->head == NN_HEAD_MOTION
                                   ? append_motion(graph, map, recipe, info)
                                   : append_maps(graph, map, recipe, info));
    }
    int count;
    const struct nn_map heat = nn_graph_map(graph, nn_graph_outputs(graph, &count)[0]);
    info->map_height = heat.height;
    info->map_width = heat.width;
    info->macs = nn_graph_macs(graph);
    return nn_graph_check(graph, NULL);
}

static struct nn_program *build(const struct recipe *recipe, struct nn_model_info *info,
                                struct mc_error *err)
{
    struct nn_graph *graph =
        nn_graph_create(recipe->weights, info->input_height, info->input_width, 3, err);
    if (graph == NULL) {
        return NULL;
    }
    if (!append_network(graph, recipe, info)) {
        nn_graph_check(graph, err);
        nn_graph_destroy(graph);
        return NULL;
    }
    struct nn_kernels kernels;
    nn_kernels_init(&kernels, recipe->cpu_flags);
    info->precision = recipe->precision;
    if (recipe->precision == NN_PRECISION_AUTO) {
        bool fits =
            nn_metadata_is_calibrated(recipe->weights) && (kernels.fast_types & 1u << NN_U8);
        info->precision = fits ? NN_PRECISION_INT8 : NN_PRECISION_F32;
    }
    const struct nn_compile_options options = { info->precision, recipe->weights };
    struct nn_program *program = nn_compile(graph, &kernels, &options, err);
    nn_graph_destroy(graph);
    return program;
}

static bool get_jacobian_weights(struct nn_weights *weights, const struct nn_motion_shape *shape,
                                 const float **filter, const float **bias, struct mc_error *err)
{
    const int rows = 4 * shape->keypoints;
    const int dims[] = { rows, shape->channels, shape->kernel, shape->kernel };
    const struct nn_weight *weight = nn_weights_get(weights, "head.jac.weight", dims, 4, err);
    const struct nn_weight *shift =
        weight == NULL ? NULL : nn_weights_get(weights, "head.jac.bias", &rows, 1, err);
    if (shift == NULL) {
        return false;
    }
    *filter = weight->data;
    *bias = shift->data;
    return true;
}

static bool prepare_motion(struct nn_model *model, const struct recipe *recipe,
                           struct mc_error *err)
{
    struct nn_model_info *info = &model->info;
    const struct nn_layout *layout = &recipe->layout;
    const struct nn_motion_shape shape = { .keypoints = info->keypoint_count,
                                           .jacobians = info->has_jacobians,
                                           .direct = layout->direct || layout->small,
                                           .kernel = layout->kernel,
                                           .channels = layout->features,
                                           .temperature = layout->temperature };
    const float *weights = NULL, *bias = NULL;
    if (nn_motion_wants_weights(&shape) &&
        !get_jacobian_weights(recipe->weights, &shape, &weights, &bias, err)) {
        return false;
    }
    nn_motion_finish(&model->motion);
    if (!nn_motion_init(&model->motion, &shape, weights, bias, err)) {
        return false;
    }
    // As a convolution to Jacobian maps would cost, which is how they are defined.
    if (info->has_jacobians && !shape.direct) {
        info->macs += (uint64_t)(4 * info->keypoint_count * layout->features) *
                      (uint64_t)(layout->kernel * layout->kernel) *
                      (uint64_t)(info->map_height * info->map_width);
    }
    return true;
}

static bool prepare_face(struct nn_model *model, const struct recipe *recipe, struct mc_error *err)
{
    const struct nn_model_info *info = &model->info;
    model->expression =
        nn_expression_create(recipe->weights, info->keypoint_count + info->dense_count, err);
    if (model->expression == NULL) {
        return false;
    }
    const int shapes = nn_expression_shape_count(model->expression);
    return shapes == info->shape_count ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "mocap.shapes: must name %d shapes, got %d",
                        shapes, info->shape_count);
}

// Builds the program and says what came of it.
static bool finish(struct nn_model *model, const struct recipe *recipe, struct mc_error *err)
{
    struct nn_model_info *info = &model->info;
    model->program = build(recipe, info, err);
    if (model->program == NULL) {
        return false;
    }
    if ((info->head == NN_HEAD_MOTION && !prepare_motion(model, recipe, err)) ||
        (info->head == NN_HEAD_FACE && !prepare_face(model, recipe, err))) {
        return false;
    }
    info->parameter_count = nn_weights_parameter_count(recipe->weights);
    info->weight_bytes = model->program->weight_floats * sizeof(float);
    info->arena_bytes = model->program->arena_floats * sizeof(float);
    return true;
}

// Everything that a file must be beyond well-formed; fills in the model.
static bool bind(struct nn_model *model, struct recipe *recipe, struct mc_error *err)
{
    struct nn_weights *weights = recipe->weights;
    recipe->backbone = nn_metadata_backbone(weights, err);
    if (recipe->backbone == NULL ||
        !nn_metadata_read(weights, recipe->backbone, &model->info, &recipe->layout, err)) {
        return false;
    }
    if (recipe->precision == NN_PRECISION_INT8 && !nn_metadata_is_calibrated(weights)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "int8 wants a file with ranges: see mocapctl model quantize");
    }
    if (!finish(model, recipe, err)) {
        return false;
    }
    const char *unused = nn_weights_unused(weights);
    if (unused != NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: no such tensor in %s", unused,
                            recipe->backbone->name);
    }
    return true;
}

struct nn_model *nn_model_create(struct nn_weights *weights, unsigned cpu_flags,
                                 enum nn_precision precision, struct mc_error *err)
{
    struct nn_model *model = calloc(1, sizeof *model);
    if (model == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the model");
        return NULL;
    }
    struct recipe recipe = { .weights = weights, .cpu_flags = cpu_flags, .precision = precision };
    if (!bind(model, &recipe, err)) {
        nn_model_destroy(model);
        return NULL;
    }
    return model;
}

struct nn_model *nn_model_load_as(const char *path, unsigned cpu_flags, enum nn_precision precision,
                                  struct mc_error *err)
{
    struct nn_weights *weights = nn_weights_load(path, err);
    if (weights == NULL) {
        return NULL;
    }
    struct nn_model *model = nn_model_create(weights, cpu_flags, precision, err);
    nn_weights_destroy(weights);
    if (model == NULL) {
        mc_error_wrap(err, "%s", path);
    }
    return model;
}

struct nn_model *nn_model_load(const char *path, unsigned cpu_flags, struct mc_error *err)
{
    return nn_model_load_as(path, cpu_flags, NN_PRECISION_AUTO, err);
}

// Ranges for invented weights: what the network in float32 makes of noise.
static bool invent_ranges(struct nn_model *model, struct recipe *recipe, struct mc_error *err)
{
    recipe->precision = NN_PRECISION_F32;
    if (!finish(model, recipe, err)) {
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
    bool good = nn_quantiser_set_ranges(quantiser, recipe->weights, err);
    nn_quantiser_destroy(quantiser);
    nn_program_destroy(model->program);
    model->program = NULL;
    recipe->precision = NN_PRECISION_INT8;
    return good;
}

static bool invent(struct nn_model *model, const char *arch, int size, struct recipe *recipe,
                   struct mc_error *err)
{
    const struct nn_backbone *backbone = recipe->backbone = nn_metadata_find(arch, err);
    if (backbone == NULL) {
        return false;
    }
    if (size < NN_INPUT_MIN || size > NN_INPUT_MAX || size % backbone->size_multiple != 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "input of %d pixels: wants a multiple of %d from %d to %d", size,
                            backbone->size_multiple, NN_INPUT_MIN, NN_INPUT_MAX);
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
    return (recipe->precision != NN_PRECISION_INT8 || invent_ranges(model, recipe, err)) &&
           finish(model, recipe, err);
}

struct nn_model *nn_model_create_random(const char *arch, int size, unsigned cpu_flags,
                                        enum nn_precision precision, struct mc_error *err)
{
    struct nn_weights *weights = nn_weights_create_random(1, err);
    if (weights == NULL) {
        return NULL;
    }
    struct recipe recipe = { .weights = weights, .cpu_flags = cpu_flags, .precision = precision };
    struct nn_model *model = calloc(1, sizeof *model);
    bool good = model == NULL ? mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the model")
                              : invent(model, arch, size, &recipe, err);
    nn_weights_destroy(weights);
    if (!good) {
        nn_model_destroy(model);
        return NULL;
    }
    return model;
}

void nn_model_destroy(struct nn_model *model)
{
    if (model != NULL) {
        nn_program_destroy(model->program);
        nn_motion_finish(&model->motion);
        nn_expression_destroy(model->expression);
        free(model);
    }
}

const struct nn_model_info *nn_model_info(const struct nn_model *model)
{
    return &model->info;
}

const struct nn_program *nn_model_program(const struct nn_model *model)
{
    return model->program;
}
