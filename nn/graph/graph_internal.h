// The fields of nn_graph, and what its builders share. Private to this folder.
#pragma once

#include <stddef.h>

#include "nn/graph/graph.h"

enum { OPS_MAX = 1024, BLOCKS_MAX = 256, SCOPES_MAX = 8, MAP_EDGE_MAX = 4096 };

struct nn_graph {
    struct nn_weights *weights; // borrowed
    struct nn_op ops[OPS_MAX];
    struct nn_map maps[OPS_MAX + 1]; // each operator writes one
    struct nn_block blocks[BLOCKS_MAX];
    int outputs[NN_OUTPUTS_MAX];
    int op_count, map_count, block_count, output_count;
    char scope[96];
    size_t scope_ends[SCOPES_MAX]; // the length of scope before each open one
    int scope_count;
    bool failed;
    struct mc_error error; // the first failure
};

// Records the first failure; later ones follow from it and are ignored. Returns map 0.
int nn_graph_fail(struct nn_graph *graph, const char *format, ...) MC_PRINTF(2, 3);

// The numbers of the tensor "<scope>.<name><suffix>", which must have this shape. NULL after a
// failure, now or earlier.
const float *nn_graph_get(struct nn_graph *graph, const char *name, const char *suffix,
                          const int *dims, int rank);

// Appends an operator whose output has the given shape, or, with append_like, the shape of
// map, which becomes its first input. NULL after a failure, now or earlier.
struct nn_op *nn_graph_append(struct nn_graph *graph, enum nn_op_kind kind, const char *name,
                              int height, int width, int channels);
struct nn_op *nn_graph_append_like(struct nn_graph *graph, enum nn_op_kind kind, const char *name,
                                   int map);

// The operator's output; map 0 for NULL.
static inline int nn_graph_output_of(const struct nn_op *op)
{
    return op == NULL ? 0 : op->output;
}
