// LAEDNet, after its paper's description: an encoder of inverted residuals (a lite
// EfficientNet), a decoder of light residual blocks with squeeze and excitation, and skip
// connections.
// Zhou et al., "LAEDNet: A Lightweight Attention Encoder-Decoder Network for
// ultrasound medical image segmentation", Computers and Electrical Engineering 99,
// 2022. No table of layers has been published: the numbers here are ours, smaller than a lite
// EfficientNet's, so weights from other implementations don't fit. The output has half the
// input's size.
#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-3f;

// A widening 1x1, a depthwise 3x3, a narrowing 1x1 without ReLU; residual if the shape stays
// the same.
static int inverted(struct nn_graph *graph, int map, int expand, int channels, int stride)
{
    const int in = nn_graph_map(graph, map).channels;
    int y = expand == 1 ? map : nn_block_conv_bn_relu(graph, map, "a", expand * in, 1, 1, epsilon);
    y = nn_graph_relu(graph, nn_block_depthwise(graph, y, "d", 3, 3, stride, 1, epsilon));
    y = nn_block_conv_bn(graph, y, "b", channels, 1, 1, epsilon);
    return stride == 1 && channels == in ? nn_graph_add(graph, y, map) : y;
}

// Light residual squeeze and excitation: a depthwise 3x3 and a 1x1, scaled per channel.
static int lrse(struct nn_graph *graph, int map)
{
    const int channels = nn_graph_map(graph, map).channels;
    int y = nn_graph_relu(graph, nn_block_depthwise(graph, map, "d", 3, 3, 1, 1, epsilon));
    y = nn_block_conv_bn(graph, y, "b", channels, 1, 1, epsilon);
    y = nn_block_squeeze(graph, y, "se", channels / 4);
    return nn_graph_relu(graph, nn_graph_add(graph, y, map));
}

int nn_laednet(struct nn_graph *graph, int map, int features)
{
    // One row per block of the encoder.
    static const struct {
        int expand, channels, stride;
    } encoder[] = {
        { 1, 16, 1 },                             // 1/2
        { 4, 24, 2 }, { 4, 24, 1 },               // 1/4
        { 4, 40, 2 }, { 4, 40, 1 }, { 4, 40, 1 }, // 1/8
        { 4, 80, 2 }, { 4, 80, 1 }, { 4, 80, 1 }, // 1/16
    };
    enum { BLOCK_COUNT = sizeof encoder / sizeof encoder[0], LEVELS = 3 };
    int skips[LEVELS] = { 0 }, level = 0;
    map = nn_block_conv_bn_relu(graph, map, "stem", 16, 3, 2, epsilon);
    for (int i = 0; i < BLOCK_COUNT; i++) {
        if (encoder[i].stride == 2) {
            skips[level++] = map;
        }
        nn_graph_scope_open(graph, "encoder.%d", i);
        map = inverted(graph, map, encoder[i].expand, encoder[i].channels, encoder[i].stride);
        map = nn_graph_scope_close(graph, map);
    }
    while (level > 0) {
        const int skip = skips[--level], channels = nn_graph_map(graph, skip).channels;
        nn_graph_scope_open(graph, "decoder.%d", LEVELS - 1 - level);
        map = nn_graph_transposed(graph, map, "up", channels, 2, true);
        map = nn_graph_concat(graph, map, skip);
        map = nn_block_conv_bn_relu(graph, map, "a", channels, 1, 1, epsilon);
        map = nn_graph_scope_close(graph, lrse(graph, map));
    }
    return nn_graph_conv(graph, map, "out", features, (struct nn_window){ 1, 1, 1, 0, 0, 1, 1 },
                         true);
}
