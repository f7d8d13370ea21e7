#include "nn/compiler/compiler.h"

// Whether map holds its values before draft `index` runs.
static bool ready_before(const struct nn_compiler *compiler, int map, int index)
{
    const struct nn_map_state *state = &compiler->states[map];
    if (state->parent != NONE) {
        return ready_before(compiler, state->parent, index);
    }
    return !state->swallowed && state->ready < index;
}

static int other_input(const struct nn_op *op, int map)
{
    return op->inputs[0] == map ? op->inputs[1] : op->inputs[0];
}

// Whether an add's result has the shape of this input, so that the other can be
// added to it while it is stored: an input that lacks channels can't.
static bool is_whole(const struct nn_compiler *compiler, const struct nn_op *add, int map)
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

// The draft takes in the one reader of its output, if that can be done while
// storing. In which order things happen in a store: norm, activation, residual,
// activation, shuffle; the first activation in convolutions alone.
static bool swallow(struct nn_compiler *compiler, struct nn_draft *draft, int index)
{
    struct nn_map_state *state = &compiler->states[draft->output];
    if (state->uses != 1 || state->consumer == NONE) {
        return false;
    }
    const enum nn_op_kind root = draft->root->kind;
    const bool is_conv = draft->root->filter != NULL;
    const struct nn_op *op = &compiler->ops[state->consumer];
    const bool plain = draft->act == NULL && draft->residual == NONE;
    if (op->kind == NN_OP_BATCH_NORM && plain && draft->norm == NULL &&
        (is_conv || root == NN_OP_MAX_POOL)) {
        draft->norm = op;
    } else if (op->kind == NN_OP_ADD && (plain || (is_conv && draft->residual == NONE)) &&
               can_add(root) && is_whole(compiler, op, draft->output) &&
               ready_before(compiler, other_input(op, draft->output), index)) {
        draft->residual = other_input(op, draft->output);
        draft->inner = draft->act;
        draft->act = NULL;
    } else if ((op->kind == NN_OP_RELU || op->kind == NN_OP_PRELU) && draft->act == NULL &&
               can_activate(root)) {
        draft->act = op;
    } else if (op->kind == NN_OP_SHUFFLE && root == NN_OP_CONV && !draft->doubles &&
               ready_before(compiler, other_input(op, draft->output), index)) {
        draft->partner = other_input(op, draft->output);
        draft->partner_first = op->inputs[0] == draft->partner;
    } else {
        return false;
    }
    state->swallowed = true;
    draft->output = op->output;
    return true;
}

static bool was_swallowed(const struct nn_compiler *compiler, const struct nn_op *op)
{
    for (int i = 0; i < op->input_count; i++) {
        if (compiler->states[op->inputs[i]].swallowed) {
            return true;
        }
    }
    return false;
}

// A map of one pixel that is resized is that pixel everywhere; slices are views too.
static bool is_view(const struct nn_compiler *compiler, const struct nn_op *op)
{
    const struct nn_map *in = &compiler->maps[op->inputs[0]];
    return op->kind == NN_OP_SLICE ||
           (op->kind == NN_OP_BILINEAR && in->height == 1 && in->width == 1);
}

// Fewer pixels than this are not worth reading 16 weights instead of 9: there the
// weights, which come from memory, take longer than the products.
enum { DOUBLES_PIXELS_MIN = 16 };

// Whether the one reader of a NEAREST is a convolution that can do without it.
static bool is_doubling(const struct nn_compiler *compiler, const struct nn_op *op)
{
    const struct nn_map_state *output = &compiler->states[op->output];
    const struct nn_map *in = &compiler->maps[op->inputs[0]];
    if (op->kind != NN_OP_NEAREST || output->uses != 1 || output->consumer == NONE ||
        in->height * in->width < DOUBLES_PIXELS_MIN) {
        return false;
    }
    const struct nn_op *reader = &compiler->ops[output->consumer];
    const struct nn_window *window = &reader->window;
    return reader->kind == NN_OP_CONV && window->kernel_height == 3 && window->kernel_width == 3 &&
           window->stride == 1 && window->padding_y == 1 && window->padding_x == 1 &&
           window->dilation_y == 1 && window->dilation_x == 1;
}

static void start_draft(const struct nn_compiler *compiler, const struct nn_op *op,
                        struct nn_draft *draft)
{
    const int input = op->inputs[0];
    *draft = (struct nn_draft){
        .root = op, .input = input, .residual = NONE, .partner = NONE, .output = op->output
    };
    if (compiler->states[input].doubled) {
        draft->input = compiler->ops[compiler->maps[input].producer].inputs[0];
        draft->doubles = true;
    }
    if (op->kind == NN_OP_BATCH_NORM) {
        draft->norm = op;
    } else if (op->kind == NN_OP_RELU || op->kind == NN_OP_PRELU) {
        draft->act = op;
    } else if (op->kind == NN_OP_ADD) {
        draft->residual = op->inputs[1];
    }
}

void nn_compiler_fuse(struct nn_compiler *compiler)
{
    for (int i = 0; i < compiler->op_count; i++) {
        const struct nn_op *op = &compiler->ops[i];
        struct nn_map_state *output = &compiler->states[op->output];
        if (was_swallowed(compiler, op)) {
            continue;
        }
        if (is_view(compiler, op)) {
            output->parent = op->inputs[0];
            output->channel = op->first;
            output->repeats = op->kind == NN_OP_BILINEAR;
            continue;
        }
        if (is_doubling(compiler, op)) {
            output->doubled = true;
            continue;
        }
        int index = compiler->draft_count;
        struct nn_draft *draft = &compiler->drafts[compiler->draft_count++];
        start_draft(compiler, op, draft);
        if (op->kind != NN_OP_CONCAT) {
            while (swallow(compiler, draft, index)) {
            }
        }
        compiler->states[draft->output].ready = index;
    }
}
