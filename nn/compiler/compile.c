#include "nn/compiler/compile.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/compiler/compiler.h"
#include "nn/compiler/program.h"

enum { BLOCKS_PER_STEP = 5 }; // weights, bias, scale and two slopes

// A concat costs nothing where its inputs are written straight into it. Later
// concats first, so that a concat of concats is one map.
static void join_concats(struct nn_compiler *compiler)
{
    for (int i = compiler->draft_count - 1; i >= 0; i--) {
        const struct nn_op *op = compiler->drafts[i].root;
        if (op->kind != NN_OP_CONCAT) {
            continue;
        }
        int channel = 0;
        for (int j = 0; j < op->input_count; j++) {
            struct nn_map_state *input = &compiler->states[op->inputs[j]];
            // The input stays as its writers know it: dense.
            if (input->parent == NONE && op->inputs[j] != 0) {
                input->parent = op->output;
                input->channel = channel;
            }
            channel += compiler->maps[op->inputs[j]].channels;
        }
    }
}

// Whether input j of a concat already lies where the concat wants it.
static bool is_in_place(const struct nn_compiler *compiler, const struct nn_op *concat, int j)
{
    int channel = 0;
    for (int i = 0; i < j; i++) {
        channel += compiler->maps[concat->inputs[i]].channels;
    }
    const struct nn_map_state *input = &compiler->states[concat->inputs[j]];
    return input->parent == concat->output && input->channel == channel;
}

int nn_compiler_owner(const struct nn_compiler *compiler, int map)
{
    while (compiler->states[map].parent != NONE) {
        map = compiler->states[map].parent;
    }
    return map;
}

// Map is read or written at step.
static void touch(struct nn_compiler *compiler, int map, int step)
{
    if (map == NONE) {
        return;
    }
    struct nn_span *span =
        &compiler->spans[compiler->states[nn_compiler_owner(compiler, map)].span];
    span->first = step < span->first ? step : span->first;
    span->last = step > span->last ? step : span->last;
}

// Numbers from one row of a map to the next. Rows of a large power of two would
// put all pixels of a column into the same few cache lines, and a vertical
// convolution would push its own inputs out: such rows get one line more.
static size_t row_numbers(const struct nn_compiler *compiler, int map)
{
    enum { CONFLICT = 1024 };
    const struct nn_map *shape = &compiler->maps[map];
    const size_t size = nn_type_size(compiler->states[map].type);
    size_t bytes = (size_t)shape->width * (size_t)shape->channels * size;
    if (map != 0 && shape->height > 1 && bytes % CONFLICT == 0) {
        bytes += MC_ALIGNMENT;
    }
    return bytes / size;
}

static void make_spans(struct nn_compiler *compiler)
{
    for (int i = 0; i < compiler->map_count; i++) {
        struct nn_map_state *state = &compiler->states[i];
        const struct nn_map *map = &compiler->maps[i];
        if (state->parent != NONE) {
            continue;
        }
        size_t bytes = (size_t)map->height * row_numbers(compiler, i) * nn_type_size(state->type);
        state->span = compiler->span_count++;
        compiler->spans[state->span] = (struct nn_span){
            .floats = mc_memory_round_up(bytes) / sizeof(float), .first = INT32_MAX, .last = -2
        };
    }
    touch(compiler, 0, -1);
}

static struct nn_view view_of(const struct nn_compiler *compiler, int map)
{
    const struct nn_map *shape = &compiler->maps[map];
    const struct nn_map_state *state = &compiler->states[map];
    if (state->parent == NONE) {
        return (struct nn_view){ .offset = compiler->spans[state->span].offset * sizeof(float),
                                 .height = shape->height,
                                 .width = shape->width,
                                 .channels = shape->channels,
                                 .pixel_stride = (size_t)shape->channels,
                                 .row_stride = row_numbers(compiler, map),
                                 .type = state->type,
                                 .scale = state->scale };
    }
    struct nn_view view = view_of(compiler, state->parent);
    view.offset += (size_t)state->channel * nn_type_size(view.type);
    view.channels = shape->channels;
    if (state->repeats) {
        view.height = shape->height;
        view.width = shape->width;
        view.pixel_stride = view.row_stride = 0;
    }
    return view;
}

float *nn_compiler_keep(struct nn_compiler *compiler, size_t floats)
{
    struct nn_program *program = compiler->program;
    float *block = mc_memory_alloc(floats * sizeof *block);
    if (block != NULL) {
        program->blocks[program->block_count++] = block;
        program->weight_floats += floats;
    }
    return block;
}

// What is left of norm and activation for kernels that fold nothing.
static bool build_finish(struct nn_compiler *compiler, const struct nn_draft *draft,
                         struct nn_epilogue *finish)
{
    const int channels = compiler->maps[draft->root->output].channels;
    finish->relu = nn_compiler_has_relu(draft);
    if (draft->act != NULL && !finish->relu) {
        finish->slope = nn_compiler_keep_slopes(compiler, draft->act, channels, 1);
        if (finish->slope == NULL) {
            return false;
        }
    }
    if (draft->norm == NULL) {
        return true;
    }
    float *scale = nn_compiler_keep(compiler, (size_t)channels);
    float *shift = nn_compiler_keep(compiler, (size_t)channels);
    if (scale == NULL || shift == NULL) {
        return false;
    }
    memcpy(scale, draft->norm->scale, (size_t)channels * sizeof *scale);
    memcpy(shift, draft->norm->shift, (size_t)channels * sizeof *shift);
    finish->scale = scale;
    finish->shift = shift;
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

// Fills in everything but the views, which wait for the plan, and says which
// maps are touched when.
static bool build_step(struct nn_compiler *compiler, const struct nn_draft *draft, int index)
{
    const struct nn_op *op = draft->root;
    struct nn_step *step = &compiler->program->steps[index];
    step->kind = step_kind(op->kind);
    memcpy(step->name, op->name, sizeof step->name);
    step->pool =
        (struct nn_pool){ op->window.kernel_height, op->window.stride, op->window.padding_y };
    step->has_residual = draft->residual != NONE;
    step->has_partner = draft->partner != NONE;
    step->partner_first = draft->partner_first;
    touch(compiler, draft->input, index);
    for (int i = 1; i < op->input_count; i++) {
        touch(compiler, op->inputs[i], index);
    }
    touch(compiler, draft->residual, index);
    touch(compiler, draft->partner, index);
    touch(compiler, draft->output, index);
    return op->filter != NULL ? nn_compiler_build_conv(compiler, draft, step)
                              : build_finish(compiler, draft, &step->finish);
}

// In how many steps the draft is done.
static int part_count(const struct nn_compiler *compiler, struct nn_draft *draft)
{
    const struct nn_op *op = draft->root;
    if (op->kind == NN_OP_CONCAT) {
        return op->input_count;
    }
    if (op->kind == NN_OP_TRANSPOSED) {
        // Neighbours in a row are side by side in memory only where nothing is between them.
        bool rows = op->window.kernel_height == 2 && draft->residual == NONE &&
                    compiler->states[draft->output].parent == NONE;
        draft->phases = rows ? NN_PHASES_ROWS : NN_PHASES_FOUR;
    } else if (draft->doubles) {
        draft->phases = NN_PHASES_FOUR;
    }
    return draft->phases == NN_PHASES_NONE ? 1 : draft->phases == NN_PHASES_ROWS ? 2 : 4;
}

// One step each: of a concat, the copies of what does not lie in place already; of
// a convolution that doubles the size, its phases.
static bool expand(struct nn_compiler *compiler)
{
    struct nn_draft *old = compiler->drafts;
    int count = compiler->draft_count;
    struct nn_draft *drafts = calloc((size_t)count * NN_OP_INPUTS_MAX + 1, sizeof *drafts);
    if (drafts == NULL) {
        return false;
    }
    int made = 0;
    for (int i = 0; i < count; i++) {
        const int parts = part_count(compiler, &old[i]);
        for (int j = 0; j < parts; j++) {
            if (old[i].root->kind != NN_OP_CONCAT || !is_in_place(compiler, old[i].root, j)) {
                drafts[made] = old[i];
                drafts[made].phase = j;
                drafts[made++].part = j;
            }
        }
    }
    free(old);
    compiler->drafts = drafts;
    compiler->draft_count = made;
    return true;
}

static void set_concat_views(struct nn_compiler *compiler, const struct nn_draft *draft,
                             struct nn_step *step)
{
    const struct nn_op *op = draft->root;
    step->in = view_of(compiler, op->inputs[draft->part]);
    step->out = view_of(compiler, op->output);
    for (int j = 0; j < draft->part; j++) {
        step->out.offset +=
            (size_t)compiler->maps[op->inputs[j]].channels * nn_type_size(step->out.type);
    }
    step->out.channels = step->in.channels;
}

static void set_views(struct nn_compiler *compiler)
{
    for (int i = 0; i < compiler->draft_count; i++) {
        const struct nn_draft *draft = &compiler->drafts[i];
        struct nn_step *step = &compiler->program->steps[i];
        if (draft->root->kind == NN_OP_CONCAT) {
            set_concat_views(compiler, draft, step);
            continue;
        }
        step->in = view_of(compiler, draft->input);
        step->out = nn_compiler_phase_view(draft, view_of(compiler, draft->output));
        if (draft->root->input_count > 1 && draft->root->kind != NN_OP_ADD) {
            step->second = view_of(compiler, draft->root->inputs[1]);
        }
        if (step->has_residual) {
            step->residual = nn_compiler_phase_view(draft, view_of(compiler, draft->residual));
        }
        if (step->has_partner) {
            step->partner = view_of(compiler, draft->partner);
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
    for (int i = 0; i < compiler->draft_count; i++) {
        count += nn_compiler_tap_count(&compiler->drafts[i]);
    }
    return count;
}

// Floats that a step wants for itself while it runs.
static size_t scratch_floats(const struct nn_compiler *compiler, const struct nn_draft *draft,
                             const struct nn_step *step)
{
    if (step->kind == NN_STEP_CONV) {
        return compiler->program->kernels.conv_scratch(&step->conv);
    }
    const struct nn_map *in = &compiler->maps[draft->input];
    return step->kind == NN_STEP_ANTIALIAS ? (size_t)in->width * (size_t)in->channels : 0;
}

static bool build(struct nn_compiler *compiler, const struct nn_compile_options *options,
                  const int *outputs, int output_count)
{
    struct nn_program *program = compiler->program;
    nn_compiler_fuse(compiler);
    join_concats(compiler);
    if (!expand(compiler)) {
        return false;
    }
    size_t step_count = (size_t)compiler->draft_count;
    program->steps = calloc(step_count + 1, sizeof *program->steps);
    program->blocks = calloc(BLOCKS_PER_STEP * step_count + 1, sizeof *program->blocks);
    program->taps = calloc((size_t)count_taps(compiler) + 1, sizeof *program->taps);
    program->outputs = calloc((size_t)output_count + 1, sizeof *program->outputs);
    if (program->steps == NULL || program->blocks == NULL || program->taps == NULL ||
        program->outputs == NULL) {
        return false;
    }
    nn_compiler_set_types(compiler, options->precision, options->ranges);
    make_spans(compiler);
    size_t scratch = 0;
    for (int i = 0; i < compiler->draft_count; i++) {
        if (!build_step(compiler, &compiler->drafts[i], i)) {
            return false;
        }
        const struct nn_step *step = &program->steps[i];
        size_t wanted = scratch_floats(compiler, &compiler->drafts[i], step);
        scratch = wanted > scratch ? wanted : scratch;
        program->macs += step->macs;
    }
    program->step_count = compiler->draft_count;
    for (int i = 0; i < output_count; i++) {
        touch(compiler, outputs[i], compiler->draft_count);
    }
    for (int i = 0; i < compiler->span_count; i++) {
        if (compiler->spans[i].last < compiler->spans[i].first) {
            compiler->spans[i].floats = 0; // swallowed: never in memory
        }
    }
    program->scratch_offset = nn_plan(compiler->spans, compiler->span_count);
    if (program->scratch_offset == SIZE_MAX) {
        return false;
    }
    program->scratch_floats = mc_memory_round_up(scratch * sizeof(float)) / sizeof(float);
    program->arena_floats = program->scratch_offset + program->scratch_floats;
    set_views(compiler);
    program->input = view_of(compiler, 0);
    for (int i = 0; i < output_count; i++) {
        program->outputs[i] = view_of(compiler, outputs[i]);
    }
    program->output_count = output_count;
    return true;
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
    compiler.drafts = calloc(map_count, sizeof *compiler.drafts);
    compiler.program = calloc(1, sizeof *compiler.program);
    bool built = false;
    if (compiler.states != NULL && compiler.spans != NULL && compiler.drafts != NULL &&
        compiler.program != NULL) {
        compiler.program->kernels = *kernels;
        count_uses(&compiler, outputs, output_count);
        built = build(&compiler, options, outputs, output_count);
    }
    free(compiler.states);
    free(compiler.spans);
    free(compiler.drafts);
    if (!built) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the network");
        nn_program_destroy(compiler.program);
        return NULL;
    }
    return compiler.program;
}
