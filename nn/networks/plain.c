// A plain encoder of 3x3 convolutions, each followed by batch norm and ReLU: for small crops
// that are cut so well that little is left to search for.
#include <stdio.h>

#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-3f;

// Every other convolution halves the edges.
static int append(struct nn_graph *graph, int map, const int widths[7], int features)
{
    for (int i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof name, "blocks.%d", i);
        map = i < 7 ? nn_block_conv_bn_relu(graph, map, name, widths[i], 3, i % 2 == 0 ? 2 : 1,
                                            epsilon)
                    : nn_block_conv_bn_relu(graph, map, name, features, 1, 1, epsilon);
    }
    return map;
}

int nn_plain(struct nn_graph *graph, int map, int features)
{
    return append(graph, map, (const int[7]){ 16, 24, 32, 48, 64, 64, 96 }, features);
}

int nn_plain_wide(struct nn_graph *graph, int map, int features)
{
    return append(graph, map, (const int[7]){ 16, 24, 40, 56, 80, 96, 128 }, features);
}
