#include "nn/model.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/backbone.h"
#include "nn/compile.h"
#include "nn/graph.h"
#include "nn/head_locator.h"
#include "nn/heads.h"
#include "nn/kernels.h"
#include "nn/program.h"
#include "nn/quantise.h"
#include "nn/team.h"
#include "nn/weights.h"

struct nn_model {
    struct nn_model_info info;
    struct nn_program *program; // owned; holds its own copy of the weights
};

struct nn_runner {
    const struct nn_model *model; // borrowed
    float *arena;                 // maps and scratch of one inference
    float *head_scratch;
    struct nn_team *team; // NULL: one thread
};

// What the metadata says beyond nn_model_info.
struct head {
    int features; // channels of the backbone's last layer
    int kernel;   // of the convolution to heat maps
    int upsample; // of the heat maps, behind it
};

enum { FEATURES_MAX = 1024, INPUT_MIN = 32, INPUT_MAX = 1024, UPSAMPLE_MAX = 8 };

static const char *get(const struct nn_weights *weights, const char *key, const char *what,
                       struct mc_error *err)
{
    const char *value = nn_weights_metadata(weights, key);
    if (value == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "__metadata__ has no %s, wants %s", key, what);
    }
    return value;
}

static bool get_word(const struct nn_weights *weights, const char *key, const char *wanted,
                     struct mc_error *err)
{
    const char *value = get(weights, key, wanted, err);
    if (value != NULL && strcmp(value, wanted) != 0) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: wants %s, has '%.40s'", key, wanted, value);
        return false;
    }
    return value != NULL;
}

static bool get_int(const struct nn_weights *weights, const char *key, int least, int most,
                    int *number, struct mc_error *err)
{
    const char *value = get(weights, key, "a number", err);
    if (value == NULL) {
        return false;
    }
    char *end;
    errno = 0;
    long parsed = strtol(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || parsed < least || parsed > most) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: wants a number of %d to %d, has '%.40s'",
                            key, least, most, value);
    }
    *number = (int)parsed;
    return true;
}

static bool get_float(const struct nn_weights *weights, const char *key, float least, float most,
                      float *number, struct mc_error *err)
{
    const char *value = get(weights, key, "a number", err);
    if (value == NULL) {
        return false;
    }
    char *end;
    float parsed = strtof(value, &end);
    if (end == value || *end != '\0' || !(parsed >= least && parsed <= most)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: wants a number of %g to %g, has '%.40s'",
                            key, (double)least, (double)most, value);
    }
    *number = parsed;
    return true;
}

static bool get_input_size(const struct nn_weights *weights, const struct nn_backbone *backbone,
                           struct nn_model_info *info, struct mc_error *err)
{
    const char *value = get(weights, "mocap.input", "WIDTHxHEIGHT", err);
    if (value == NULL) {
        return false;
    }
    int length = 0;
    if (sscanf(value, "%4dx%4d%n", &info->input_width, &info->input_height, &length) != 2 ||
        value[length] != '\0' || info->input_width < INPUT_MIN || info->input_width > INPUT_MAX ||
        info->input_height < INPUT_MIN || info->input_height > INPUT_MAX ||
        info->input_width % backbone->size_multiple != 0 ||
        info->input_height % backbone->size_multiple != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "mocap.input: wants WIDTHxHEIGHT, multiples of %d from %d to %d, "
                            "has '%.40s'",
                            backbone->size_multiple, INPUT_MIN, INPUT_MAX, value);
    }
    return true;
}

static const struct nn_backbone *find_backbone(const char *name, struct mc_error *err)
{
    char names[128] = "";
    for (int i = 0; nn_backbone_at(i) != NULL; i++) {
        size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s", i == 0 ? "" : ", ",
                 nn_backbone_at(i)->name);
    }
    const struct nn_backbone *backbone = nn_backbone_find(name);
    if (backbone == NULL) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "wants a network of %s, has '%.40s'", names, name);
    }
    return backbone;
}

static const struct nn_backbone *get_backbone(const struct nn_weights *weights,
                                              struct mc_error *err)
{
    const char *name = get(weights, "mocap.arch", "the backbone's name", err);
    const struct nn_backbone *backbone = name == NULL ? NULL : find_backbone(name, err);
    if (name != NULL && backbone == NULL) {
        mc_error_wrap(err, "mocap.arch");
    }
    return backbone;
}

// Whether the file holds the ranges that int8 wants.
static bool is_calibrated(const struct nn_weights *weights)
{
    const char *precision = nn_weights_metadata(weights, "mocap.precision");
    return precision != NULL && strcmp(precision, "int8") == 0;
}

static bool get_head(const struct nn_weights *weights, struct nn_model_info *info,
                     struct mc_error *err)
{
    const char *name = get(weights, "mocap.head", "landmark or locator", err);
    if (name != NULL && strcmp(name, "landmark") != 0 && strcmp(name, "locator") != 0) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "mocap.head: wants landmark or locator, has '%.40s'",
                     name);
        return false;
    }
    info->head = name != NULL && strcmp(name, "locator") == 0 ? NN_HEAD_LOCATOR : NN_HEAD_LANDMARK;
    return name != NULL;
}

static bool read_landmark(const struct nn_weights *weights, struct nn_model_info *info,
                          struct head *head, struct mc_error *err)
{
    const char *set = get(weights, "mocap.keypoint_set", "a name such as ibug68", err);
    if (set == NULL) {
        return false;
    }
    snprintf(info->keypoint_set, sizeof info->keypoint_set, "%s", set);
    return get_word(weights, "mocap.softmax_temperature", "1", err) &&
           get_int(weights, "mocap.keypoints", 1, NN_KEYPOINTS_MAX, &info->keypoint_count, err) &&
           get_int(weights, "mocap.head_upsample", 1, UPSAMPLE_MAX, &head->upsample, err) &&
           get_float(weights, "mocap.crop_margin", 1, 4, &info->crop_margin, err);
}

static bool read_locator(const struct nn_weights *weights, struct nn_model_info *info,
                         struct head *head, struct mc_error *err)
{
    snprintf(info->keypoint_set, sizeof info->keypoint_set, "none");
    head->upsample = 1;
    return get_float(weights, "mocap.least_score", 0.01f, 0.99f, &info->least_score, err) &&
           get_float(weights, "mocap.forehead", 0, 1, &info->forehead, err);
}

static bool read_metadata(const struct nn_weights *weights, const struct nn_backbone *backbone,
                          struct nn_model_info *info, struct head *head, struct mc_error *err)
{
    snprintf(info->arch, sizeof info->arch, "%s", backbone->name);
    return get_head(weights, info, err) && get_input_size(weights, backbone, info, err) &&
           get_word(weights, "mocap.channels", "rgb", err) &&
           get_word(weights, "mocap.scale", "1/255", err) &&
           get_int(weights, "mocap.features", 1, FEATURES_MAX, &head->features, err) &&
           get_int(weights, "mocap.head_kernel", 1, 7, &head->kernel, err) &&
           get_float(weights, "mocap.mean", 0, 1, &info->input_mean, err) &&
           (info->head == NN_HEAD_LOCATOR ? read_locator(weights, info, head, err)
                                          : read_landmark(weights, info, head, err));
}

// What a program is built from, beside the backbone.
struct recipe {
    struct nn_weights *weights;
    unsigned cpu_flags;
    enum nn_precision precision;
    const struct nn_backbone *backbone;
    struct head head;
};

static struct nn_program *build(const struct recipe *recipe, struct nn_model_info *info,
                                struct mc_error *err)
{
    const struct head *head = &recipe->head;
    struct nn_graph *graph =
        nn_graph_create(recipe->weights, info->input_height, info->input_width, 3, err);
    if (graph == NULL) {
        return NULL;
    }
    int map = recipe->backbone->append(graph, 0, head->features);
    const int padding = head->kernel / 2;
    const bool locates = info->head == NN_HEAD_LOCATOR;
    nn_graph_scope_open(graph, "head");
    map = nn_graph_conv(graph, map, locates ? "face" : "kp",
                        locates ? (int)NN_LOCATOR_CHANNELS : info->keypoint_count,
                        (struct nn_window){ head->kernel, head->kernel, 1, padding, padding, 1, 1 },
                        true);
    info->map_height = info->input_height / recipe->backbone->reduction * head->upsample;
    info->map_width = info->input_width / recipe->backbone->reduction * head->upsample;
    if (!locates && head->upsample > 1) {
        map = nn_graph_bilinear(graph, map, info->map_height, info->map_width);
    }
    nn_graph_output(graph, nn_graph_scope_close(graph, map));

    struct nn_kernels kernels;
    nn_kernels_init(&kernels, recipe->cpu_flags);
    info->precision = recipe->precision;
    if (recipe->precision == NN_PRECISION_AUTO) {
        bool fits = is_calibrated(recipe->weights) && (kernels.fast_types & 1u << NN_U8);
        info->precision = fits ? NN_PRECISION_INT8 : NN_PRECISION_F32;
    }
    const struct nn_compile_options options = { info->precision, recipe->weights };
    struct nn_program *program = nn_compile(graph, &kernels, &options, err);
    nn_graph_destroy(graph);
    return program;
}

// Builds the program and says what came of it.
static bool finish(struct nn_model *model, const struct recipe *recipe, struct mc_error *err)
{
    struct nn_model_info *info = &model->info;
    model->program = build(recipe, info, err);
    if (model->program == NULL) {
        return false;
    }
    info->parameter_count = nn_weights_parameter_count(recipe->weights);
    info->macs = model->program->macs;
    info->weight_bytes = model->program->weight_floats * sizeof(float);
    info->arena_bytes = model->program->arena_floats * sizeof(float);
    return true;
}

// Everything that a file must be beyond well-formed; fills in the model.
static bool bind(struct nn_model *model, struct recipe *recipe, struct mc_error *err)
{
    struct nn_weights *weights = recipe->weights;
    recipe->backbone = get_backbone(weights, err);
    if (recipe->backbone == NULL ||
        !read_metadata(weights, recipe->backbone, &model->info, &recipe->head, err)) {
        return false;
    }
    if (recipe->precision == NN_PRECISION_INT8 && !is_calibrated(weights)) {
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
    const struct nn_backbone *backbone = recipe->backbone = find_backbone(arch, err);
    if (backbone == NULL) {
        return false;
    }
    if (size < INPUT_MIN || size > INPUT_MAX || size % backbone->size_multiple != 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "input of %d pixels: wants a multiple of %d from %d to %d", size,
                            backbone->size_multiple, INPUT_MIN, INPUT_MAX);
    }
    model->info = (struct nn_model_info){ .keypoint_set = "none",
                                          .input_width = size,
                                          .input_height = size,
                                          .keypoint_count = 68,
                                          .input_mean = 0.5f,
                                          .crop_margin = 1.5f };
    snprintf(model->info.arch, sizeof model->info.arch, "%s", backbone->name);
    recipe->head = (struct head){ .features = backbone->features,
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

struct nn_runner *nn_runner_create(const struct nn_model *model, struct mc_error *err)
{
    struct nn_runner *runner = calloc(1, sizeof *runner);
    if (runner != NULL) {
        runner->model = model;
        runner->arena = mc_memory_alloc(model->info.arena_bytes);
        runner->head_scratch =
            mc_memory_alloc((size_t)model->info.keypoint_count * 4 * sizeof *runner->head_scratch);
    }
    if (runner == NULL || runner->arena == NULL || runner->head_scratch == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a runner of %zu bytes",
                     model->info.arena_bytes);
        nn_runner_destroy(runner);
        return NULL;
    }
    return runner;
}

void nn_runner_destroy(struct nn_runner *runner)
{
    if (runner != NULL) {
        nn_team_destroy(runner->team);
        mc_memory_free(runner->arena);
        mc_memory_free(runner->head_scratch);
        free(runner);
    }
}

bool nn_runner_set_threads(struct nn_runner *runner, int count, struct mc_error *err)
{
    const struct nn_program *program = runner->model->program;
    struct nn_team *team = nn_team_create(count, err);
    if (team == NULL) {
        return false;
    }
    size_t floats = program->arena_floats + (size_t)(count - 1) * program->scratch_floats;
    float *arena = mc_memory_alloc(floats * sizeof *arena);
    if (arena == NULL) {
        nn_team_destroy(team);
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for %d threads", count);
    }
    nn_team_destroy(runner->team);
    mc_memory_free(runner->arena);
    runner->team = team;
    runner->arena = arena;
    return true;
}

struct nn_tensor nn_runner_input(struct nn_runner *runner)
{
    return nn_view_tensor(&runner->model->program->input, runner->arena);
}

// The forward pass; the maps that come out.
static struct nn_tensor run(struct nn_runner *runner)
{
    const struct nn_program *program = runner->model->program;
    if (runner->team != NULL) {
        nn_team_run(runner->team, program, runner->arena);
    } else {
        nn_program_run(program, runner->arena);
    }
    return nn_view_tensor(&program->outputs[0], runner->arena);
}

int nn_runner_locate(struct nn_runner *runner, struct nn_face *faces)
{
    const struct nn_model_info *info = &runner->model->info;
    assert(info->head == NN_HEAD_LOCATOR);
    const struct nn_tensor maps = run(runner);
    return nn_head_locator(&maps, (float)info->input_width / (float)info->map_width,
                           (float)info->input_height / (float)info->map_height, info->least_score,
                           faces);
}

float nn_runner_run(struct nn_runner *runner, struct mc_keypoint *keypoints)
{
    const struct nn_model_info *info = &runner->model->info;
    const struct nn_program *program = runner->model->program;
    const struct nn_tensor maps = run(runner);
    if (info->head == NN_HEAD_LOCATOR) {
        return 0;
    }
    nn_head_landmark(&program->kernels, &maps, (float)info->input_width / (float)info->map_width,
                     (float)info->input_height / (float)info->map_height, keypoints,
                     runner->head_scratch);
    float sum = 0;
    for (int i = 0; i < info->keypoint_count; i++) {
        sum += keypoints[i].c;
    }
    return sum / (float)info->keypoint_count;
}
