#include "nn/compiler/storage.h"

#include <stdint.h>

#include "base/memory.h"
#include "nn/compiler/compile_internal.h"

// The last concat comes first, so that a concat of concats is one map.
void nn_compiler_place_concats(struct nn_compiler *compiler)
{
    for (int i = compiler->candidate_count - 1; i >= 0; i--) {
        const struct nn_op *op = compiler->candidates[i].root;
        if (op->kind != NN_OP_CONCAT) {
            continue;
        }
        int channel = 0;
        for (int j = 0; j < op->input_count; j++) {
            struct nn_map_state *input = &compiler->states[op->inputs[j]];
            // The network's input stays where its writers expect it, dense.
            if (input->parent == NONE && op->inputs[j] != 0) {
                input->parent = op->output;
                input->channel = channel;
            }
            channel += compiler->maps[op->inputs[j]].channels;
        }
    }
}

bool nn_compiler_is_in_place(const struct nn_compiler *compiler, const struct nn_op *concat,
                             int input)
{
    int channel = 0;
    for (int i = 0; i < input; i++) {
        channel += compiler->maps[concat->inputs[i]].channels;
    }
    const struct nn_map_state *state = &compiler->states[concat->inputs[input]];
    return state->parent == concat->output && state->channel == channel;
}

void nn_compiler_use_map(struct nn_compiler *compiler, int map, int step)
{
    if (map == NONE) {
        return;
    }
    struct nn_span *span =
        &compiler->spans[compiler->states[nn_compiler_owner(compiler, map)].span];
    span->first = step < span->first ? step : span->first;
    span->last = step > span->last ? step : span->last;
}

// Numbers from one row of a map to the next. Rows of a large power of two bytes would map
// all pixels of a column to the same few cache sets, and a vertical convolution would evict
// its own inputs; such rows get one more cache line.
static size_t row_numbers(const struct nn_compiler *compiler, int map)
{
    enum { CONFLICT = 1024 }; // bytes
    const struct nn_map *shape = &compiler->maps[map];
    const size_t size = nn_type_size(compiler->states[map].type);
    size_t bytes = (size_t)shape->width * (size_t)shape->channels * size;
    if (map != 0 && shape->height > 1 && bytes % CONFLICT == 0) {
        bytes += MC_ALIGNMENT;
    }
    return bytes / size;
}

void nn_compiler_make_spans(struct nn_compiler *compiler)
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
    nn_compiler_use_map(compiler, 0, -1);
}

struct nn_view nn_compiler_view(const struct nn_compiler *compiler, int map)
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
    struct nn_view view = nn_compiler_view(compiler, state->parent);
    view.offset += (size_t)state->channel * nn_type_size(view.type);
    view.channels = shape->channels;
    if (state->broadcasts) {
        view.height = shape->height;
        view.width = shape->width;
        view.pixel_stride = view.row_stride = 0;
    }
    return view;
}
