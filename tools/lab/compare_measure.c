// How fast each model is: whole runs of all in turn, then each one's modules.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "nn/compiler/program.h"
#include "nn/model.h"
#include "tools/lab/compare.h"
#include "tools/lab/onnxruntime.h"
#include "tools/lab/steps.h"

enum { BATCH = 5, MODULE_RUNS = 20 };

static bool no_memory(struct mc_error *err)
{
    return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the measurement");
}

static double ms_since(int64_t begin_ns)
{
    return (double)(mc_clock_thread_ns() - begin_ns) / (double)MC_NS_PER_MS;
}

static size_t input_floats(const struct nn_model_info *info)
{
    return (size_t)info->input_width * (size_t)info->input_height * 3;
}

static bool make_noise(struct lab_entry *entry)
{
    const size_t count = input_floats(nn_model_info(entry->model));
    unsigned seed = 1;
    entry->noise = mc_memory_alloc(count * sizeof *entry->noise);
    for (size_t i = 0; entry->noise != NULL && i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        entry->noise[i] = (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
    }
    return entry->noise != NULL;
}

static double run_once(struct lab_entry *entry)
{
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    struct nn_tensor input = nn_runner_input(entry->runner);
    nn_tensor_fill(&input, entry->noise);
    const int64_t begin_ns = mc_clock_thread_ns();
    nn_runner_run(entry->runner, keypoints);
    return ms_since(begin_ns);
}

static bool open_session(struct lab_compare *compare, struct lab_entry *entry, struct mc_error *err)
{
    const struct nn_model_info *info = nn_model_info(entry->model);
    const size_t maps = (size_t)info->map_width * (size_t)info->map_height;
    entry->ort_input = mc_memory_alloc(input_floats(info) * sizeof(float));
    entry->ort_output = mc_memory_alloc(maps * (size_t)info->keypoint_count * sizeof(float));
    if (entry->ort_input == NULL || entry->ort_output == NULL) {
        return no_memory(err);
    }
    memcpy(entry->ort_input, entry->noise, input_floats(info) * sizeof(float));
    const struct ort_tensor input = { "image", entry->ort_input, 3, info->input_height,
                                      info->input_width };
    const struct ort_tensor output = { "heatmaps", entry->ort_output, info->keypoint_count,
                                       info->map_height, info->map_width };
    entry->session = ort_session_create(compare->ort, entry->onnx, &input, &output, err);
    return entry->session != NULL;
}

// The first of a batch pays for what others left in the caches: it doesn't count.
static bool run_batch(struct lab_entry *entry, struct mc_error *err)
{
    for (int i = 0; i <= BATCH; i++) {
        const double ms = run_once(entry);
        if (i > 0 && !lab_samples_add(&entry->ms, ms)) {
            return no_memory(err);
        }
    }
    for (int i = 0; i <= BATCH && entry->session != NULL; i++) {
        const int64_t begin_ns = mc_clock_thread_ns();
        if (!ort_session_run(entry->session, err)) {
            return false;
        }
        const double ms = ms_since(begin_ns);
        if (i > 0 && !lab_samples_add(&entry->ort_ms, ms)) {
            return no_memory(err);
        }
    }
    return true;
}

// The median of reading keypoints from what a run left, with Jacobians or without.
static bool time_head(struct lab_entry *entry, bool jacobians, double *ms, struct mc_error *err)
{
    struct lab_samples samples = { 0 };
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    bool good = true;
    for (int i = 0; i < MODULE_RUNS && good; i++) {
        const int64_t begin_ns = mc_clock_thread_ns();
        nn_runner_read(entry->runner, keypoints, jacobians);
        good = lab_samples_add(&samples, ms_since(begin_ns)) || no_memory(err);
    }
    *ms = lab_samples_quantile(&samples, 0.5);
    lab_samples_finish(&samples);
    return good;
}

static bool time_modules(struct lab_entry *entry, struct mc_error *err)
{
    const struct nn_program *program = nn_model_program(entry->model);
    struct lab_modules *modules = &entry->modules;
    double *us = calloc((size_t)program->step_count + 1, sizeof *us);
    double all = 0;
    bool good = us != NULL ? lab_steps_measure(program, 1, MODULE_RUNS, us, err) : no_memory(err);
    for (int i = 0; i < program->step_count && good; i++) {
        const struct nn_step *step = &program->steps[i];
        const bool head = strncmp(step->name, "head.", 5) == 0;
        *(step->kind == NN_STEP_ANTIALIAS ? &modules->down
          : head                          ? &modules->heat
                                          : &modules->backbone) += us[i] / 1e3;
    }
    free(us);
    double heat = 0;
    good = good && time_head(entry, true, &all, err) && time_head(entry, false, &heat, err);
    modules->heat += heat;
    modules->jacobian = all > heat && nn_model_info(entry->model)->has_jacobians ? all - heat : 0;
    return good;
}

bool lab_compare_measure(struct lab_compare *compare, struct mc_error *err)
{
    for (int i = 0; i < compare->count; i++) {
        struct lab_entry *entry = &compare->entries[i];
        if (!make_noise(entry)) {
            return no_memory(err);
        }
        if (compare->ort != NULL && entry->onnx != NULL && !open_session(compare, entry, err)) {
            return false;
        }
    }
    for (long done = 0; done < compare->runs; done += BATCH) {
        for (int i = 0; i < compare->count; i++) {
            if (!run_batch(&compare->entries[i], err)) {
                return false;
            }
        }
    }
    for (int i = 0; i < compare->count; i++) {
        if (!time_modules(&compare->entries[i], err)) {
            return false;
        }
    }
    return true;
}
