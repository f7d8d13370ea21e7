#include "tools/lab/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/compiler/program.h"
#include "nn/thread_pool.h"
#include "tools/lab/samples.h"

static const char *kind_name(enum nn_step_kind kind)
{
    static const char *const names[] = {
        [NN_STEP_CONV] = "conv",
        [NN_STEP_DEPTHWISE] = "depthwise",
        [NN_STEP_COMBINE] = "combine",
        [NN_STEP_MAX_POOL] = "max pool",
        [NN_STEP_AVERAGE_POOL] = "average pool",
        [NN_STEP_POOL_INDEX] = "pool index",
        [NN_STEP_UNPOOL] = "unpool",
        [NN_STEP_GLOBAL_POOL] = "global pool",
        [NN_STEP_BILINEAR] = "bilinear",
        [NN_STEP_NEAREST] = "nearest",
        [NN_STEP_ANTIALIAS] = "antialias",
        [NN_STEP_SIGMOID] = "sigmoid",
        [NN_STEP_MULTIPLY] = "multiply",
        [NN_STEP_SCALE] = "scale",
        [NN_STEP_SHUFFLE] = "shuffle",
    };
    return names[kind];
}

static bool is_conv(const struct nn_step *step)
{
    return step->kind == NN_STEP_CONV || step->kind == NN_STEP_DEPTHWISE;
}

// Rows of taps; they come row by row.
static int kernel_height(const struct nn_conv *conv)
{
    int rows = 1;
    for (int i = 1; i < conv->tap_count; i++) {
        rows += conv->taps[i].dy != conv->taps[i - 1].dy;
    }
    return rows;
}

// Rows or columns from one tap to the next.
static int dilation(const struct nn_conv *conv)
{
    if (conv->tap_count < 2) {
        return 1;
    }
    const int dx = conv->taps[1].dx - conv->taps[0].dx, dy = conv->taps[1].dy - conv->taps[0].dy;
    return dx > 0 ? dx : dy;
}

void lab_step_kind(const struct nn_step *step, char text[LAB_STEP_TEXT])
{
    if (!is_conv(step)) {
        snprintf(text, LAB_STEP_TEXT, "%s", kind_name(step->kind));
        return;
    }
    const int height = kernel_height(&step->conv);
    snprintf(text, LAB_STEP_TEXT, "%s %dx%d%s%s", kind_name(step->kind), height,
             step->conv.tap_count / height, step->conv.stride == 2 ? " s2" : "",
             step->conv.out_channels == 1 ? " to 1" : "");
}

void lab_step_work(const struct nn_step *step, char text[LAB_STEP_TEXT])
{
    char dilated[16] = "";
    if (is_conv(step) && dilation(&step->conv) > 1) {
        snprintf(dilated, sizeof dilated, " d%d", dilation(&step->conv));
    }
    lab_step_kind(step, text);
    const size_t length = strlen(text);
    const bool relu = is_conv(step) ? step->conv.relu : step->epilogue.relu;
    const bool prelu = is_conv(step) ? step->conv.slope != NULL : step->epilogue.slope != NULL;
    snprintf(text + length, LAB_STEP_TEXT - length, "%s%s%s%s", dilated,
             step->has_residual ? " +res" : "",
             relu    ? " +relu"
             : prelu ? " +prelu"
                     : "",
             step->has_partner ? " +shuffle" : "");
}

void lab_step_shapes(const struct nn_step *step, char text[LAB_STEP_TEXT])
{
    const struct nn_view *in = &step->in, *out = &step->out;
    snprintf(text, LAB_STEP_TEXT, "%dx%dx%d > %dx%dx%d", in->width, in->height, in->channels,
             out->width, out->height, out->channels);
}

// A view that repeats one pixel is that pixel.
static uint64_t view_bytes(const struct nn_view *view)
{
    uint64_t pixels = view->row_stride == 0 ? 1 : (uint64_t)view->height * (uint64_t)view->width;
    return pixels * (uint64_t)view->channels * nn_type_size(view->type);
}

uint64_t lab_step_bytes(const struct nn_program *program, const struct nn_step *step)
{
    uint64_t bytes = view_bytes(&step->in) + view_bytes(&step->out);
    bytes += view_bytes(&step->second); // empty where there is none
    bytes += step->has_residual ? view_bytes(&step->residual) : 0;
    bytes += step->has_partner ? view_bytes(&step->partner) : 0;
    if (step->kind == NN_STEP_CONV) {
        bytes += program->kernels.conv_weights(&step->conv) * sizeof(float);
    }
    return bytes;
}

struct measurement {
    struct nn_thread_pool *pool;
    float *arena;
    int64_t *step_ns;            // of the last run
    struct lab_samples *samples; // of each step, in microseconds
};

static bool no_memory(struct mc_error *err)
{
    return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the profile");
}

static bool prepare(struct measurement *to, const struct nn_program *program, int threads,
                    struct mc_error *err)
{
    const size_t count = (size_t)program->step_count + 1;
    to->pool = nn_thread_pool_create(threads, err);
    if (to->pool == NULL) {
        return false;
    }
    const size_t floats = program->arena_floats + (size_t)(threads - 1) * program->scratch_floats;
    to->arena = mc_memory_alloc(floats * sizeof *to->arena);
    to->step_ns = calloc(count, sizeof *to->step_ns);
    to->samples = calloc(count, sizeof *to->samples);
    return (to->arena != NULL && to->step_ns != NULL && to->samples != NULL) || no_memory(err);
}

static void finish(struct measurement *of, int step_count)
{
    for (int i = 0; i < step_count && of->samples != NULL; i++) {
        lab_samples_finish(&of->samples[i]);
    }
    free(of->samples);
    free(of->step_ns);
    mc_memory_free(of->arena);
    nn_thread_pool_destroy(of->pool);
}

// Zeros are as good as images: no kernel's time depends on the values in the maps.
static bool measure(struct measurement *by, const struct nn_program *program, long runs,
                    struct mc_error *err)
{
    for (long run = 0; run <= runs; run++) {
        nn_thread_pool_measure(by->pool, program, by->arena, by->step_ns);
        // The first run fills the caches.
        for (int i = 0; i < program->step_count && run > 0; i++) {
            if (!lab_samples_add(&by->samples[i], (double)by->step_ns[i] / 1e3)) {
                return no_memory(err);
            }
        }
    }
    return true;
}

bool lab_steps_measure(const struct nn_program *program, int threads, long runs, double *us,
                       struct mc_error *err)
{
    struct measurement measurement = { 0 };
    const bool good =
        prepare(&measurement, program, threads, err) && measure(&measurement, program, runs, err);
    for (int i = 0; i < program->step_count && good; i++) {
        us[i] = lab_samples_quantile(&measurement.samples[i], 0.5);
    }
    finish(&measurement, program->step_count);
    return good;
}
