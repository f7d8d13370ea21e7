// What the passes of nn_compile share. Of use to compile.c, compile_conv.c, fuse.c
// and types.c alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nn/compiler/compile.h"
#include "nn/compiler/plan.h"
#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/tensor.h"

struct nn_weights;

enum { NONE = -1 };

// How a convolution that makes more than it sees is done: as several convolutions
// at its input's size, each of which writes every other row and column.
enum nn_phases {
    NN_PHASES_NONE,
    NN_PHASES_FOUR, // rows 0 and 1, columns 0 and 1
    NN_PHASES_ROWS, // of two rows, both columns at once, as twice as many channels
};

// One step on its way: which operators it swallowed and which maps it touches.
struct nn_draft {
    const struct nn_op *root;
    const struct nn_op *norm;        // folded in, or NULL
    const struct nn_op *inner, *act; // activation before the residual, and last; or NULL
    int input;                       // the map that is read first
    int residual, partner;           // maps, or NONE
    bool partner_first;
    bool doubles;          // CONV: behind a NEAREST that it takes in
    enum nn_phases phases; //
    int phase;             // which of them
    int part;              // CONCAT: which input this step copies
    int output;            // the map that is written in the end
};

// What is known of a map while compiling.
struct nn_map_state {
    int uses;     // operators and results that read it
    int consumer; // the last operator that reads it
    int ready;    // the draft that writes it: NONE for the input, INT32_MAX while there is none
    int parent;   // the map that it is a view of, or NONE
    int channel;  // its first channel in the parent
    bool repeats; // a view of one pixel, repeated
    int span;     // storage; for maps without parent
    enum nn_type type; // for maps without parent, as the next
    float scale;       // U8
    bool swallowed;
    bool doubled;   // made by a NEAREST that a convolution takes in: never in memory
    bool is_output; // a result of the network
};

struct nn_compiler {
    const struct nn_op *ops;
    const struct nn_map *maps;
    int op_count, map_count;
    struct nn_map_state *states; // one per map
    struct nn_draft *drafts;     // at most four per operator
    int draft_count;
    struct nn_span *spans;
    int span_count;
    struct nn_program *program;
    int tap_count;
};

// First pass (fuse.c): decides which operators become steps of their own and
// what each step takes in, and which maps are views of others.
void nn_compiler_fuse(struct nn_compiler *compiler);

// Whether the operator becomes a convolution of all channels.
static inline bool nn_compiler_is_conv(const struct nn_op *op)
{
    return op->kind == NN_OP_CONV || op->kind == NN_OP_TRANSPOSED;
}

static inline bool nn_compiler_has_relu(const struct nn_draft *draft)
{
    return draft->act != NULL && draft->act->kind == NN_OP_RELU;
}

// The map whose memory this one is a view of; itself, if none.
int nn_compiler_owner(const struct nn_compiler *compiler, int map);

// Third pass (types.c): the type of every map, once it is known what is a view
// of what. ranges gives the largest value of each step's output.
void nn_compiler_set_types(struct nn_compiler *compiler, enum nn_precision precision,
                           const struct nn_weights *ranges);

// A block of floats that lives as long as the program, or NULL.
float *nn_compiler_keep(struct nn_compiler *compiler, size_t floats);

// The activation's slopes by channel, `copies` times one after another, padded as
// biases are; NULL without memory. For a ReLU they are zeros.
const float *nn_compiler_keep_slopes(struct nn_compiler *compiler, const struct nn_op *act,
                                     int channels, int copies);

// Fourth pass (compile_conv.c), for each convolution: its taps and its weights
// with the norm folded in, packed. Also for depthwise ones. False without memory.
bool nn_compiler_build_conv(struct nn_compiler *compiler, const struct nn_draft *draft,
                            struct nn_step *step);

// What phase of a convolution writes, of the whole map's view.
struct nn_view nn_compiler_phase_view(const struct nn_draft *draft, struct nn_view view);

// Taps that the draft's convolution wants.
int nn_compiler_tap_count(const struct nn_draft *draft);
