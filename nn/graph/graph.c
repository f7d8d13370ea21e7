#include "nn/graph/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/graph/graph_internal.h"
#include "nn/graph/weights.h"

int nn_graph_fail(struct nn_graph *graph, const char *format, ...)
{
    if (!graph->failed) {
        char cause[160];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(cause, sizeof cause, format, arguments);
        va_end(arguments);
        mc_error_set(&graph->error, MC_ERROR_ARGUMENT, 0, "%s: %s", graph->scope, cause);
        graph->failed = true;
    }
    return 0;
}

struct nn_graph *nn_graph_create(struct nn_weights *weights, int height, int width, int channels,
                                 struct mc_error *err)
{
    if (height < 1 || width < 1 || height > MAP_EDGE_MAX || width > MAP_EDGE_MAX || channels < 1) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "input: edges must be 1 to %d pixels, got %dx%d",
                     MAP_EDGE_MAX, width, height);
        return NULL;
    }
    struct nn_graph *graph = calloc(1, sizeof *graph);
    if (graph == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the graph");
        return NULL;
    }
    graph->weights = weights;
    graph->maps[0] = (struct nn_map){ height, width, channels, -1 };
    graph->map_count = 1;
    return graph;
}

void nn_graph_destroy(struct nn_graph *graph)
{
    if (graph == NULL) {
        return;
    }
    for (int i = 0; i < graph->op_count; i++) {
        free(graph->ops[i].scale);
        free(graph->ops[i].shift);
    }
    free(graph);
}

void nn_graph_scope_open(struct nn_graph *graph, const char *format, ...)
{
    size_t length = strlen(graph->scope);
    if (graph->scope_count == SCOPES_MAX) {
        nn_graph_fail(graph, "scopes: must be at most %d deep", SCOPES_MAX);
        return;
    }
    graph->scope_ends[graph->scope_count++] = length;
    if (length > 0) {
        length += (size_t)snprintf(graph->scope + length, sizeof graph->scope - length, ".");
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(graph->scope + length, sizeof graph->scope - length, format, arguments);
    va_end(arguments);
}

int nn_graph_scope_close(struct nn_graph *graph, int map)
{
    if (graph->scope_count == 0) {
        return nn_graph_fail(graph, "no scope is open");
    }
    if (graph->scope_count == 1 && graph->block_count < BLOCKS_MAX) {
        struct nn_block *block = &graph->blocks[graph->block_count++];
        memcpy(block->name, graph->scope, sizeof block->name);
        block->map = map;
    }
    graph->scope[graph->scope_ends[--graph->scope_count]] = '\0';
    return map;
}

// "<scope>.<name><suffix>"
static void write_name(const struct nn_graph *graph, char *text, size_t size, const char *name,
                       const char *suffix)
{
    snprintf(text, size, "%s%s%s%s", graph->scope, graph->scope[0] == '\0' ? "" : ".", name,
             suffix);
}

const float *nn_graph_get(struct nn_graph *graph, const char *name, const char *suffix,
                          const int *dims, int rank)
{
    if (graph->failed) {
        return NULL;
    }
    char full[NN_WEIGHT_NAME_BYTES];
    write_name(graph, full, sizeof full, name, suffix);
    const struct nn_weight *weight =
        nn_weights_get(graph->weights, full, dims, rank, &graph->error);
    if (weight == NULL) {
        graph->failed = true;
        return NULL;
    }
    return weight->data;
}

struct nn_op *nn_graph_append(struct nn_graph *graph, enum nn_op_kind kind, const char *name,
                              int height, int width, int channels)
{
    if (!graph->failed && graph->op_count == OPS_MAX) {
        nn_graph_fail(graph, "operators: must be at most %d", OPS_MAX);
    }
    if (!graph->failed && (height < 1 || width < 1 || channels < 1)) {
        nn_graph_fail(graph, "%s: output must not be empty, got %dx%dx%d", name, width, height,
                      channels);
    }
    if (graph->failed) {
        return NULL;
    }
    struct nn_op *op = &graph->ops[graph->op_count];
    *op = (struct nn_op){ .kind = kind, .output = graph->map_count };
    write_name(graph, op->name, sizeof op->name, name, "");
    graph->maps[graph->map_count++] = (struct nn_map){ height, width, channels, graph->op_count };
    graph->op_count++;
    return op;
}

struct nn_op *nn_graph_append_like(struct nn_graph *graph, enum nn_op_kind kind, const char *name,
                                   int map)
{
    struct nn_map shape = graph->maps[map];
    struct nn_op *op =
        nn_graph_append(graph, kind, name, shape.height, shape.width, shape.channels);
    if (op != NULL) {
        op->inputs[0] = map;
        op->input_count = 1;
    }
    return op;
}

void nn_graph_output(struct nn_graph *graph, int map)
{
    if (graph->output_count == NN_OUTPUTS_MAX) {
        nn_graph_fail(graph, "results: must be at most %d", NN_OUTPUTS_MAX);
        return;
    }
    graph->outputs[graph->output_count++] = map;
}

bool nn_graph_check(const struct nn_graph *graph, struct mc_error *err)
{
    if (graph->failed && err != NULL) {
        *err = graph->error;
    }
    return !graph->failed;
}

struct nn_map nn_graph_map(const struct nn_graph *graph, int map)
{
    return graph->maps[map];
}

uint64_t nn_graph_macs(const struct nn_graph *graph)
{
    uint64_t macs = 0;
    for (int i = 0; i < graph->op_count; i++) {
        const struct nn_op *op = &graph->ops[i];
        if (op->filter == NULL) {
            continue;
        }
        // A transposed convolution multiplies per input pixel, the others per output pixel.
        const struct nn_map in = graph->maps[op->inputs[0]], out = graph->maps[op->output];
        const struct nn_map size = op->kind == NN_OP_TRANSPOSED ? in : out;
        macs += (uint64_t)size.height * (uint64_t)size.width *
                (uint64_t)(op->window.kernel_height * op->window.kernel_width) *
                (uint64_t)out.channels * (op->kind == NN_OP_DEPTHWISE ? 1 : (uint64_t)in.channels);
    }
    return macs;
}

const struct nn_op *nn_graph_ops(const struct nn_graph *graph, int *count)
{
    *count = graph->op_count;
    return graph->ops;
}

const struct nn_map *nn_graph_maps(const struct nn_graph *graph, int *count)
{
    *count = graph->map_count;
    return graph->maps;
}

const struct nn_block *nn_graph_blocks(const struct nn_graph *graph, int *count)
{
    *count = graph->block_count;
    return graph->blocks;
}

const int *nn_graph_outputs(const struct nn_graph *graph, int *count)
{
    *count = graph->output_count;
    return graph->outputs;
}
