// LEDNet: an asymmetric encoder-decoder, with split-shuffle blocks in the encoder and an
// attention pyramid as the decoder.
// Wang et al., "LEDNet: A Lightweight Encoder-Decoder Network for Real-Time
// Semantic Segmentation", ICIP 2019; layers and tensor order as in the authors'
// released code, whose pyramid has one channel. Its final bilinear resize to the input's size
// is left to the head. The slim variant is our own, from fewer and narrower blocks, for small
// tasks.
#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-3f;

// The attention pyramid: one-channel maps at 1/2, 1/4 and 1/8 of the encoder's size are
// up-sampled and summed to a weight for each pixel's features; features of the whole image
// are added.
static int attention_pyramid(struct nn_graph *graph, int map, int features)
{
    struct nn_map size = nn_graph_map(graph, map);
    int whole = nn_block_conv_bn_relu(graph, nn_graph_global_pool(graph, map), "gp", features, 1, 1,
                                      epsilon);
    int pixels = nn_block_conv_bn_relu(graph, map, "mid", features, 1, 1, epsilon);

    int half = nn_block_conv_bn_relu(graph, map, "d1", 1, 7, 2, epsilon);
    int quarter = nn_block_conv_bn_relu(graph, half, "d2", 1, 5, 2, epsilon);
    int eighth = nn_block_conv_bn_relu(graph, quarter, "d3a", 1, 3, 2, epsilon);
    eighth = nn_block_conv_bn_relu(graph, eighth, "d3b", 1, 3, 1, epsilon);

    int skip = nn_block_conv_bn_relu(graph, quarter, "s2", 1, 5, 1, epsilon);
    int up = nn_graph_bilinear(graph, eighth, size.height / 4, size.width / 4);
    up = nn_graph_add(graph, up, skip);
    skip = nn_block_conv_bn_relu(graph, half, "s1", 1, 7, 1, epsilon);
    up = nn_graph_bilinear(graph, up, size.height / 2, size.width / 2);
    up = nn_graph_add(graph, up, skip);
    up = nn_graph_bilinear(graph, up, size.height, size.width);

    whole = nn_graph_bilinear(graph, whole, size.height, size.width);
    return nn_graph_add(graph, nn_graph_scale(graph, pixels, up), whole);
}

// A block of the encoder: its channels if it halves the size, else its dilation.
struct row {
    int down, dilation;
};

static int append(struct nn_graph *graph, int map, const struct row *rows, int count, int features)
{
    for (int i = 0; i < count; i++) {
        nn_graph_scope_open(graph, "blocks.%d", i);
        map = rows[i].down > 0 ? nn_block_down(graph, map, rows[i].down, epsilon)
                               : nn_block_split_shuffle(graph, map, rows[i].dilation, epsilon);
        map = nn_graph_scope_close(graph, map);
    }
    nn_graph_scope_open(graph, "blocks.%d", count);
    map = attention_pyramid(graph, map, features);
    return nn_graph_scope_close(graph, map);
}

int nn_lednet(struct nn_graph *graph, int map, int features)
{
    static const struct row rows[] = {
        { 32, 0 },  { 0, 1 }, { 0, 1 }, { 0, 1 }, // 1/2
        { 64, 0 },  { 0, 1 }, { 0, 1 },           // 1/4
        { 128, 0 }, { 0, 1 }, { 0, 2 }, { 0, 5 }, { 0, 9 }, { 0, 2 }, { 0, 5 }, { 0, 9 }, { 0, 17 },
    };
    return append(graph, map, rows, sizeof rows / sizeof rows[0], features);
}

int nn_lednet_slim(struct nn_graph *graph, int map, int features)
{
    static const struct row rows[] = {
        { 16, 0 },                                         // 1/2
        { 32, 0 }, { 0, 1 },                               // 1/4
        { 64, 0 }, { 0, 1 }, { 0, 2 }, { 0, 5 }, { 0, 9 }, // 1/8
    };
    return append(graph, map, rows, sizeof rows / sizeof rows[0], features);
}
