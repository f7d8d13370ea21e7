// ERFNet: residual blocks of asymmetric convolutions, encoder and decoder.
// Romera et al., "ERFNet: Efficient Residual Factorized ConvNet for Real-Time
// Semantic Segmentation", T-ITS 2017; layers and tensor order as in the authors'
// released code.
#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-3f;

enum kind { DOWN, RES, UP };

int nn_erfnet(struct nn_graph *graph, int map, int features)
{
    // One row per block: its channels if it changes the size, else its dilation.
    static const struct {
        enum kind kind;
        int number;
    } blocks[] = {
        { DOWN, 16 },                                                                  // 1/2
        { DOWN, 64 },                                                                  // 1/4
        { RES, 1 },   { RES, 1 },  { RES, 1 }, { RES, 1 },  { RES, 1 }, { DOWN, 128 }, // 1/8
        { RES, 2 },   { RES, 4 },  { RES, 8 }, { RES, 16 }, { RES, 2 }, { RES, 4 },
        { RES, 8 },   { RES, 16 }, { UP, 64 }, { RES, 1 },  { RES, 1 }, // 1/4
        { UP, 16 },   { RES, 1 },  { RES, 1 },                          // 1/2
    };
    enum { BLOCK_COUNT = sizeof blocks / sizeof blocks[0] };
    for (int i = 0; i < BLOCK_COUNT; i++) {
        const int number = blocks[i].number;
        nn_graph_scope_open(graph, "blocks.%d", i);
        map = blocks[i].kind == DOWN ? nn_block_down(graph, map, number, epsilon)
              : blocks[i].kind == UP ? nn_block_up(graph, map, number, epsilon)
                                     : nn_block_res1d(graph, map, 3, number, epsilon);
        map = nn_graph_scope_close(graph, map);
    }
    return nn_graph_transposed(graph, map, "blocks.22", features, 2, true);
}
