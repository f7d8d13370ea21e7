// LRDNet, after its paper's description: an encoder of asymmetric residual modules, which mix
// factorised and depthwise convolutions, and a decoder with attention to positions and to
// channels.
// Zhuang et al., "LRDNet: A lightweight and efficient network with refined dual
// attention decoder for real-time semantic segmentation", Neurocomputing 459, 2021.
// No table of layers has been published: the numbers here are ours, so weights from other
// implementations don't fit. (Other networks share the name.)
#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-3f;

// An asymmetric pair; depthwise 3x1 and 1x3, dilated; 1x1; residual; ReLU.
static int asymmetric_residual(struct nn_graph *graph, int map, int dilation)
{
    const int channels = nn_graph_map(graph, map).channels;
    const struct nn_pair pair = { .kernel = 3, .dilation = 1 };
    int y = nn_graph_relu(graph, nn_block_pair(graph, map, "a", pair, epsilon));
    y = nn_graph_relu(graph, nn_block_depthwise(graph, y, "dv", 3, 1, 1, dilation, epsilon));
    y = nn_graph_relu(graph, nn_block_depthwise(graph, y, "dh", 1, 3, 1, dilation, epsilon));
    y = nn_block_conv_bn(graph, y, "b", channels, 1, 1, epsilon);
    return nn_graph_relu(graph, nn_graph_add(graph, y, map));
}

// Weighs the features by position and by channel, and adds the two.
static int dual_attention(struct nn_graph *graph, int map, int features)
{
    const int refined = nn_block_conv_bn_relu(graph, map, "in", features, 3, 1, epsilon);
    int where = nn_block_conv_bn(graph, map, "where", 1, 7, 1, epsilon);
    where = nn_graph_scale(graph, refined, nn_graph_sigmoid(graph, where));
    const int what = nn_block_squeeze(graph, refined, "what", (features + 3) / 4);
    int y = nn_graph_add(graph, where, what);
    return nn_graph_conv(graph, y, "out", features, (struct nn_window){ 1, 1, 1, 0, 0, 1, 1 },
                         true);
}

int nn_lrdnet(struct nn_graph *graph, int map, int features)
{
    // One row per block: its channels if it halves the size, else its dilation.
    static const struct {
        int down, dilation;
    } blocks[] = {
        { 32, 0 },  { 0, 1 }, { 0, 1 },                                                   // 1/2
        { 64, 0 },  { 0, 1 }, { 0, 2 },                                                   // 1/4
        { 128, 0 }, { 0, 1 }, { 0, 2 }, { 0, 5 }, { 0, 9 }, { 0, 2 }, { 0, 5 }, { 0, 9 }, // 1/8
    };
    enum { BLOCK_COUNT = sizeof blocks / sizeof blocks[0] };
    for (int i = 0; i < BLOCK_COUNT; i++) {
        nn_graph_scope_open(graph, "blocks.%d", i);
        map = blocks[i].down > 0 ? nn_block_down(graph, map, blocks[i].down, epsilon)
                                 : asymmetric_residual(graph, map, blocks[i].dilation);
        map = nn_graph_scope_close(graph, map);
    }
    nn_graph_scope_open(graph, "decoder");
    return nn_graph_scope_close(graph, dual_attention(graph, map, features));
}
