#include "nn/compiler/program.h"

#include <stdlib.h>

#include "base/memory.h"

void nn_program_destroy(struct nn_program *program)
{
    if (program == NULL) {
        return;
    }
    for (int i = 0; i < program->block_count; i++) {
        mc_memory_free(program->blocks[i]);
    }
    free(program->blocks);
    free(program->taps);
    free(program->steps);
    free(program->outputs);
    free(program);
}

struct nn_tensor nn_view_tensor(const struct nn_view *view, float *arena)
{
    return (struct nn_tensor){ .data = (char *)arena + view->offset,
                               .height = view->height,
                               .width = view->width,
                               .channels = view->channels,
                               .pixel_stride = view->pixel_stride,
                               .row_stride = view->row_stride,
                               .type = view->type,
                               .scale = view->scale };
}

static void run_conv(const struct nn_program *program, const struct nn_step *step, float *arena,
                     struct nn_rows rows, float *scratch)
{
    struct nn_conv_maps maps = {
        .in = nn_view_tensor(&step->in, arena),
        .out = nn_view_tensor(&step->out, arena),
        .partner_first = step->partner_first,
    };
    if (step->has_residual) {
        maps.residual = nn_view_tensor(&step->residual, arena);
    }
    if (step->has_partner) {
        maps.partner = nn_view_tensor(&step->partner, arena);
    }
    if (step->kind == NN_STEP_DEPTHWISE) {
        program->kernels.depthwise(&step->conv, &maps, rows);
    } else {
        program->kernels.conv(&step->conv, &maps, rows, scratch);
    }
}

void nn_program_run_step(const struct nn_program *program, const struct nn_step *step, float *arena,
                         int part, int parts)
{
    const int height = step->out.height;
    const struct nn_rows rows = { height * part / parts, height * (part + 1) / parts };
    if (rows.begin == rows.end) {
        return;
    }
    const struct nn_kernels *kernels = &program->kernels;
    float *scratch = arena + program->scratch_offset + (size_t)part * program->scratch_floats;
    struct nn_tensor in = nn_view_tensor(&step->in, arena);
    struct nn_tensor out = nn_view_tensor(&step->out, arena);
    struct nn_tensor second = nn_view_tensor(&step->second, arena);
    struct nn_tensor added = nn_view_tensor(&step->residual, arena);
    const struct nn_tensor *residual = step->has_residual ? &added : NULL;
    switch (step->kind) {
    case NN_STEP_CONV:
    case NN_STEP_DEPTHWISE:
        run_conv(program, step, arena, rows, scratch);
        break;
    case NN_STEP_COMBINE:
        kernels->combine(&in, &step->epilogue, residual, &out, rows);
        break;
    case NN_STEP_MAX_POOL:
        kernels->max_pool(&in, &step->pool, &step->epilogue, &out, rows);
        break;
    case NN_STEP_AVERAGE_POOL:
        kernels->average_pool(&in, step->pool.kernel, &out, rows);
        break;
    case NN_STEP_POOL_INDEX:
        kernels->pool_index(&in, &out, rows);
        break;
    case NN_STEP_UNPOOL:
        kernels->unpool(&in, &second, &out, rows);
        break;
    case NN_STEP_GLOBAL_POOL:
        kernels->global_pool(&in, &out);
        break;
    case NN_STEP_BILINEAR:
        kernels->bilinear(&in, residual, &out, rows);
        break;
    case NN_STEP_NEAREST:
        kernels->nearest(&in, &out, rows);
        break;
    case NN_STEP_ANTIALIAS:
        kernels->antialias(&in, step->pool.stride, &out, rows, scratch);
        break;
    case NN_STEP_SIGMOID:
        kernels->sigmoid(&in, &out, rows);
        break;
    case NN_STEP_MULTIPLY:
        kernels->multiply(&in, &second, &out, rows);
        break;
    case NN_STEP_SCALE:
        kernels->scale(&in, &second, residual, &out, rows);
        break;
    case NN_STEP_SHUFFLE:
        kernels->shuffle(&in, &second, &out, rows);
        break;
    }
}

void nn_program_run(const struct nn_program *program, float *arena)
{
    for (int i = 0; i < program->step_count; i++) {
        nn_program_run_step(program, &program->steps[i], arena, 0, 1);
    }
}
