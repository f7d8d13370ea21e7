// Which maps are kept in lower precision.
//
// A map can be if only convolutions and max pools write it, only they (and the
// global pool) read it, and it is neither the network's input nor its result.
// Maps that meet in one store (residual, shuffle partner, output) are of one
// type, partner and output of one scale too. Bytes have no sign, so they are for
// maps behind a ReLU.
#include <stdio.h>

#include "nn/compiler/compiler.h"
#include "nn/graph/weights.h"

enum { WORD_CHANNELS = 4 }; // a convolution reads channels in groups of this many

static int owner(const struct nn_compiler *compiler, int map)
{
    return nn_compiler_owner(compiler, map);
}

// Both or neither.
static bool join(struct nn_compiler *compiler, int a, int b)
{
    struct nn_map_state *left = &compiler->states[owner(compiler, a)];
    struct nn_map_state *right = &compiler->states[owner(compiler, b)];
    if (left->type == right->type) {
        return false;
    }
    left->type = right->type = NN_F32;
    return true;
}

static void keep_wide(struct nn_compiler *compiler, int map)
{
    compiler->states[owner(compiler, map)].type = NN_F32;
}

static float range_of(const struct nn_draft *draft, const struct nn_weights *ranges)
{
    char name[NN_WEIGHT_NAME_BYTES];
    snprintf(name, sizeof name, "range.%s", draft->root->name);
    const struct nn_weight *range = ranges == NULL ? NULL : nn_weights_find(ranges, name);
    return range != NULL && range->count == 1 ? range->data[0] : 0;
}

// What one step asks of the maps it touches, other steps left aside.
static void restrict_step(struct nn_compiler *compiler, const struct nn_draft *draft,
                          enum nn_type type, const struct nn_weights *ranges)
{
    const struct nn_op *op = draft->root;
    const bool is_conv = nn_compiler_is_conv(op);
    const bool computes = is_conv || op->kind == NN_OP_MAX_POOL;
    const bool reads = computes || op->kind == NN_OP_GLOBAL_POOL;
    for (int i = 0; i < op->input_count; i++) {
        const int input = i == 0 ? draft->input : op->inputs[i];
        bool fits = !is_conv || compiler->maps[input].channels % WORD_CHANNELS == 0;
        if (!reads || !fits) {
            keep_wide(compiler, input);
        }
    }
    bool positive = nn_compiler_has_relu(draft) && range_of(draft, ranges) > 0;
    if (!computes || (type == NN_U8 && !positive)) {
        keep_wide(compiler, draft->output);
    }
    // A single channel is not worth a byte: LEDNet's pyramid.
    if (compiler->maps[draft->output].channels % WORD_CHANNELS != 0 &&
        owner(compiler, draft->output) == draft->output) {
        keep_wide(compiler, draft->output);
    }
}

static bool join_step(struct nn_compiler *compiler, const struct nn_draft *draft)
{
    bool changed = false;
    if (draft->residual != NONE) {
        changed |= join(compiler, draft->residual, draft->output);
    }
    if (draft->partner != NONE) {
        changed |= join(compiler, draft->partner, draft->output);
    }
    return changed;
}

static float max_float(float a, float b)
{
    return a > b ? a : b;
}

// The scale that lets the largest value be 255; shared where maps are shuffled
// together.
static void set_scales(struct nn_compiler *compiler, const struct nn_weights *ranges)
{
    for (int i = 0; i < compiler->draft_count; i++) {
        const struct nn_draft *draft = &compiler->drafts[i];
        struct nn_map_state *state = &compiler->states[owner(compiler, draft->output)];
        state->scale = max_float(state->scale, range_of(draft, ranges) / 255);
    }
    for (int i = 0; i < compiler->draft_count; i++) {
        const struct nn_draft *draft = &compiler->drafts[i];
        if (draft->partner != NONE) {
            struct nn_map_state *a = &compiler->states[owner(compiler, draft->partner)];
            struct nn_map_state *b = &compiler->states[owner(compiler, draft->output)];
            a->scale = b->scale = max_float(a->scale, b->scale);
        }
    }
}

void nn_compiler_set_types(struct nn_compiler *compiler, enum nn_precision precision,
                           const struct nn_weights *ranges)
{
    const enum nn_type type = precision == NN_PRECISION_INT8   ? NN_U8
                              : precision == NN_PRECISION_BF16 ? NN_BF16
                                                               : NN_F32;
    for (int i = 0; i < compiler->map_count; i++) {
        struct nn_map_state *state = &compiler->states[i];
        state->type = state->is_output || i == 0 ? NN_F32 : type;
        state->scale = 0;
    }
    for (int i = 0; i < compiler->map_count; i++) {
        if (compiler->states[i].is_output) {
            keep_wide(compiler, i);
        }
    }
    for (int i = 0; i < compiler->draft_count; i++) {
        restrict_step(compiler, &compiler->drafts[i], type, ranges);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < compiler->draft_count; i++) {
            changed |= join_step(compiler, &compiler->drafts[i]);
        }
    }
    if (type == NN_U8) {
        set_scales(compiler, ranges);
    }
}
