// A map can have lower precision if only convolutions, max and average pools write it, only
// they and the global pool read it, and it is neither the network's input nor a result;
// depthwise convolutions write and read bytes, but not bfloat16. Maps
// that meet in one epilogue (residual, shuffle partner, output) have one type; partner and
// output also have one scale. Bytes are unsigned, so they require a ReLU; a mean of bytes has
// none of its own, but needs none.
#include "nn/compiler/types.h"

#include "nn/compiler/compile_internal.h"
#include "nn/compiler/ranges.h"

enum { WORD_CHANNELS = 4 }; // the channels that a convolution reads at once, at most

static int owner(const struct nn_compiler *compiler, int map)
{
    return nn_compiler_owner(compiler, map);
}

// If either map is float32, makes both so. Returns whether anything changed.
static bool unify(struct nn_compiler *compiler, int a, int b)
{
    struct nn_map_state *left = &compiler->states[owner(compiler, a)];
    struct nn_map_state *right = &compiler->states[owner(compiler, b)];
    if (left->type == right->type) {
        return false;
    }
    left->type = right->type = NN_F32;
    return true;
}

static void force_f32(struct nn_compiler *compiler, int map)
{
    compiler->states[owner(compiler, map)].type = NN_F32;
}

static float range_of(const struct nn_fusion_candidate *candidate, const struct nn_ranges *ranges)
{
    return nn_ranges_find(ranges, candidate->root->name);
}

// Forces maps to float32 that this step cannot read or write otherwise.
static void constrain_step(struct nn_compiler *compiler,
                           const struct nn_fusion_candidate *candidate, enum nn_type type,
                           const struct nn_ranges *ranges)
{
    const struct nn_op *op = candidate->root;
    const bool is_conv = nn_op_is_conv(op);
    const bool averages = op->kind == NN_OP_AVERAGE_POOL;
    const bool by_channel =
        op->kind == NN_OP_MAX_POOL || averages || (op->kind == NN_OP_DEPTHWISE && type == NN_U8);
    const bool computes = is_conv || by_channel;
    const bool reads = computes || op->kind == NN_OP_GLOBAL_POOL;
    for (int i = 0; i < op->input_count; i++) {
        const int input = i == 0 ? candidate->input : op->inputs[i];
        bool fits = !is_conv || compiler->maps[input].channels % WORD_CHANNELS == 0;
        if (!reads || !fits) {
            force_f32(compiler, input);
        }
    }
    bool positive =
        averages || (nn_candidate_has_relu(candidate) && range_of(candidate, ranges) > 0);
    if (!computes || (type == NN_U8 && !positive)) {
        force_f32(compiler, candidate->output);
    }
    // Maps without a whole word of channels, as in LEDNet's pyramid, gain nothing.
    if (compiler->maps[candidate->output].channels % WORD_CHANNELS != 0 &&
        owner(compiler, candidate->output) == candidate->output) {
        force_f32(compiler, candidate->output);
    }
}

static bool unify_step(struct nn_compiler *compiler, const struct nn_fusion_candidate *candidate)
{
    bool changed = false;
    if (candidate->root->kind == NN_OP_AVERAGE_POOL) {
        changed |= unify(compiler, candidate->input, candidate->output);
    }
    if (candidate->residual != NONE) {
        changed |= unify(compiler, candidate->residual, candidate->output);
    }
    if (candidate->partner != NONE) {
        changed |= unify(compiler, candidate->partner, candidate->output);
    }
    return changed;
}

static float max_float(float a, float b)
{
    return a > b ? a : b;
}

// Scales at which the largest value is 255; a mean's is at most its input's. Maps that are shuffled
// together share one.
static void set_scales(struct nn_compiler *compiler, const struct nn_ranges *ranges)
{
    for (int i = 0; i < compiler->candidate_count; i++) {
        const struct nn_fusion_candidate *candidate = &compiler->candidates[i];
        struct nn_map_state *state = &compiler->states[owner(compiler, candidate->output)];
        const float scale = candidate->root->kind == NN_OP_AVERAGE_POOL
                                ? compiler->states[owner(compiler, candidate->input)].scale
                                : range_of(candidate, ranges) / 255;
        state->scale = max_float(state->scale, scale);
    }
    for (int i = 0; i < compiler->candidate_count; i++) {
        const struct nn_fusion_candidate *candidate = &compiler->candidates[i];
        if (candidate->partner != NONE) {
            struct nn_map_state *a = &compiler->states[owner(compiler, candidate->partner)];
            struct nn_map_state *b = &compiler->states[owner(compiler, candidate->output)];
            a->scale = b->scale = max_float(a->scale, b->scale);
        }
    }
}

void nn_compiler_set_types(struct nn_compiler *compiler, enum nn_precision precision,
                           const struct nn_ranges *ranges)
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
            force_f32(compiler, i);
        }
    }
    for (int i = 0; i < compiler->candidate_count; i++) {
        constrain_step(compiler, &compiler->candidates[i], type, ranges);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < compiler->candidate_count; i++) {
            changed |= unify_step(compiler, &compiler->candidates[i]);
        }
    }
    if (type == NN_U8) {
        set_scales(compiler, ranges);
    }
}
