#include "nn/compiler/fuse.h"

#include "nn/compiler/compile_internal.h"

// Whether the map is complete before candidate `index` runs.
static bool ready_before(const struct nn_compiler *compiler, int map, int index)
{
    const struct nn_map_state *state = &compiler->states[map];
    if (state->parent != NONE) {
        return ready_before(compiler, state->parent, index);
    }
    return !state->absorbed && state->ready < index;
}

static int other_input(const struct nn_op *op, int map)
{
    return op->inputs[0] == map ? op->inputs[1] : op->inputs[0];
}

// Whether this input of an add has all channels of the result, so that the other can be its
// residual.
static bool has_all_channels(const struct nn_compiler *compiler, const struct nn_op *add, int map)
{
    return compiler->maps[map].channels == compiler->maps[add->output].channels;
}

static bool can_add(enum nn_op_kind kind)
{
    return kind == NN_OP_CONV || kind == NN_OP_TRANSPOSED || kind == NN_OP_DEPTHWISE ||
           kind == NN_OP_BATCH_NORM || kind == NN_OP_BILINEAR || kind == NN_OP_SCALE;
}

static bool can_activate(enum nn_op_kind kind)
{
    return kind == NN_OP_CONV || kind == NN_OP_TRANSPOSED || kind == NN_OP_DEPTHWISE ||
           kind == NN_OP_MAX_POOL || kind == NN_OP_BATCH_NORM || kind == NN_OP_ADD;
}

// Absorbs the only reader of the candidate's output if the epilogue can do its work. The
// order of an epilogue is norm, activation, residual, activation, shuffle; only
// convolutions have the first activation.
static bool absorb(struct nn_compiler *compiler, struct nn_fusion_candidate *candidate, int index)
{
    struct nn_map_state *state = &compiler->states[candidate->output];
    if (state->uses != 1 || state->consumer == NONE) {
        return false;
    }
    const enum nn_op_kind root = candidate->root->kind;
    const bool is_conv = candidate->root->filter != NULL;
    const struct nn_op *op = &compiler->ops[state->consumer];
    const bool plain = candidate->act == NULL && candidate->residual == NONE;
    if (op->kind == NN_OP_BATCH_NORM && plain && candidate->norm == NULL &&
        (is_conv || root == NN_OP_MAX_POOL)) {
        candidate->norm = op;
    } else if (op->kind == NN_OP_ADD && (plain || (is_conv && candidate->residual == NONE)) &&
               can_add(root) && has_all_channels(compiler, op, candidate->output) &&
               ready_before(compiler, other_input(op, candidate->output), index)) {
        candidate->residual = other_input(op, candidate->output);
        candidate->pre_act = candidate->act;
        candidate->act = NULL;
    } else if ((op->kind == NN_OP_RELU || op->kind == NN_OP_PRELU) && candidate->act == NULL &&
               can_activate(root)) {
        candidate->act = op;
    } else if (op->kind == NN_OP_SHUFFLE && root == NN_OP_CONV && !candidate->upsamples &&
               ready_before(compiler, other_input(op, candidate->output), index)) {
        candidate->partner = other_input(op, candidate->output);
        candidate->partner_first = op->inputs[0] == candidate->partner;
    } else {
        return false;
    }
    state->absorbed = true;
    candidate->output = op->output;
    return true;
}

static bool was_absorbed(const struct nn_compiler *compiler, const struct nn_op *op)
{
    for (int i = 0; i < op->input_count; i++) {
        if (compiler->states[op->inputs[i]].absorbed) {
            return true;
        }
    }
    return false;
}

// Slices are views, and so is a resize of one pixel: that pixel everywhere.
static bool is_view(const struct nn_compiler *compiler, const struct nn_op *op)
{
    const struct nn_map *in = &compiler->maps[op->inputs[0]];
    return op->kind == NN_OP_SLICE ||
           (op->kind == NN_OP_BILINEAR && in->height == 1 && in->width == 1);
}

// The phases read 16 weights in place of 9. On maps of fewer pixels than this, fetching those
// from memory takes longer than the products that are saved.
enum { NEAREST_PIXELS_MIN = 16 };

// Whether the only reader of a NEAREST is a convolution that can absorb it.
static bool is_absorbable_nearest(const struct nn_compiler *compiler, const struct nn_op *op)
{
    const struct nn_map_state *output = &compiler->states[op->output];
    const struct nn_map *in = &compiler->maps[op->inputs[0]];
    if (op->kind != NN_OP_NEAREST || output->uses != 1 || output->consumer == NONE ||
        in->height * in->width < NEAREST_PIXELS_MIN) {
        return false;
    }
    const struct nn_op *reader = &compiler->ops[output->consumer];
    const struct nn_window *window = &reader->window;
    return reader->kind == NN_OP_CONV && window->kernel_height == 3 && window->kernel_width == 3 &&
           window->stride == 1 && window->padding_y == 1 && window->padding_x == 1 &&
           window->dilation_y == 1 && window->dilation_x == 1;
}

static void start_candidate(const struct nn_compiler *compiler, const struct nn_op *op,
                            struct nn_fusion_candidate *candidate)
{
    const int input = op->inputs[0];
    *candidate = (struct nn_fusion_candidate){
        .root = op, .input = input, .residual = NONE, .partner = NONE, .output = op->output
    };
    if (compiler->states[input].elided) {
        candidate->input = compiler->ops[compiler->maps[input].producer].inputs[0];
        candidate->upsamples = true;
    }
    if (op->kind == NN_OP_BATCH_NORM) {
        candidate->norm = op;
    } else if (op->kind == NN_OP_RELU || op->kind == NN_OP_PRELU) {
        candidate->act = op;
    } else if (op->kind == NN_OP_ADD) {
        candidate->residual = op->inputs[1];
    }
}

void nn_compiler_fuse(struct nn_compiler *compiler)
{
    for (int i = 0; i < compiler->op_count; i++) {
        const struct nn_op *op = &compiler->ops[i];
        struct nn_map_state *output = &compiler->states[op->output];
        if (was_absorbed(compiler, op)) {
            continue;
        }
        if (is_view(compiler, op)) {
            output->parent = op->inputs[0];
            output->channel = op->first;
            output->broadcasts = op->kind == NN_OP_BILINEAR;
            continue;
        }
        if (is_absorbable_nearest(compiler, op)) {
            output->elided = true;
            continue;
        }
        int index = compiler->candidate_count;
        struct nn_fusion_candidate *candidate = &compiler->candidates[compiler->candidate_count++];
        start_candidate(compiler, op, candidate);
        if (op->kind != NN_OP_CONCAT) {
            while (absorb(compiler, candidate, index)) {
            }
        }
        compiler->states[candidate->output].ready = index;
    }
}
