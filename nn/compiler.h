// What the passes of nn_compile share. Of use to compile.c and fuse.c alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nn/compile.h"
#include "nn/graph.h"
#include "nn/plan.h"
#include "nn/tensor.h"

struct nn_program;
struct nn_weights;

enum { NONE = -1 };

// One step on its way: which operators it swallowed and which maps it touches.
struct nn_draft {
    const struct nn_op *root;
    const struct nn_op *norm; // folded in, or NULL
    int residual, partner;    // maps, or NONE
    bool partner_first, relu;
    int output; // the map that is written in the end
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
    bool is_output; // a result of the network
};

struct nn_compiler {
    const struct nn_op *ops;
    const struct nn_map *maps;
    int op_count, map_count;
    struct nn_map_state *states; // one per map
    struct nn_draft *drafts;     // at most one per operator
    int draft_count;
    struct nn_span *spans;
    int span_count;
    struct nn_program *program;
    int tap_count;
};

// First pass (fuse.c): decides which operators become steps of their own and
// what each step takes in, and which maps are views of others.
void nn_compiler_fuse(struct nn_compiler *compiler);

// The map whose memory this one is a view of; itself, if none.
int nn_compiler_owner(const struct nn_compiler *compiler, int map);

// Third pass (types.c): the type of every map, once it is known what is a view
// of what. ranges gives the largest value of each step's output.
void nn_compiler_set_types(struct nn_compiler *compiler, enum nn_precision precision,
                           const struct nn_weights *ranges);
