#include "nn/blocks.h"

#include <stdbool.h>

#include "nn/graph.h"

// The builder does not lend maps while it builds, so shapes are asked for each time.
static int channels_of(const struct nn_graph *graph, int map)
{
    int count;
    return nn_graph_maps(graph, &count)[map].channels;
}

int nn_block_down(struct nn_graph *graph, int map, int channels, float epsilon)
{
    int pooled = channels_of(graph, map), convolved = channels - pooled;
    const struct nn_window window = { 3, 3, 2, 1, 1, 1, 1 };
    if (convolved <= 0) { // narrowing: no pool branch
        int narrow = nn_graph_conv(graph, map, "conv", channels, window, true);
        return nn_graph_relu(graph, nn_graph_batch_norm(graph, narrow, "bn", epsilon, 0, channels));
    }
    // The norm and the ReLU behind the concat work channel by channel, so each
    // branch does its own part of them.
    int conv = nn_graph_conv(graph, map, "conv", convolved, window, true);
    conv = nn_graph_relu(graph, nn_graph_batch_norm(graph, conv, "bn", epsilon, 0, channels));
    int pool = nn_graph_max_pool(graph, map, 2);
    pool =
        nn_graph_relu(graph, nn_graph_batch_norm(graph, pool, "bn", epsilon, convolved, channels));
    return nn_graph_concat(graph, conv, pool);
}

int nn_block_pair(struct nn_graph *graph, int map, const char *name, int kernel, int dilation,
                  enum nn_pair_order order, float epsilon)
{
    int channels = channels_of(graph, map);
    int padding = (kernel - 1) / 2 * dilation;
    const struct nn_window vertical = { kernel, 1, 1, padding, 0, dilation, 1 };
    const struct nn_window horizontal = { 1, kernel, 1, 0, padding, 1, dilation };
    nn_graph_scope_open(graph, "%s", name);
    if (order == NN_PAIR_VERTICAL_FIRST) {
        map = nn_graph_conv(graph, map, "v", channels, vertical, true);
        map = nn_graph_relu(graph, map);
        map = nn_graph_conv(graph, map, "h", channels, horizontal, true);
    } else {
        map = nn_graph_conv(graph, map, "h", channels, horizontal, true);
        map = nn_graph_relu(graph, map);
        map = nn_graph_conv(graph, map, "v", channels, vertical, true);
    }
    map = nn_graph_batch_norm(graph, map, "bn", epsilon, 0, channels);
    return nn_graph_scope_close(graph, map);
}

int nn_block_split_shuffle(struct nn_graph *graph, int map, int dilation, float epsilon)
{
    int half = channels_of(graph, map) / 2;
    int left = nn_graph_slice(graph, map, 0, half);
    int right = nn_graph_slice(graph, map, half, half);

    int l = nn_block_pair(graph, left, "la", 3, 1, NN_PAIR_VERTICAL_FIRST, epsilon);
    l = nn_block_pair(graph, nn_graph_relu(graph, l), "lb", 3, dilation, NN_PAIR_VERTICAL_FIRST,
                      epsilon);
    l = nn_graph_relu(graph, nn_graph_add(graph, l, left));

    int r = nn_block_pair(graph, right, "ra", 3, 1, NN_PAIR_HORIZONTAL_FIRST, epsilon);
    r = nn_block_pair(graph, nn_graph_relu(graph, r), "rb", 3, dilation, NN_PAIR_HORIZONTAL_FIRST,
                      epsilon);
    r = nn_graph_relu(graph, nn_graph_add(graph, r, right));
    return nn_graph_shuffle(graph, l, r);
}

int nn_block_conv_bn_relu(struct nn_graph *graph, int map, const char *name, int channels,
                          int kernel, int stride, float epsilon)
{
    int padding = kernel / 2;
    nn_graph_scope_open(graph, "%s", name);
    map = nn_graph_conv(graph, map, "conv", channels,
                        (struct nn_window){ kernel, kernel, stride, padding, padding, 1, 1 }, true);
    map = nn_graph_batch_norm(graph, map, "bn", epsilon, 0, channels);
    map = nn_graph_relu(graph, map);
    return nn_graph_scope_close(graph, map);
}
