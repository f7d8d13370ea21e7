#include "nn/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/compiler/compile.h"
#include "nn/compiler/program.h"
#include "nn/compiler/ranges.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/heads/head_locator.h"
#include "nn/kernels/kernels.h"
#include "nn/metadata.h"
#include "nn/model_expression.h"
#include "nn/model_face.h"
#include "nn/model_internal.h"
#include "nn/networks/backbone.h"

// The landmark head's heat maps, or the locator's maps.
static int append_maps(struct nn_graph *graph, int map, const struct nn_recipe *recipe,
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

// The motion head's heat maps, and the map that its Jacobians are read from: the features,
// or, if the form is direct or small, the same map.
static int append_motion(struct nn_graph *graph, int map, const struct nn_recipe *recipe,
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

static bool append_network(struct nn_graph *graph, const struct nn_recipe *recipe,
                           struct nn_model_info *info)
{
    int map = 0;
    if (recipe->layout.antialias > 1) {
        map = nn_graph_antialias(graph, map, recipe->layout.antialias);
    }
    map = recipe->backbone->append(graph, map, recipe->layout.features);
    if (info->head == NN_HEAD_EXPRESSION) {
        nn_graph_output(graph, map);
    } else if (info->head == NN_HEAD_FACE) {
        nn_model_face_append(graph, map, info->keypoint_count + info->dense_count,
                             info->shape_count > 0);
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

void nn_model_deviation_key(enum nn_precision precision, char key[NN_MODEL_DEVIATION_KEY_BYTES])
{
    snprintf(key, NN_MODEL_DEVIATION_KEY_BYTES, "mocap.deviation_%s", nn_precision_name(precision));
}

const char *nn_model_deviation_unit(enum nn_head head)
{
    return head == NN_HEAD_LOCATOR      ? "the face's size"
           : head == NN_HEAD_EXPRESSION ? "a shape at full strength"
                                        : "the outer-eye distance";
}

float nn_model_deviation_limit(enum nn_head head)
{
    return head == NN_HEAD_LOCATOR || head == NN_HEAD_EXPRESSION ? 1.0f : 0.3f;
}

// Faster than F32 with these kernels.
static bool is_fast(const struct nn_kernels *kernels, enum nn_precision precision)
{
    const enum nn_type type = precision == NN_PRECISION_INT8 ? NN_U8 : NN_BF16;
    return (kernels->fast_types & 1u << type) != 0;
}

// The fastest that the processor has and that deviates little. Bytes are faster than bfloat16
// wherever there are both.
static enum nn_precision choose_precision(const struct nn_model_info *info,
                                          const struct nn_kernels *kernels)
{
    static const enum nn_precision fastest_first[] = { NN_PRECISION_INT8, NN_PRECISION_BF16 };
    for (int i = 0; i < 2; i++) {
        const enum nn_precision precision = fastest_first[i];
        const float deviation = info->deviation[precision];
        if (is_fast(kernels, precision) && deviation >= 0 &&
            deviation < nn_model_deviation_limit(info->head) &&
            (precision != NN_PRECISION_INT8 || info->range_count > 0)) {
            return precision;
        }
    }
    return NN_PRECISION_F32;
}

static struct nn_program *build(const struct nn_recipe *recipe, struct nn_model_info *info,
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
    info->precision = recipe->precision == NN_PRECISION_AUTO ? choose_precision(info, &kernels)
                                                             : recipe->precision;
    info->precision_is_slow =
        info->precision != NN_PRECISION_F32 && !is_fast(&kernels, info->precision);
    const struct nn_compile_options options = { info->precision, recipe->ranges };
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

static bool prepare_motion(struct nn_model *model, const struct nn_recipe *recipe,
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
    if (nn_motion_needs_weights(&shape) &&
        !get_jacobian_weights(recipe->weights, &shape, &weights, &bias, err)) {
        return false;
    }
    nn_motion_finish(&model->motion);
    if (!nn_motion_init(&model->motion, &shape, weights, bias, err)) {
        return false;
    }
    // By definition, Jacobian maps are a convolution of the whole feature map.
    if (info->has_jacobians && !shape.direct) {
        info->macs += (uint64_t)(4 * info->keypoint_count * layout->features) *
                      (uint64_t)(layout->kernel * layout->kernel) *
                      (uint64_t)(info->map_height * info->map_width);
    }
    return true;
}

// mocap.crop_edges: numbers with commas between them.
static bool read_crops(struct nn_model *model, const struct nn_weights *weights,
                       struct mc_error *err)
{
    float *edges = model->crop_edges;
    int count = nn_model_expression_places(weights, model->crops, NN_EXPRESSION_CROPS, err);
    if (count == 0) {
        return false;
    }
    const char *text = nn_weights_metadata(weights, "mocap.crop_edges");
    int end = 0;
    bool good = count == NN_EXPRESSION_CROPS && text != NULL &&
                sscanf(text, "%8f,%8f,%8f,%8f%n", &edges[0], &edges[1], &edges[2], &edges[3],
                       &end) == NN_EXPRESSION_CROPS &&
                text[end] == '\0';
    for (int i = 0; i < NN_EXPRESSION_CROPS; i++) {
        good = good && edges[i] > 0.01f && edges[i] < 100;
    }
    return good || mc_error_set(err, MC_ERROR_FORMAT, 0,
                                "mocap.crop_edges: must be %d edges of as many places, with commas "
                                "between them, got '%.40s' for %d",
                                NN_EXPRESSION_CROPS, text != NULL ? text : "", count);
}

static bool read_expression(struct nn_model *model, const struct nn_recipe *recipe,
                            struct mc_error *err)
{
    const struct nn_program *program = model->program;
    const struct nn_view *last = &program->outputs[program->output_count - 1];
    const int flat = last->height * last->width * last->channels;
    if (model->info.head == NN_HEAD_FACE) {
        model->expression = nn_model_face_read(recipe->weights, &model->info, flat, err);
    } else if (read_crops(model, recipe->weights, err)) {
        struct nn_expression_layers layers = { .keypoints = NN_EXPRESSION_LANDMARKS,
                                               .flat = flat,
                                               .shapes = model->info.shape_count };
        model->expression = nn_model_expression_read(recipe->weights, &layers, err);
    }
    return model->expression != NULL;
}

bool nn_model_build(struct nn_model *model, const struct nn_recipe *recipe, struct mc_error *err)
{
    struct nn_model_info *info = &model->info;
    model->program = build(recipe, info, err);
    if (model->program == NULL) {
        return false;
    }
    if (info->head == NN_HEAD_MOTION && !prepare_motion(model, recipe, err)) {
        return false;
    }
    if (info->shape_count > 0 && !read_expression(model, recipe, err)) {
        return false;
    }
    info->parameter_count = nn_weights_parameter_count(recipe->weights);
    info->weight_bytes = model->program->weight_floats * sizeof(float);
    info->arena_bytes = model->program->arena_floats * sizeof(float);
    return true;
}

// Checks that the weights fit the network they name, and builds the model.
static bool bind(struct nn_model *model, struct nn_recipe *recipe, struct mc_error *err)
{
    struct nn_weights *weights = recipe->weights;
    recipe->backbone = nn_metadata_backbone(weights, err);
    if (recipe->backbone == NULL ||
        !nn_metadata_read(weights, recipe->backbone, &model->info, &recipe->layout, err)) {
        return false;
    }
    if (recipe->precision == NN_PRECISION_INT8 && recipe->ranges == NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "int8: must have activation ranges, got none: see mocap-lab model "
                            "calibrate, or use another precision");
    }
    model->info.range_count = recipe->ranges == NULL ? 0 : nn_ranges_count(recipe->ranges);
    if (!nn_model_build(model, recipe, err)) {
        return false;
    }
    const char *unused = nn_weights_unused(weights);
    if (unused != NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: unknown tensor, %s has none of this name",
                            unused, recipe->backbone->name);
    }
    return true;
}

struct nn_model *nn_model_create(struct nn_weights *weights, unsigned cpu_flags,
                                 enum nn_precision precision, struct mc_error *err)
{
    struct nn_model *model = calloc(1, sizeof *model);
    if (model == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the model");
        return NULL;
    }
    struct nn_recipe recipe = { .weights = weights,
                                .cpu_flags = cpu_flags,
                                .precision = precision };
    struct nn_ranges *ranges = NULL;
    bool good = nn_metadata_ranges(weights, &ranges, err);
    recipe.ranges = ranges;
    good = good && bind(model, &recipe, err);
    nn_ranges_destroy(ranges);
    if (!good) {
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

void nn_model_destroy(struct nn_model *model)
{
    if (model != NULL) {
        nn_program_destroy(model->program);
        nn_motion_finish(&model->motion);
        nn_expression_destroy(model->expression);
        free(model);
    }
}

struct nn_expression_crop nn_model_crop(const struct nn_model *model, int index,
                                        const struct mc_keypoint *landmarks)
{
    assert(model->info.head == NN_HEAD_EXPRESSION && index >= 0 && index < NN_EXPRESSION_CROPS);
    return nn_expression_crop_at(model->expression, &model->crops[index], model->crop_edges[index],
                                 landmarks);
}

const struct nn_model_info *nn_model_info(const struct nn_model *model)
{
    return &model->info;
}

const struct nn_program *nn_model_program(const struct nn_model *model)
{
    return model->program;
}
