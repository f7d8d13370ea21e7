// A plain encoder of 3x3 convolutions, each followed by batch norm and ReLU: for small crops
// that are cut so well that little is left to search for.
#include <stdio.h>

#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-3f;

int nn_plain(struct nn_graph *graph, int map, int features)
{
    const struct {
        int channels, kernel, stride;
    } layers[] = {
        { 16, 3, 2 }, { 24, 3, 1 }, // 1/2
        { 32, 3, 2 }, { 48, 3, 1 }, // 1/4
        { 64, 3, 2 }, { 64, 3, 1 }, // 1/8
        { 96, 3, 2 }, { features, 1, 1 },
    };
    for (int i = 0; i < (int)(sizeof layers / sizeof layers[0]); i++) {
        char name[16];
        snprintf(name, sizeof name, "blocks.%d", i);
        map = nn_block_conv_bn_relu(graph, map, name, layers[i].channels, layers[i].kernel,
                                    layers[i].stride, epsilon);
    }
    return map;
}
