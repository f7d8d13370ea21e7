// The builder functions: each checks its inputs and derives the shape of its output.
#include <math.h>
#include <stdlib.h>

#include "nn/graph/graph_internal.h"
#include "nn/kernels/antialias.h"

static int window_size(int size, int kernel, int stride, int padding, int dilation)
{
    int span = dilation * (kernel - 1) + 1;
    return size + 2 * padding < span ? 0 : (size + 2 * padding - span) / stride + 1;
}

// Appends a convolution with a window.
static int append_conv(struct nn_graph *graph, enum nn_op_kind kind, int map, const char *name,
                       int channels, struct nn_window window, const float *filter,
                       const float *bias)
{
    struct nn_map in = graph->maps[map];
    struct nn_op *op = nn_graph_append(graph, kind, name,
                                       window_size(in.height, window.kernel_height, window.stride,
                                                   window.padding_y, window.dilation_y),
                                       window_size(in.width, window.kernel_width, window.stride,
                                                   window.padding_x, window.dilation_x),
                                       channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
        op->window = window;
        op->filter = filter;
        op->bias = bias;
    }
    return nn_graph_output_of(op);
}

int nn_graph_conv(struct nn_graph *graph, int map, const char *name, int channels,
                  struct nn_window window, bool biased)
{
    const int filter_dims[] = { channels, graph->maps[map].channels, window.kernel_height,
                                window.kernel_width };
    const float *filter = nn_graph_get(graph, name, ".weight", filter_dims, 4);
    const float *bias = biased ? nn_graph_get(graph, name, ".bias", &channels, 1) : NULL;
    return append_conv(graph, NN_OP_CONV, map, name, channels, window, filter, bias);
}

int nn_graph_depthwise(struct nn_graph *graph, int map, const char *name, struct nn_window window,
                       bool biased)
{
    const int channels = graph->maps[map].channels;
    const int filter_dims[] = { channels, 1, window.kernel_height, window.kernel_width };
    const float *filter = nn_graph_get(graph, name, ".weight", filter_dims, 4);
    const float *bias = biased ? nn_graph_get(graph, name, ".bias", &channels, 1) : NULL;
    return append_conv(graph, NN_OP_DEPTHWISE, map, name, channels, window, filter, bias);
}

int nn_graph_transposed(struct nn_graph *graph, int map, const char *name, int channels, int kernel,
                        bool biased)
{
    struct nn_map in = graph->maps[map];
    const int filter_dims[] = { in.channels, channels, kernel, kernel };
    if (kernel != 2 && kernel != 3) {
        return nn_graph_fail(graph, "%s: kernel size must be 2 or 3, got %d", name, kernel);
    }
    const float *filter = nn_graph_get(graph, name, ".weight", filter_dims, 4);
    const float *bias = biased ? nn_graph_get(graph, name, ".bias", &channels, 1) : NULL;
    struct nn_op *op =
        nn_graph_append(graph, NN_OP_TRANSPOSED, name, 2 * in.height, 2 * in.width, channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
        op->window = (struct nn_window){ kernel, kernel, 2, kernel - 2, kernel - 2, 1, 1 };
        op->filter = filter;
        op->bias = bias;
    }
    return nn_graph_output_of(op);
}

int nn_graph_batch_norm(struct nn_graph *graph, int map, const char *name, float epsilon, int first,
                        int total)
{
    int channels = graph->maps[map].channels;
    const float *gamma = nn_graph_get(graph, name, ".weight", &total, 1);
    const float *beta = nn_graph_get(graph, name, ".bias", &total, 1);
    const float *mean = nn_graph_get(graph, name, ".running_mean", &total, 1);
    const float *variance = nn_graph_get(graph, name, ".running_var", &total, 1);
    if (!graph->failed && (first < 0 || first + channels > total)) {
        return nn_graph_fail(graph, "%s: channels must be within the norm's %d, got %d to %d", name,
                             total, first, first + channels);
    }
    struct nn_op *op = nn_graph_append_like(graph, NN_OP_BATCH_NORM, name, map);
    if (op == NULL) {
        return 0;
    }
    op->scale = malloc((size_t)channels * sizeof *op->scale);
    op->shift = malloc((size_t)channels * sizeof *op->shift);
    if (op->scale == NULL || op->shift == NULL) {
        return nn_graph_fail(graph, "%s: out of memory", name);
    }
    for (int i = 0; i < channels; i++) {
        int c = first + i;
        if (variance[c] + epsilon <= 0) {
            return nn_graph_fail(graph, "%s.running_var: must not be negative, got %g", name,
                                 (double)variance[c]);
        }
        // In double precision, so that folding adds no rounding error of its own.
        double scale = gamma[c] / sqrt((double)variance[c] + (double)epsilon);
        op->scale[i] = (float)scale;
        op->shift[i] = (float)(beta[c] - mean[c] * scale);
    }
    return op->output;
}

int nn_graph_relu(struct nn_graph *graph, int map)
{
    return nn_graph_output_of(nn_graph_append_like(graph, NN_OP_RELU, "relu", map));
}

int nn_graph_prelu(struct nn_graph *graph, int map, const char *name, int first, int total)
{
    const int channels = graph->maps[map].channels;
    const float *slope = nn_graph_get(graph, name, ".weight", &total, 1);
    if (!graph->failed && total != 1 && (first < 0 || first + channels > total)) {
        return nn_graph_fail(graph, "%s: channels must be within the %d slopes, got %d to %d", name,
                             total, first, first + channels);
    }
    struct nn_op *op = nn_graph_append_like(graph, NN_OP_PRELU, name, map);
    if (op == NULL) {
        return 0;
    }
    op->scale = malloc((size_t)channels * sizeof *op->scale);
    if (op->scale == NULL) {
        return nn_graph_fail(graph, "%s: out of memory", name);
    }
    for (int i = 0; i < channels; i++) {
        op->scale[i] = slope[total == 1 ? 0 : first + i];
    }
    return op->output;
}

int nn_graph_sigmoid(struct nn_graph *graph, int map)
{
    return nn_graph_output_of(nn_graph_append_like(graph, NN_OP_SIGMOID, "sigmoid", map));
}

static bool same_shape(struct nn_map a, struct nn_map b)
{
    return a.height == b.height && a.width == b.width && a.channels == b.channels;
}

// Appends an operator on two maps, whose output has the shape of the first.
static int append_binary(struct nn_graph *graph, enum nn_op_kind kind, const char *name, int first,
                         int second)
{
    struct nn_op *op = nn_graph_append_like(graph, kind, name, first);
    if (op != NULL) {
        op->inputs[op->input_count++] = second;
    }
    return nn_graph_output_of(op);
}

int nn_graph_add(struct nn_graph *graph, int a, int b)
{
    struct nn_map shape = graph->maps[a], added = graph->maps[b];
    if (added.channels > shape.channels) {
        return nn_graph_fail(graph,
                             "add: the second map must not have more channels than the first");
    }
    added.channels = shape.channels;
    if (!same_shape(shape, added)) {
        return nn_graph_fail(graph, "add: maps must have the same size");
    }
    return append_binary(graph, NN_OP_ADD, "add", a, b);
}

int nn_graph_multiply(struct nn_graph *graph, int a, int b)
{
    if (!same_shape(graph->maps[a], graph->maps[b])) {
        return nn_graph_fail(graph, "multiply: maps must have the same shape");
    }
    return append_binary(graph, NN_OP_MULTIPLY, "multiply", a, b);
}

int nn_graph_scale(struct nn_graph *graph, int map, int factor)
{
    struct nn_map shape = graph->maps[map];
    shape.channels = 1;
    if (!same_shape(graph->maps[factor], shape)) {
        return nn_graph_fail(graph, "scale: the factor must have one channel and the map's size");
    }
    return append_binary(graph, NN_OP_SCALE, "scale", map, factor);
}

static int pool(struct nn_graph *graph, enum nn_op_kind kind, const char *name, int map,
                struct nn_window window)
{
    struct nn_map in = graph->maps[map];
    struct nn_op *op = nn_graph_append(
        graph, kind, name,
        window_size(in.height, window.kernel_height, window.stride, window.padding_y, 1),
        window_size(in.width, window.kernel_width, window.stride, window.padding_x, 1),
        in.channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
        op->window = window;
    }
    return nn_graph_output_of(op);
}

int nn_graph_max_pool(struct nn_graph *graph, int map, int kernel, int stride, int padding)
{
    return pool(graph, NN_OP_MAX_POOL, "pool", map,
                (struct nn_window){ kernel, kernel, stride, padding, padding, 1, 1 });
}

int nn_graph_average_pool(struct nn_graph *graph, int map, int size)
{
    return pool(graph, NN_OP_AVERAGE_POOL, "average", map,
                (struct nn_window){ size, size, size, 0, 0, 1, 1 });
}

int nn_graph_pool_index(struct nn_graph *graph, int map)
{
    return pool(graph, NN_OP_POOL_INDEX, "index", map, (struct nn_window){ 2, 2, 2, 0, 0, 1, 1 });
}

int nn_graph_unpool(struct nn_graph *graph, int map, int index)
{
    struct nn_map shape = graph->maps[map];
    if (!same_shape(shape, graph->maps[index])) {
        return nn_graph_fail(graph, "unpool: map and index must have the same shape");
    }
    struct nn_op *op = nn_graph_append(graph, NN_OP_UNPOOL, "unpool", 2 * shape.height,
                                       2 * shape.width, shape.channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
        op->inputs[op->input_count++] = index;
    }
    return nn_graph_output_of(op);
}

int nn_graph_antialias(struct nn_graph *graph, int map, int factor)
{
    if (factor < 2 || factor > NN_ANTIALIAS_FACTOR_MAX) {
        return nn_graph_fail(graph, "antialias: factor must be 2 to %d, got %d",
                             NN_ANTIALIAS_FACTOR_MAX, factor);
    }
    return pool(graph, NN_OP_ANTIALIAS, "antialias", map,
                (struct nn_window){ 1, 1, factor, 0, 0, 1, 1 });
}

int nn_graph_nearest(struct nn_graph *graph, int map)
{
    struct nn_map in = graph->maps[map];
    struct nn_op *op =
        nn_graph_append(graph, NN_OP_NEAREST, "nearest", 2 * in.height, 2 * in.width, in.channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
    }
    return nn_graph_output_of(op);
}

int nn_graph_global_pool(struct nn_graph *graph, int map)
{
    struct nn_op *op =
        nn_graph_append(graph, NN_OP_GLOBAL_POOL, "global_pool", 1, 1, graph->maps[map].channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
    }
    return nn_graph_output_of(op);
}

int nn_graph_bilinear(struct nn_graph *graph, int map, int height, int width)
{
    if (height > MAP_EDGE_MAX || width > MAP_EDGE_MAX) {
        return nn_graph_fail(graph, "resize: edges must be at most %d, got %dx%d", MAP_EDGE_MAX,
                             width, height);
    }
    struct nn_op *op =
        nn_graph_append(graph, NN_OP_BILINEAR, "resize", height, width, graph->maps[map].channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
    }
    return nn_graph_output_of(op);
}

int nn_graph_slice(struct nn_graph *graph, int map, int first, int channels)
{
    struct nn_map in = graph->maps[map];
    if (first < 0 || channels < 1 || first + channels > in.channels) {
        return nn_graph_fail(graph, "slice: channels must be within the map's %d, got %d to %d",
                             in.channels, first, first + channels);
    }
    struct nn_op *op = nn_graph_append(graph, NN_OP_SLICE, "slice", in.height, in.width, channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = map;
        op->first = first;
    }
    return nn_graph_output_of(op);
}

// Concat and shuffle: two maps of the same size become one with the channels of both.
static int join(struct nn_graph *graph, enum nn_op_kind kind, const char *name, int a, int b)
{
    struct nn_map left = graph->maps[a], right = graph->maps[b];
    if (left.height != right.height || left.width != right.width) {
        return nn_graph_fail(graph, "%s: maps must have the same size, got %dx%d and %dx%d", name,
                             left.width, left.height, right.width, right.height);
    }
    struct nn_op *op =
        nn_graph_append(graph, kind, name, left.height, left.width, left.channels + right.channels);
    if (op != NULL) {
        op->inputs[op->input_count++] = a;
        op->inputs[op->input_count++] = b;
    }
    return nn_graph_output_of(op);
}

int nn_graph_concat(struct nn_graph *graph, int a, int b)
{
    return join(graph, NN_OP_CONCAT, "concat", a, b);
}

int nn_graph_shuffle(struct nn_graph *graph, int a, int b)
{
    if (graph->maps[a].channels != graph->maps[b].channels) {
        return nn_graph_fail(graph, "shuffle: maps must have the same number of channels");
    }
    return join(graph, NN_OP_SHUFFLE, "shuffle", a, b);
}
