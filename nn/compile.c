#include "nn/compile.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/compiler.h"
#include "nn/program.h"

enum { BIAS_MULTIPLE = 32 };

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
            if (input->parent == NONE) {
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

static float *keep_block(struct nn_program *program, size_t floats)
{
    float *block = mc_memory_alloc(floats * sizeof *block);
    if (block != NULL) {
        program->blocks[program->block_count++] = block;
        program->weight_floats += floats;
    }
    return block;
}

// The convolution's weights with the norm folded in, as taps x in x out.
static void fold(const struct nn_draft *draft, int in_channels, int out_channels, float *plain,
                 float *bias)
{
    const struct nn_op *op = draft->root;
    const int taps = op->window.kernel_height * op->window.kernel_width;
    for (int co = 0; co < out_channels; co++) {
        float scale = draft->norm == NULL ? 1 : draft->norm->scale[co];
        float shift = draft->norm == NULL ? 0 : draft->norm->shift[co];
        bias[co] = (op->bias == NULL ? 0 : op->bias[co]) * scale + shift;
        for (int ci = 0; ci < in_channels; ci++) {
            for (int t = 0; t < taps; t++) {
                float weight =
                    op->filter[((size_t)co * (size_t)in_channels + (size_t)ci) * (size_t)taps +
                               (size_t)t];
                plain[((size_t)t * (size_t)in_channels + (size_t)ci) * (size_t)out_channels +
                      (size_t)co] = weight * scale;
            }
        }
    }
}

static void set_taps(struct nn_compiler *compiler, const struct nn_window *window,
                     struct nn_conv *conv)
{
    struct nn_tap *taps = compiler->program->taps + compiler->tap_count;
    conv->taps = taps;
    conv->tap_count = window->kernel_height * window->kernel_width;
    for (int i = 0; i < conv->tap_count; i++) {
        taps[i].dy = i / window->kernel_width * window->dilation_y - window->padding_y;
        taps[i].dx = i % window->kernel_width * window->dilation_x - window->padding_x;
    }
    compiler->tap_count += conv->tap_count;
}

// Weights to whole numbers of -127 to 127, symmetric, each output channel by its
// own scale; what one unit of the channel's sum is worth goes to scale.
static void quantise(float *plain, size_t rows, int out_channels, float in_scale, float *scale)
{
    for (int co = 0; co < out_channels; co++) {
        float most = 0;
        for (size_t row = 0; row < rows; row++) {
            most = fmaxf(most, fabsf(plain[row * (size_t)out_channels + (size_t)co]));
        }
        const float unit = most > 0 ? most / 127 : 1;
        for (size_t row = 0; row < rows; row++) {
            float *weight = &plain[row * (size_t)out_channels + (size_t)co];
            *weight = fmaxf(-127, fminf(127, nearbyintf(*weight / unit)));
        }
        scale[co] = unit * in_scale;
    }
}

static const struct nn_map_state *state_of(const struct nn_compiler *compiler, int map)
{
    return &compiler->states[nn_compiler_owner(compiler, map)];
}

static bool build_conv(struct nn_compiler *compiler, const struct nn_draft *draft,
                       struct nn_step *step)
{
    const struct nn_op *op = draft->root;
    const struct nn_map *in = &compiler->maps[op->inputs[0]], *out = &compiler->maps[op->output];
    struct nn_program *program = compiler->program;
    struct nn_conv *conv = &step->conv;
    *conv = (struct nn_conv){ .in_channels = in->channels,
                              .out_channels = out->channels,
                              .out_height = out->height,
                              .out_width = out->width,
                              .stride = op->window.stride,
                              .type = state_of(compiler, op->inputs[0])->type,
                              .out_type = state_of(compiler, draft->output)->type,
                              .relu = draft->relu };
    set_taps(compiler, &op->window, conv);
    size_t count = (size_t)conv->tap_count * (size_t)in->channels * (size_t)out->channels;
    size_t bias_floats =
        ((size_t)out->channels + BIAS_MULTIPLE - 1) / BIAS_MULTIPLE * BIAS_MULTIPLE;
    float *plain = mc_memory_alloc(count * sizeof *plain);
    float *packed = keep_block(program, program->kernels.conv_weights(conv));
    float *bias = keep_block(program, bias_floats);
    if (plain == NULL || packed == NULL || bias == NULL) {
        mc_memory_free(plain);
        return false;
    }
    fold(draft, in->channels, out->channels, plain, bias);
    if (conv->type == NN_U8) {
        float *scale = keep_block(program, bias_floats);
        if (scale == NULL) {
            mc_memory_free(plain);
            return false;
        }
        quantise(plain, (size_t)conv->tap_count * (size_t)in->channels, out->channels,
                 state_of(compiler, op->inputs[0])->scale, scale);
        conv->scale = scale;
    }
    program->kernels.conv_pack(conv, plain, packed);
    mc_memory_free(plain);
    conv->weights = packed;
    conv->bias = bias;
    step->macs = (uint64_t)count * (uint64_t)out->height * (uint64_t)out->width;
    return true;
}

static bool copy_norm(struct nn_compiler *compiler, const struct nn_draft *draft,
                      struct nn_step *step)
{
    if (draft->norm == NULL) {
        return true;
    }
    size_t channels = (size_t)compiler->maps[draft->root->output].channels;
    float *scale = keep_block(compiler->program, channels);
    float *shift = keep_block(compiler->program, channels);
    if (scale == NULL || shift == NULL) {
        return false;
    }
    memcpy(scale, draft->norm->scale, channels * sizeof *scale);
    memcpy(shift, draft->norm->shift, channels * sizeof *shift);
    step->scale = scale;
    step->shift = shift;
    return true;
}

static enum nn_step_kind step_kind(enum nn_op_kind kind)
{
    switch (kind) {
    case NN_OP_CONV:
        return NN_STEP_CONV;
    case NN_OP_MAX_POOL:
        return NN_STEP_MAX_POOL;
    case NN_OP_GLOBAL_POOL:
        return NN_STEP_GLOBAL_POOL;
    case NN_OP_BILINEAR:
        return NN_STEP_BILINEAR;
    case NN_OP_SCALE:
        return NN_STEP_SCALE;
    case NN_OP_SHUFFLE:
        return NN_STEP_SHUFFLE;
    default:
        return NN_STEP_COMBINE;
    }
}

// Fills in everything but the views, which wait for the plan, and says which
// maps are touched when.
static bool build_step(struct nn_compiler *compiler, const struct nn_draft *draft, int index)
{
    const struct nn_op *op = draft->root;
    struct nn_step *step = &compiler->program->steps[index];
    step->kind = step_kind(op->kind);
    memcpy(step->name, op->name, sizeof step->name);
    step->relu = draft->relu;
    step->size = op->window.kernel_height;
    step->has_residual = draft->residual != NONE;
    step->has_partner = draft->partner != NONE;
    step->partner_first = draft->partner_first;
    for (int i = 0; i < op->input_count; i++) {
        touch(compiler, op->inputs[i], index);
    }
    touch(compiler, draft->residual, index);
    touch(compiler, draft->partner, index);
    touch(compiler, draft->output, index);
    return step->kind == NN_STEP_CONV ? build_conv(compiler, draft, step)
                                      : copy_norm(compiler, draft, step);
}

// Concats become copies of what does not lie in place already: one step each.
static bool expand_concats(struct nn_compiler *compiler)
{
    struct nn_draft *old = compiler->drafts;
    int count = compiler->draft_count;
    struct nn_draft *drafts = calloc((size_t)count * NN_OP_INPUTS_MAX + 1, sizeof *drafts);
    if (drafts == NULL) {
        return false;
    }
    int made = 0;
    for (int i = 0; i < count; i++) {
        if (old[i].root->kind != NN_OP_CONCAT) {
            drafts[made++] = old[i];
            continue;
        }
        for (int j = 0; j < old[i].root->input_count; j++) {
            if (!is_in_place(compiler, old[i].root, j)) {
                drafts[made] = old[i];
                drafts[made++].partner = j; // which input, until the views are set
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
    step->has_partner = false;
    step->in = view_of(compiler, op->inputs[draft->partner]);
    step->out = view_of(compiler, op->output);
    for (int j = 0; j < draft->partner; j++) {
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
        step->in = view_of(compiler, draft->root->inputs[0]);
        step->out = view_of(compiler, draft->output);
        if (draft->root->kind == NN_OP_SCALE || draft->root->kind == NN_OP_SHUFFLE) {
            step->second = view_of(compiler, draft->root->inputs[1]);
        }
        if (step->has_residual) {
            step->residual = view_of(compiler, draft->residual);
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
    for (int i = 0; i < compiler->op_count; i++) {
        const struct nn_op *op = &compiler->ops[i];
        count += op->kind == NN_OP_CONV ? op->window.kernel_height * op->window.kernel_width : 0;
    }
    return count;
}

static bool build(struct nn_compiler *compiler, const struct nn_compile_options *options,
                  const int *outputs, int output_count)
{
    struct nn_program *program = compiler->program;
    nn_compiler_fuse(compiler);
    join_concats(compiler);
    if (!expand_concats(compiler)) {
        return false;
    }
    size_t step_count = (size_t)compiler->draft_count;
    program->steps = calloc(step_count + 1, sizeof *program->steps);
    program->blocks = calloc(3 * step_count + 1, sizeof *program->blocks);
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
        size_t wanted = step->kind == NN_STEP_CONV ? program->kernels.conv_scratch(&step->conv) : 0;
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
