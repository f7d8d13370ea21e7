#include "nn/compiler/compile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/compiler/compile_conv.h"
#include "nn/compiler/compile_internal.h"
#include "nn/compiler/fuse.h"
#include "nn/compiler/program.h"
#include "nn/compiler/ranges.h"
#include "nn/compiler/storage.h"
#include "nn/compiler/types.h"

enum { BLOCKS_PER_STEP = 5 }; // weights, bias, scale and two slopes

// Norm and activation, for kernels that have no weights to fold them into.
static bool build_epilogue(struct nn_compiler *compiler,
                           const struct nn_fusion_candidate *candidate,
                           struct nn_epilogue *epilogue)
{
    const int channels = compiler->maps[candidate->root->output].channels;
    epilogue->relu = nn_candidate_has_relu(candidate);
    if (candidate->act != NULL && !epilogue->relu) {
        epilogue->slope = nn_compiler_alloc_slopes(compiler, candidate->act, channels, 1);
        if (epilogue->slope == NULL) {
            return false;
        }
    }
    if (candidate->norm == NULL) {
        return true;
    }
    float *scale = nn_compiler_alloc(compiler, (size_t)channels);
    float *shift = nn_compiler_alloc(compiler, (size_t)channels);
    if (scale == NULL || shift == NULL) {
        return false;
    }
    memcpy(scale, candidate->norm->scale, (size_t)channels * sizeof *scale);
    memcpy(shift, candidate->norm->shift, (size_t)channels * sizeof *shift);
    epilogue->scale = scale;
    epilogue->shift = shift;
    return true;
}

static enum nn_step_kind step_kind(enum nn_op_kind kind)
{
    static const enum nn_step_kind kinds[] = {
        [NN_OP_CONV] = NN_STEP_CONV,
        [NN_OP_TRANSPOSED] = NN_STEP_CONV,
        [NN_OP_DEPTHWISE] = NN_STEP_DEPTHWISE,
        [NN_OP_BATCH_NORM] = NN_STEP_COMBINE,
        [NN_OP_RELU] = NN_STEP_COMBINE,
        [NN_OP_PRELU] = NN_STEP_COMBINE,
        [NN_OP_SIGMOID] = NN_STEP_SIGMOID,
        [NN_OP_ADD] = NN_STEP_COMBINE,
        [NN_OP_MULTIPLY] = NN_STEP_MULTIPLY,
        [NN_OP_SCALE] = NN_STEP_SCALE,
        [NN_OP_MAX_POOL] = NN_STEP_MAX_POOL,
        [NN_OP_AVERAGE_POOL] = NN_STEP_AVERAGE_POOL,
        [NN_OP_POOL_INDEX] = NN_STEP_POOL_INDEX,
        [NN_OP_UNPOOL] = NN_STEP_UNPOOL,
        [NN_OP_GLOBAL_POOL] = NN_STEP_GLOBAL_POOL,
        [NN_OP_BILINEAR] = NN_STEP_BILINEAR,
        [NN_OP_NEAREST] = NN_STEP_NEAREST,
        [NN_OP_ANTIALIAS] = NN_STEP_ANTIALIAS,
        [NN_OP_SLICE] = NN_STEP_COMBINE,
        [NN_OP_CONCAT] = NN_STEP_COMBINE,
        [NN_OP_SHUFFLE] = NN_STEP_SHUFFLE,
    };
    return kinds[kind];
}

// Fills in everything except the views, which need the plan, and records when maps are used.
static bool build_step(struct nn_compiler *compiler, const struct nn_fusion_candidate *candidate,
                       int index)
{
    const struct nn_op *op = candidate->root;
    struct nn_step *step = &compiler->program->steps[index];
    step->kind = step_kind(op->kind);
    memcpy(step->name, op->name, sizeof step->name);
    step->pool =
        (struct nn_pool){ op->window.kernel_height, op->window.stride, op->window.padding_y };
    step->has_residual = candidate->residual != NONE;
    step->has_partner = candidate->partner != NONE;
    step->partner_first = candidate->partner_first;
    nn_compiler_use_map(compiler, candidate->input, index);
    for (int i = 1; i < op->input_count; i++) {
        nn_compiler_use_map(compiler, op->inputs[i], index);
    }
    nn_compiler_use_map(compiler, candidate->residual, index);
    nn_compiler_use_map(compiler, candidate->partner, index);
    nn_compiler_use_map(compiler, candidate->output, index);
    return op->filter != NULL ? nn_compiler_build_conv(compiler, candidate, step)
                              : build_epilogue(compiler, candidate, &step->epilogue);
}

// How many steps the candidate takes. Chooses its phases.
static int part_count(const struct nn_compiler *compiler, struct nn_fusion_candidate *candidate)
{
    const struct nn_op *op = candidate->root;
    if (op->kind == NN_OP_CONCAT) {
        return op->input_count;
    }
    if (op->kind == NN_OP_TRANSPOSED) {
        // Two columns at once only where neighbouring pixels are adjacent in memory.
        bool by_rows = op->window.kernel_height == 2 && candidate->residual == NONE &&
                       compiler->states[candidate->output].parent == NONE;
        candidate->phases = by_rows ? NN_PHASES_ROWS : NN_PHASES_FOUR;
    } else if (candidate->upsamples) {
        candidate->phases = NN_PHASES_FOUR;
    }
    return candidate->phases == NN_PHASES_NONE ? 1 : candidate->phases == NN_PHASES_ROWS ? 2 : 4;
}

// Splits candidates until each is one step: concats into copies of the inputs that are not
// in place, up-sampling convolutions into phases.
static bool split_candidates(struct nn_compiler *compiler)
{
    struct nn_fusion_candidate *old = compiler->candidates;
    int count = compiler->candidate_count;
    struct nn_fusion_candidate *candidates =
        calloc((size_t)count * NN_OP_INPUTS_MAX + 1, sizeof *candidates);
    if (candidates == NULL) {
        return false;
    }
    int split = 0;
    for (int i = 0; i < count; i++) {
        const int parts = part_count(compiler, &old[i]);
        for (int j = 0; j < parts; j++) {
            if (old[i].root->kind != NN_OP_CONCAT ||
                !nn_compiler_is_in_place(compiler, old[i].root, j)) {
                candidates[split] = old[i];
                candidates[split].phase = j;
                candidates[split++].part = j;
            }
        }
    }
    free(old);
    compiler->candidates = candidates;
    compiler->candidate_count = split;
    return true;
}

static void set_concat_views(struct nn_compiler *compiler,
                             const struct nn_fusion_candidate *candidate, struct nn_step *step)
{
    const struct nn_op *op = candidate->root;
    step->in = nn_compiler_view(compiler, op->inputs[candidate->part]);
    step->out = nn_compiler_view(compiler, op->output);
    for (int j = 0; j < candidate->part; j++) {
        step->out.offset +=
            (size_t)compiler->maps[op->inputs[j]].channels * nn_type_size(step->out.type);
    }
    step->out.channels = step->in.channels;
}

static void set_views(struct nn_compiler *compiler)
{
    for (int i = 0; i < compiler->candidate_count; i++) {
        const struct nn_fusion_candidate *candidate = &compiler->candidates[i];
        struct nn_step *step = &compiler->program->steps[i];
        if (candidate->root->kind == NN_OP_CONCAT) {
            set_concat_views(compiler, candidate, step);
            continue;
        }
        step->in = nn_compiler_view(compiler, candidate->input);
        step->out =
            nn_compiler_phase_view(candidate, nn_compiler_view(compiler, candidate->output));
        if (candidate->root->input_count > 1 && candidate->root->kind != NN_OP_ADD) {
            step->second = nn_compiler_view(compiler, candidate->root->inputs[1]);
        }
        if (step->has_residual) {
            step->residual =
                nn_compiler_phase_view(candidate, nn_compiler_view(compiler, candidate->residual));
        }
        if (step->has_partner) {
            step->partner = nn_compiler_view(compiler, candidate->partner);
        }
    }
}

static void count_uses(struct nn_compiler *compiler, const int *outputs, int output_count)
{
    for (int i = 0; i < compiler->map_count; i++) {
        compiler->states[i] = (struct nn_map_state){
            .consumer = NONE, .ready = INT32_MAX, .parent = NONE, .span = NONE
        };
    }
    compiler->states[0].ready = NONE;
    for (int i = 0; i < compiler->op_count; i++) {
        for (int j = 0; j < compiler->ops[i].input_count; j++) {
            struct nn_map_state *state = &compiler->states[compiler->ops[i].inputs[j]];
            state->uses++;
            state->consumer = i;
        }
    }
    for (int i = 0; i < output_count; i++) {
        compiler->states[outputs[i]].uses++;
        compiler->states[outputs[i]].is_output = true;
    }
}

static int count_taps(const struct nn_compiler *compiler)
{
    int count = 0;
    for (int i = 0; i < compiler->candidate_count; i++) {
        count += nn_compiler_tap_count(&compiler->candidates[i]);
    }
    return count;
}

// Floats of scratch that a step needs.
static size_t scratch_floats(const struct nn_compiler *compiler,
                             const struct nn_fusion_candidate *candidate,
                             const struct nn_step *step)
{
    if (step->kind == NN_STEP_CONV) {
        return compiler->program->kernels.conv_scratch(&step->conv);
    }
    const struct nn_map *in = &compiler->maps[candidate->input];
    return step->kind == NN_STEP_ANTIALIAS ? (size_t)in->width * (size_t)in->channels : 0;
}

static bool alloc_program(struct nn_compiler *compiler, int output_count)
{
    struct nn_program *program = compiler->program;
    const size_t step_count = (size_t)compiler->candidate_count;
    program->steps = calloc(step_count + 1, sizeof *program->steps);
    program->blocks = calloc(BLOCKS_PER_STEP * step_count + 1, sizeof *program->blocks);
    program->taps = calloc((size_t)count_taps(compiler) + 1, sizeof *program->taps);
    program->outputs = calloc((size_t)output_count + 1, sizeof *program->outputs);
    return program->steps != NULL && program->blocks != NULL && program->taps != NULL &&
           program->outputs != NULL;
}

// Pass 5: everything in the steps but their views.
static bool build_steps(struct nn_compiler *compiler)
{
    struct nn_program *program = compiler->program;
    size_t scratch = 0;
    for (int i = 0; i < compiler->candidate_count; i++) {
        if (!build_step(compiler, &compiler->candidates[i], i)) {
            return false;
        }
        const struct nn_step *step = &program->steps[i];
        size_t needed = scratch_floats(compiler, &compiler->candidates[i], step);
        scratch = needed > scratch ? needed : scratch;
        program->macs += step->macs;
    }
    program->step_count = compiler->candidate_count;
    program->scratch_floats = mc_memory_round_up(scratch * sizeof(float)) / sizeof(float);
    return true;
}

// Pass 6: places the maps in the arena; scratch comes after them.
static bool place_maps(struct nn_compiler *compiler, const int *outputs, int output_count)
{
    struct nn_program *program = compiler->program;
    for (int i = 0; i < output_count; i++) {
        nn_compiler_use_map(compiler, outputs[i], compiler->candidate_count);
    }
    for (int i = 0; i < compiler->span_count; i++) {
        if (compiler->spans[i].last < compiler->spans[i].first) {
            compiler->spans[i].floats = 0; // absorbed: never in memory
        }
    }
    program->scratch_offset = nn_plan(compiler->spans, compiler->span_count);
    if (program->scratch_offset == SIZE_MAX) {
        return false;
    }
    program->arena_floats = program->scratch_offset + program->scratch_floats;
    set_views(compiler);
    program->input = nn_compiler_view(compiler, 0);
    for (int i = 0; i < output_count; i++) {
        program->outputs[i] = nn_compiler_view(compiler, outputs[i]);
    }
    program->output_count = output_count;
    return true;
}

static bool build(struct nn_compiler *compiler, const struct nn_compile_options *options,
                  const int *outputs, int output_count)
{
    nn_compiler_fuse(compiler);
    nn_compiler_place_concats(compiler);
    if (!split_candidates(compiler) || !alloc_program(compiler, output_count)) {
        return false;
    }
    nn_compiler_set_types(compiler, options->precision, options->ranges);
    nn_compiler_make_spans(compiler);
    return build_steps(compiler) && place_maps(compiler, outputs, output_count);
}

struct nn_program *nn_compile(const struct nn_graph *graph, const struct nn_kernels *kernels,
                              const struct nn_compile_options *options, struct mc_error *err)
{
    if (!nn_graph_check(graph, err)) {
        return NULL;
    }
    struct nn_compiler compiler = { 0 };
    int output_count;
    const int *outputs = nn_graph_outputs(graph, &output_count);
    compiler.ops = nn_graph_ops(graph, &compiler.op_count);
    compiler.maps = nn_graph_maps(graph, &compiler.map_count);
    size_t map_count = (size_t)compiler.map_count;
    compiler.states = calloc(map_count, sizeof *compiler.states);
    compiler.spans = calloc(map_count, sizeof *compiler.spans);
    compiler.candidates = calloc(map_count, sizeof *compiler.candidates);
    compiler.program = calloc(1, sizeof *compiler.program);
    bool built = false;
    if (compiler.states != NULL && compiler.spans != NULL && compiler.candidates != NULL &&
        compiler.program != NULL) {
        compiler.program->kernels = *kernels;
        count_uses(&compiler, outputs, output_count);
        built = build(&compiler, options, outputs, output_count);
    }
    free(compiler.states);
    free(compiler.spans);
    free(compiler.candidates);
    bool good =
        built || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory compiling the network");
    if (good && options->ranges != NULL) {
        good = nn_ranges_check(options->ranges, compiler.program, err);
    }
    if (!good) {
        nn_program_destroy(compiler.program);
        return NULL;
    }
    return compiler.program;
}
