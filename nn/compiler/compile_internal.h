// What the passes of nn_compile share. Private to this folder.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "nn/compiler/plan.h"
#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/tensor.h"

enum { NONE = -1 };

// How a convolution whose output is larger than its input is computed: as several
// convolutions at the input's size, each of which writes every other row and column.
enum nn_phases {
    NN_PHASES_NONE,
    NN_PHASES_FOUR, // rows 0 and 1 times columns 0 and 1
    NN_PHASES_ROWS, // two rows; both columns at once, as twice as many channels
};

// A fusion candidate: an operator that becomes a step, with the operators absorbed into it
// so far.
struct nn_fusion_candidate {
    const struct nn_op *root;
    const struct nn_op *norm;    // folded in, or NULL
    const struct nn_op *pre_act; // activation before the residual, or NULL
    const struct nn_op *act;     // last activation, or NULL
    int input;                   // the first map it reads
    int residual, partner;       // maps, or NONE
    bool partner_first;          // see nn_conv_maps
    bool upsamples;              // CONV: absorbs the NEAREST before it
    enum nn_phases phases;       //
    int phase;                   // which of them
    int part;                    // CONCAT: the input that this step copies
    int output;                  // the map it writes
};

// What is known about a map.
struct nn_map_state {
    int uses;        // operators and results that read it
    int consumer;    // the last operator that reads it
    int ready;       // index of the candidate that writes it; NONE for the input, INT32_MAX if none
    int parent;      // the map that it is a view of, or NONE
    int channel;     // its first channel in the parent
    bool broadcasts; // a view of one pixel, repeated
    int span;        // storage; maps without a parent only
    enum nn_type type; // likewise
    float scale;       // likewise; U8
    bool absorbed;     // exists only within a step
    bool elided;       // written by a NEAREST that a convolution absorbs: never in memory
    bool is_output;    // a result of the network
};

struct nn_compiler {
    const struct nn_op *ops;
    const struct nn_map *maps;
    int op_count, map_count;
    struct nn_map_state *states;            // one per map
    struct nn_fusion_candidate *candidates; // at most NN_OP_INPUTS_MAX per operator
    int candidate_count;
    struct nn_span *spans;
    int span_count;
    struct nn_program *program;
    int tap_count; // of program->taps, in use
};

// Whether the operator becomes a full convolution, over all channels.
static inline bool nn_op_is_conv(const struct nn_op *op)
{
    return op->kind == NN_OP_CONV || op->kind == NN_OP_TRANSPOSED;
}

static inline bool nn_candidate_has_relu(const struct nn_fusion_candidate *candidate)
{
    return candidate->act != NULL && candidate->act->kind == NN_OP_RELU;
}

// The map whose memory this one is a view of, or the map itself.
static inline int nn_compiler_owner(const struct nn_compiler *compiler, int map)
{
    while (compiler->states[map].parent != NONE) {
        map = compiler->states[map].parent;
    }
    return map;
}

// Allocates zeroed constants that live as long as the program, or returns NULL.
static inline float *nn_compiler_alloc(struct nn_compiler *compiler, size_t floats)
{
    struct nn_program *program = compiler->program;
    float *block = (float *)mc_memory_alloc(floats * sizeof *block);
    if (block != NULL) {
        program->blocks[program->block_count++] = block;
        program->weight_floats += floats;
    }
    return block;
}
