#include "nn/graph.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/weights.h"

enum { OPS_MAX = 1024, BLOCKS_MAX = 256, SCOPES_MAX = 8, MAP_EDGE_MAX = 4096 };

struct nn_graph {
    struct nn_weights *weights; // borrowed
    struct nn_op ops[OPS_MAX];
    struct nn_map maps[OPS_MAX + 1]; // every operator makes one
    struct nn_block blocks[BLOCKS_MAX];
    int outputs[NN_OUTPUTS_MAX];
    int op_count, map_count, block_count, output_count;
    char scope[96];
    size_t scope_ends[SCOPES_MAX]; // length of scope before each open one
    int scope_count;
    bool failed;
    struct mc_error error;
};

static int fail(struct nn_graph *graph, const char *format, ...) MC_PRINTF(2, 3);

static int fail(struct nn_graph *graph, const char *format, ...)
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
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "input of %dx%d: wants edges of 1 to %d pixels",
                     width, height, MAP_EDGE_MAX);
        return NULL;
    }
    struct nn_graph *graph = calloc(1, sizeof *graph);
    if (graph == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the graph");
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
        fail(graph, "scopes are nested more than %d deep", SCOPES_MAX);
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
        return fail(graph, "no scope is open");
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

static const float *get(struct nn_graph *graph, const char *name, const char *suffix,
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

// Appends an operator with one output of the given shape.
static struct nn_op *append(struct nn_graph *graph, enum nn_op_kind kind, const char *name,
                            int height, int width, int channels)
{
    if (!graph->failed && graph->op_count == OPS_MAX) {
        fail(graph, "more than %d operators", OPS_MAX);
    }
    if (!graph->failed && (height < 1 || width < 1 || channels < 1)) {
        fail(graph, "%s: makes an empty map of %dx%dx%d", name, width, height, channels);
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

// Appends an operator with the shape of its input.
static struct nn_op *append_like(struct nn_graph *graph, enum nn_op_kind kind, const char *name,
                                 int map)
{
    struct nn_map shape = graph->maps[map];
    struct nn_op *op = append(graph, kind, name, shape.height, shape.width, shape.channels);
    if (op != NULL) {
        op->inputs[0] = map;
        op->input_count = 1;
    }
    return op;
}

static int output_of(const struct nn_op *op)
{
    return op == NULL ? 0 : op->output;
}

static int window_size(int size, int kernel, int stride, int padding, int dilation)
{
    int span = dilation * (kernel - 1) + 1;
    return size + 2 * padding < span ? 0 : (size + 2 * padding - span) / stride + 1;
}

int nn_graph_conv(struct nn_graph *graph, int map, const char *name, int channels,
                  struct nn_window window, bool biased)
{
    struct nn_map in = graph->maps[map];
    const int filter_dims[] = { channels, in.channels, window.kernel_height, window.kernel_width };
    const float *filter = get(graph, name, ".weight", filter_dims, 4);
    const float *bias = biased ? get(graph, name, ".bias", &channels, 1) : NULL;
    struct nn_op *op = append(graph, NN_OP_CONV, name,
                              window_size(in.height, window.kernel_height, window.stride,
                                          window.padding_y, window.dilation_y),
                              window_size(in.width, window.kernel_width, window.stride,
                                          window.padding_x, window.dilation_x),
                              channels);
    if (op != NULL) {
        op->inputs[0] = map;
        op->input_count = 1;
        op->window = window;
        op->filter = filter;
        op->bias = bias;
    }
    return output_of(op);
}

int nn_graph_batch_norm(struct nn_graph *graph, int map, const char *name, float epsilon, int first,
                        int total)
{
    int channels = graph->maps[map].channels;
    const float *gamma = get(graph, name, ".weight", &total, 1);
    const float *beta = get(graph, name, ".bias", &total, 1);
    const float *mean = get(graph, name, ".running_mean", &total, 1);
    const float *variance = get(graph, name, ".running_var", &total, 1);
    if (!graph->failed && (first < 0 || first + channels > total)) {
        return fail(graph, "%s: channels %d to %d of a norm of %d", name, first, first + channels,
                    total);
    }
    struct nn_op *op = append_like(graph, NN_OP_BATCH_NORM, name, map);
    if (op == NULL) {
        return 0;
    }
    op->scale = malloc((size_t)channels * sizeof *op->scale);
    op->shift = malloc((size_t)channels * sizeof *op->shift);
    if (op->scale == NULL || op->shift == NULL) {
        return fail(graph, "%s: no memory", name);
    }
    for (int i = 0; i < channels; i++) {
        int c = first + i;
        if (variance[c] + epsilon <= 0) {
            return fail(graph, "%s.running_var: wants no negative number, has %g", name,
                        (double)variance[c]);
        }
        // In double, so that folding adds no error of its own.
        double scale = gamma[c] / sqrt((double)variance[c] + (double)epsilon);
        op->scale[i] = (float)scale;
        op->shift[i] = (float)(beta[c] - mean[c] * scale);
    }
    return op->output;
}

int nn_graph_relu(struct nn_graph *graph, int map)
{
    return output_of(append_like(graph, NN_OP_RELU, "relu", map));
}

static bool same_shape(struct nn_map a, struct nn_map b)
{
    return a.height == b.height && a.width == b.width && a.channels == b.channels;
}

int nn_graph_add(struct nn_graph *graph, int a, int b)
{
    if (!same_shape(graph->maps[a], graph->maps[b])) {
        return fail(graph, "add: the two maps differ in shape");
    }
    struct nn_op *op = append_like(graph, NN_OP_ADD, "add", a);
    if (op != NULL) {
        op->inputs[op->input_count++] = b;
    }
    return output_of(op);
}

int nn_graph_scale(struct nn_graph *graph, int map, int factor)
{
    struct nn_map shape = graph->maps[map];
    shape.channels = 1;
    if (!same_shape(graph->maps[factor], shape)) {
        return fail(graph, "scale: wants a factor of one channel and the map's size");
    }
    struct nn_op *op = append_like(graph, NN_OP_SCALE, "scale", map);
    if (op != NULL) {
        op->inputs[op->input_count++] = factor;
    }
    return output_of(op);
}

int nn_graph_max_pool(struct nn_graph *graph, int map, int size)
{
    struct nn_map in = graph->maps[map];
    struct nn_op *op =
        append(graph, NN_OP_MAX_POOL, "pool", in.height / size, in.width / size, in.channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
        op->window = (struct nn_window){ size, size, size, 0, 0, 1, 1 };
    }
    return output_of(op);
}

int nn_graph_global_pool(struct nn_graph *graph, int map)
{
    struct nn_op *op =
        append(graph, NN_OP_GLOBAL_POOL, "global_pool", 1, 1, graph->maps[map].channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
    }
    return output_of(op);
}

int nn_graph_bilinear(struct nn_graph *graph, int map, int height, int width)
{
    if (height > MAP_EDGE_MAX || width > MAP_EDGE_MAX) {
        return fail(graph, "resize to %dx%d: wants at most %d", width, height, MAP_EDGE_MAX);
    }
    struct nn_op *op =
        append(graph, NN_OP_BILINEAR, "resize", height, width, graph->maps[map].channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
    }
    return output_of(op);
}

int nn_graph_slice(struct nn_graph *graph, int map, int first, int channels)
{
    struct nn_map in = graph->maps[map];
    if (first < 0 || channels < 1 || first + channels > in.channels) {
        return fail(graph, "slice: channels %d to %d of %d", first, first + channels, in.channels);
    }
    struct nn_op *op = append(graph, NN_OP_SLICE, "slice", in.height, in.width, channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
        op->first = first;
    }
    return output_of(op);
}

// Concat and shuffle: two maps of one size to one of all their channels.
static int join(struct nn_graph *graph, enum nn_op_kind kind, const char *name, int a, int b)
{
    struct nn_map left = graph->maps[a], right = graph->maps[b];
    if (left.height != right.height || left.width != right.width) {
        return fail(graph, "%s: maps of %dx%d and %dx%d pixels", name, left.width, left.height,
                    right.width, right.height);
    }
    struct nn_op *op =
        append(graph, kind, name, left.height, left.width, left.channels + right.channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = a;
        op->inputs[op->input_count++] = b;
    }
    return output_of(op);
}

int nn_graph_concat(struct nn_graph *graph, int a, int b)
{
    return join(graph, NN_OP_CONCAT, "concat", a, b);
}

int nn_graph_shuffle(struct nn_graph *graph, int a, int b)
{
    if (graph->maps[a].channels != graph->maps[b].channels) {
        return fail(graph, "shuffle: wants two maps of as many channels");
    }
    return join(graph, NN_OP_SHUFFLE, "shuffle", a, b);
}

void nn_graph_output(struct nn_graph *graph, int map)
{
    if (graph->output_count == NN_OUTPUTS_MAX) {
        fail(graph, "more than %d results", NN_OUTPUTS_MAX);
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
