#include "nn/networks/blocks.h"

#include "nn/graph/graph.h"

static int channels_of(const struct nn_graph *graph, int map)
{
    return nn_graph_map(graph, map).channels;
}

int nn_block_down(struct nn_graph *graph, int map, int channels, float epsilon)
{
    int pooled = channels_of(graph, map), convolved = channels - pooled;
    const struct nn_window window = { 3, 3, 2, 1, 1, 1, 1 };
    if (convolved <= 0) { // no room for the pool
        int narrow = nn_graph_conv(graph, map, "conv", channels, window, true);
        return nn_graph_relu(graph, nn_graph_batch_norm(graph, narrow, "bn", epsilon, 0, channels));
    }
    // Norm and ReLU after the concat work per channel, so each branch applies its own part.
    int conv = nn_graph_conv(graph, map, "conv", convolved, window, true);
    conv = nn_graph_relu(graph, nn_graph_batch_norm(graph, conv, "bn", epsilon, 0, channels));
    int pool = nn_graph_max_pool(graph, map, 2, 2, 0);
    pool =
        nn_graph_relu(graph, nn_graph_batch_norm(graph, pool, "bn", epsilon, convolved, channels));
    return nn_graph_concat(graph, conv, pool);
}

int nn_block_up(struct nn_graph *graph, int map, int channels, float epsilon)
{
    map = nn_graph_transposed(graph, map, "conv", channels, 3, true);
    return nn_graph_relu(graph, nn_graph_batch_norm(graph, map, "bn", epsilon, 0, channels));
}

int nn_block_asymmetric(struct nn_graph *graph, int map, struct nn_pair pair)
{
    const int channels = channels_of(graph, map);
    const int padding = (pair.kernel - 1) / 2 * pair.dilation;
    const struct nn_window vertical = { pair.kernel, 1, 1, padding, 0, pair.dilation, 1 };
    const struct nn_window horizontal = { 1, pair.kernel, 1, 0, padding, 1, pair.dilation };
    map = pair.mirrored ? nn_graph_conv(graph, map, "h", channels, horizontal, true)
                        : nn_graph_conv(graph, map, "v", channels, vertical, true);
    map = pair.linear ? map : nn_graph_relu(graph, map);
    return pair.mirrored ? nn_graph_conv(graph, map, "v", channels, vertical, true)
                         : nn_graph_conv(graph, map, "h", channels, horizontal, true);
}

int nn_block_pair(struct nn_graph *graph, int map, const char *name, struct nn_pair pair,
                  float epsilon)
{
    const int channels = channels_of(graph, map);
    nn_graph_scope_open(graph, "%s", name);
    map = nn_block_asymmetric(graph, map, pair);
    map = nn_graph_batch_norm(graph, map, "bn", epsilon, 0, channels);
    return nn_graph_scope_close(graph, map);
}

int nn_block_res1d(struct nn_graph *graph, int map, int kernel, int dilation, float epsilon)
{
    const struct nn_pair first = { .kernel = kernel, .dilation = 1 };
    const struct nn_pair second = { .kernel = kernel, .dilation = dilation };
    int y = nn_graph_relu(graph, nn_block_pair(graph, map, "a", first, epsilon));
    y = nn_block_pair(graph, y, "b", second, epsilon);
    return nn_graph_relu(graph, nn_graph_add(graph, y, map));
}

int nn_block_parallel(struct nn_graph *graph, int map, const int dilations[3], float epsilon)
{
    const int channels = channels_of(graph, map);
    const struct nn_pair first = { .kernel = 3, .dilation = 1 };
    const int y = nn_graph_relu(graph, nn_block_pair(graph, map, "a", first, epsilon));
    int sum = map;
    for (int i = 0; i < 3; i++) {
        const struct nn_pair pair = { .kernel = 3, .dilation = dilations[i] };
        nn_graph_scope_open(graph, "br.%d", i);
        int branch = nn_graph_scope_close(graph, nn_block_asymmetric(graph, y, pair));
        branch = nn_graph_batch_norm(graph, branch, "bn", epsilon, 0, channels);
        sum = nn_graph_add(graph, sum, branch);
    }
    return nn_graph_relu(graph, sum);
}

int nn_block_split_shuffle(struct nn_graph *graph, int map, int dilation, float epsilon)
{
    int half = channels_of(graph, map) / 2;
    int halves[2] = { nn_graph_slice(graph, map, 0, half), nn_graph_slice(graph, map, half, half) };
    static const char *const names[2][2] = { { "la", "lb" }, { "ra", "rb" } };
    for (int i = 0; i < 2; i++) {
        const struct nn_pair first = { .kernel = 3, .dilation = 1, .mirrored = i == 1 };
        const struct nn_pair second = { .kernel = 3, .dilation = dilation, .mirrored = i == 1 };
        int y = nn_graph_relu(graph, nn_block_pair(graph, halves[i], names[i][0], first, epsilon));
        y = nn_block_pair(graph, y, names[i][1], second, epsilon);
        halves[i] = nn_graph_relu(graph, nn_graph_add(graph, y, halves[i]));
    }
    return nn_graph_shuffle(graph, halves[0], halves[1]);
}

int nn_block_dense(struct nn_graph *graph, int map, int growth, int dilation, float epsilon)
{
    const struct nn_pair first = { .kernel = 3, .dilation = 1, .linear = true };
    const struct nn_pair second = { .kernel = 3, .dilation = dilation, .linear = true };
    int y =
        nn_graph_conv(graph, map, "pw", growth, (struct nn_window){ 1, 1, 1, 0, 0, 1, 1 }, true);
    y = nn_graph_relu(graph, nn_graph_batch_norm(graph, y, "bn0", epsilon, 0, growth));
    y = nn_graph_relu(graph, nn_block_pair(graph, y, "a", first, epsilon));
    y = nn_graph_relu(graph, nn_block_pair(graph, y, "b", second, epsilon));
    return nn_graph_concat(graph, y, map);
}

int nn_block_conv_bn(struct nn_graph *graph, int map, const char *name, int channels, int kernel,
                     int stride, float epsilon)
{
    const int padding = kernel / 2;
    nn_graph_scope_open(graph, "%s", name);
    map = nn_graph_conv(graph, map, "conv", channels,
                        (struct nn_window){ kernel, kernel, stride, padding, padding, 1, 1 }, true);
    map = nn_graph_batch_norm(graph, map, "bn", epsilon, 0, channels);
    return nn_graph_scope_close(graph, map);
}

int nn_block_conv_bn_relu(struct nn_graph *graph, int map, const char *name, int channels,
                          int kernel, int stride, float epsilon)
{
    return nn_graph_relu(graph,
                         nn_block_conv_bn(graph, map, name, channels, kernel, stride, epsilon));
}

int nn_block_depthwise(struct nn_graph *graph, int map, const char *name, int kernel_height,
                       int kernel_width, int stride, int dilation, float epsilon)
{
    const int channels = channels_of(graph, map);
    const struct nn_window window = {
        kernel_height,
        kernel_width,
        stride,
        kernel_height / 2 * dilation,
        kernel_width / 2 * dilation,
        dilation,
        dilation,
    };
    nn_graph_scope_open(graph, "%s", name);
    map = nn_graph_depthwise(graph, map, "conv", window, true);
    map = nn_graph_batch_norm(graph, map, "bn", epsilon, 0, channels);
    return nn_graph_scope_close(graph, map);
}

int nn_block_squeeze(struct nn_graph *graph, int map, const char *name, int channels)
{
    const struct nn_map shape = nn_graph_map(graph, map);
    const struct nn_window pixel = { 1, 1, 1, 0, 0, 1, 1 };
    nn_graph_scope_open(graph, "%s", name);
    int y = nn_graph_conv(graph, nn_graph_global_pool(graph, map), "a", channels, pixel, true);
    y = nn_graph_conv(graph, nn_graph_relu(graph, y), "b", shape.channels, pixel, true);
    y = nn_graph_bilinear(graph, nn_graph_sigmoid(graph, y), shape.height, shape.width);
    return nn_graph_scope_close(graph, nn_graph_multiply(graph, map, y));
}
