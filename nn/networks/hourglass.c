// The hourglass of the First Order Motion Model's keypoint detector: a U-Net of full 3x3
// convolutions, five levels deep, whose outermost skip connection is the input itself.
// Siarohin et al., "First Order Motion Model for Image Animation", NeurIPS 2019,
// and its public code (vox-256).
//
// The features determine its width: `features` - 3 is the block expansion (32 in the published
// model), and no level has more than 32 times as many channels.
#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-5f;

enum { LEVELS = 5, CAP = 32 };

// Channels at a level, from 0 (the output) to LEVELS (the smallest maps).
static int width_of(int expansion, int level)
{
    return expansion * (1 << level < CAP ? 1 << level : CAP);
}

// 3x3 convolution, batch norm, ReLU. Tensors scope.i.conv, scope.i.bn.
static int level(struct nn_graph *graph, int map, const char *scope, int i, int channels)
{
    nn_graph_scope_open(graph, "%s.%d", scope, i);
    map = nn_graph_conv(graph, map, "conv", channels, (struct nn_window){ 3, 3, 1, 1, 1, 1, 1 },
                        true);
    map = nn_graph_relu(graph, nn_graph_batch_norm(graph, map, "bn", epsilon, 0, channels));
    return nn_graph_scope_close(graph, map);
}

int nn_hourglass(struct nn_graph *graph, int map, int features)
{
    const int expansion = features - nn_graph_map(graph, map).channels;
    int skips[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
        skips[i] = map;
        map = level(graph, map, "down", i, width_of(expansion, i + 1));
        map = nn_graph_average_pool(graph, map, 2);
    }
    for (int i = 0; i < LEVELS; i++) {
        const int skip = LEVELS - 1 - i;
        map = level(graph, nn_graph_nearest(graph, map), "up", i, width_of(expansion, skip));
        map = nn_graph_concat(graph, map, skips[skip]);
    }
    return map;
}
