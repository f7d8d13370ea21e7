#include "nn/compiler.h"

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

static bool can_add(enum nn_op_kind kind)
{
    return kind != NN_OP_MAX_POOL && kind != NN_OP_GLOBAL_POOL && kind != NN_OP_SHUFFLE;
}

// The draft takes in the one reader of its output, if that can be done while
// storing. In which order things happen in a store: norm, residual, ReLU, shuffle.
static bool swallow(struct nn_compiler *compiler, struct nn_draft *draft, int index)
{
    struct nn_map_state *state = &compiler->states[draft->output];
    if (state->uses != 1 || state->consumer == NONE) {
        return false;
    }
    enum nn_op_kind root = draft->root->kind;
    const struct nn_op *op = &compiler->ops[state->consumer];
    bool plain = !draft->relu && draft->residual == NONE;
    bool relu_fits = root == NN_OP_CONV || root == NN_OP_MAX_POOL || root == NN_OP_BATCH_NORM ||
                     root == NN_OP_ADD;
    if (op->kind == NN_OP_BATCH_NORM && plain && draft->norm == NULL &&
        (root == NN_OP_CONV || root == NN_OP_MAX_POOL)) {
        draft->norm = op;
    } else if (op->kind == NN_OP_ADD && plain && can_add(root) &&
               ready_before(compiler, other_input(op, draft->output), index)) {
        draft->residual = other_input(op, draft->output);
    } else if (op->kind == NN_OP_RELU && !draft->relu && relu_fits) {
        draft->relu = true;
    } else if (op->kind == NN_OP_SHUFFLE && root == NN_OP_CONV &&
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

void nn_compiler_fuse(struct nn_compiler *compiler)
{
    for (int i = 0; i < compiler->op_count; i++) {
        const struct nn_op *op = &compiler->ops[i];
        struct nn_map_state *output = &compiler->states[op->output];
        if (was_swallowed(compiler, op)) {
            continue;
        }
        bool repeats = op->kind == NN_OP_BILINEAR && compiler->maps[op->inputs[0]].height == 1 &&
                       compiler->maps[op->inputs[0]].width == 1;
        if (op->kind == NN_OP_SLICE || repeats) {
            output->parent = op->inputs[0];
            output->channel = op->first;
            output->repeats = repeats;
            continue;
        }
        int index = compiler->draft_count;
        struct nn_draft *draft = &compiler->drafts[compiler->draft_count++];
        *draft = (struct nn_draft){
            .root = op, .residual = NONE, .partner = NONE, .output = op->output
        };
        if (op->kind == NN_OP_BATCH_NORM) {
            draft->norm = op;
        } else if (op->kind == NN_OP_RELU) {
            draft->relu = true;
        } else if (op->kind == NN_OP_ADD) {
            draft->residual = op->inputs[1];
        }
        if (op->kind != NN_OP_CONCAT) {
            while (swallow(compiler, draft, index)) {
            }
        }
        compiler->states[draft->output].ready = index;
    }
}
