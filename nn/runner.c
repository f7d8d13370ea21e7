#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/compiler/program.h"
#include "nn/heads/head_locator.h"
#include "nn/heads/heads.h"
#include "nn/model_internal.h"
#include "nn/thread_pool.h"

struct nn_runner {
    const struct nn_model *model; // borrowed
    float *arena;                 // maps and scratch
    float *head_scratch;
    float jacobians[NN_KEYPOINTS_MAX][4];
    struct nn_thread_pool *pool; // NULL: one thread

    // Of a face or expression model.
    struct mc_keypoint points[NN_KEYPOINTS_MAX + NN_DENSE_MAX];
    struct nn_expression expression;
};

// Floats of scratch that the head needs.
static size_t scratch_floats(const struct nn_model *model)
{
    const struct nn_model_info *info = &model->info;
    if (info->head == NN_HEAD_MOTION) {
        return nn_motion_scratch(&model->motion, info->map_height, info->map_width);
    }
    const size_t sums = 4 * (size_t)(info->keypoint_count + info->dense_count);
    const size_t layers = model->expression == NULL ? 0 : nn_expression_scratch(model->expression);
    return sums > layers ? sums : layers;
}

struct nn_runner *nn_runner_create(const struct nn_model *model, struct mc_error *err)
{
    struct nn_runner *runner = calloc(1, sizeof *runner);
    if (runner != NULL) {
        runner->model = model;
        runner->arena = mc_memory_alloc(model->info.arena_bytes);
        runner->head_scratch = mc_memory_alloc(scratch_floats(model) * sizeof(float));
    }
    if (runner == NULL || runner->arena == NULL || runner->head_scratch == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a runner of %zu bytes",
                     model->info.arena_bytes);
        nn_runner_destroy(runner);
        return NULL;
    }
    return runner;
}

void nn_runner_destroy(struct nn_runner *runner)
{
    if (runner != NULL) {
        nn_thread_pool_destroy(runner->pool);
        mc_memory_free(runner->arena);
        mc_memory_free(runner->head_scratch);
        free(runner);
    }
}

bool nn_runner_set_threads(struct nn_runner *runner, int count, struct mc_error *err)
{
    const struct nn_program *program = runner->model->program;
    struct nn_thread_pool *pool = nn_thread_pool_create(count, err);
    if (pool == NULL) {
        return false;
    }
    size_t floats = program->arena_floats + (size_t)(count - 1) * program->scratch_floats;
    float *arena = mc_memory_alloc(floats * sizeof *arena);
    if (arena == NULL) {
        nn_thread_pool_destroy(pool);
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %d threads", count);
    }
    nn_thread_pool_destroy(runner->pool);
    mc_memory_free(runner->arena);
    runner->pool = pool;
    runner->arena = arena;
    return true;
}

struct nn_tensor nn_runner_input(struct nn_runner *runner)
{
    return nn_view_tensor(&runner->model->program->input, runner->arena);
}

// Runs the network and returns its first output.
static struct nn_tensor run(struct nn_runner *runner)
{
    const struct nn_program *program = runner->model->program;
    if (runner->pool != NULL) {
        nn_thread_pool_run(runner->pool, program, runner->arena);
    } else {
        nn_program_run(program, runner->arena);
    }
    return nn_view_tensor(&program->outputs[0], runner->arena);
}

int nn_runner_locate(struct nn_runner *runner, float least_score, struct nn_detection *detections)
{
    const struct nn_model_info *info = &runner->model->info;
    assert(info->head == NN_HEAD_LOCATOR);
    const struct nn_tensor maps = run(runner);
    return nn_head_locator(&maps, (float)info->input_width / (float)info->map_width,
                           (float)info->input_height / (float)info->map_height, least_score,
                           detections);
}

static void read_motion(struct nn_runner *runner, const struct nn_tensor *maps,
                        struct mc_keypoint *keypoints, bool jacobians)
{
    const struct nn_model_info *info = &runner->model->info;
    const struct nn_program *program = runner->model->program;
    const struct nn_tensor features =
        nn_view_tensor(&program->outputs[program->output_count - 1], runner->arena);
    nn_head_motion(&program->kernels, &runner->model->motion, maps, &features, info->input_width,
                   info->input_height, keypoints, jacobians ? runner->jacobians : NULL,
                   runner->head_scratch);
}

static void read_face(struct nn_runner *runner, const struct nn_tensor *maps,
                      struct mc_keypoint *keypoints)
{
    const struct nn_model_info *info = &runner->model->info;
    const struct nn_program *program = runner->model->program;
    nn_head_landmark(&program->kernels, maps, (float)info->input_width / (float)info->map_width,
                     (float)info->input_height / (float)info->map_height, runner->points,
                     runner->head_scratch);
    if (runner->model->expression != NULL) {
        const struct nn_tensor features = nn_view_tensor(&program->outputs[1], runner->arena);
        const struct nn_tensor flat = nn_view_tensor(&program->outputs[2], runner->arena);
        nn_expression_run(runner->model->expression, runner->points, info->input_width,
                          info->input_height, &features, &flat, &runner->expression,
                          runner->head_scratch);
    }
    memcpy(keypoints, runner->points, (size_t)info->keypoint_count * sizeof *keypoints);
}

float nn_runner_read(struct nn_runner *runner, struct mc_keypoint *keypoints, bool jacobians)
{
    const struct nn_model_info *info = &runner->model->info;
    const struct nn_program *program = runner->model->program;
    const struct nn_tensor maps = nn_view_tensor(&program->outputs[0], runner->arena);
    if (info->head == NN_HEAD_LOCATOR || info->head == NN_HEAD_EXPRESSION) {
        return 0;
    }
    if (info->head == NN_HEAD_MOTION) {
        read_motion(runner, &maps, keypoints, jacobians);
    } else if (info->head == NN_HEAD_FACE) {
        read_face(runner, &maps, keypoints);
    } else {
        nn_head_landmark(
            &program->kernels, &maps, (float)info->input_width / (float)info->map_width,
            (float)info->input_height / (float)info->map_height, keypoints, runner->head_scratch);
    }
    float sum = 0;
    for (int i = 0; i < info->keypoint_count; i++) {
        sum += keypoints[i].c;
    }
    return sum / (float)info->keypoint_count;
}

float nn_runner_run(struct nn_runner *runner, struct mc_keypoint *keypoints)
{
    run(runner);
    return nn_runner_read(runner, keypoints, true);
}

const struct nn_expression *nn_runner_express(struct nn_runner *runner,
                                              const struct mc_keypoint *landmarks)
{
    const struct nn_model_info *info = &runner->model->info;
    assert(info->head == NN_HEAD_EXPRESSION);
    const struct nn_tensor maps = run(runner);
    nn_expression_run(runner->model->expression, landmarks, info->input_width, info->input_height,
                      NULL, &maps, &runner->expression, runner->head_scratch);
    return &runner->expression;
}

const struct mc_keypoint *nn_runner_dense(const struct nn_runner *runner)
{
    const struct nn_model_info *info = &runner->model->info;
    return info->head == NN_HEAD_FACE ? runner->points + info->keypoint_count : NULL;
}

const struct nn_expression *nn_runner_expression(const struct nn_runner *runner)
{
    const struct nn_model_info *info = &runner->model->info;
    return info->head == NN_HEAD_FACE && info->shape_count > 0 ? &runner->expression : NULL;
}

const float (*nn_runner_jacobians(const struct nn_runner *runner))[4]
{
    return runner->model->info.has_jacobians ? runner->jacobians : NULL;
}
