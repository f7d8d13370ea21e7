// ESNet: factorised convolutions of two sizes, parallel dilated ones in the middle.
// Wang et al., "ESNet: An Efficient Symmetric Network for Real-time Semantic
// Segmentation", PRCV 2019; layers and tensor order as in the authors' released
// code.
#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-3f;

enum kind { DOWN, FCU, PFCU, UP };

int nn_esnet(struct nn_graph *graph, int map, int features)
{
    static const int dilations[3] = { 2, 5, 9 }; // of every PFCU
    // One row per block: its channels if it changes the size, else its kernel size.
    static const struct {
        enum kind kind;
        int number;
    } blocks[] = {
        { DOWN, 16 },  { FCU, 3 },  { FCU, 3 },  { FCU, 3 },  // 1/2
        { DOWN, 64 },  { FCU, 5 },  { FCU, 5 },               // 1/4
        { DOWN, 128 }, { PFCU, 3 }, { PFCU, 3 }, { PFCU, 3 }, // 1/8
        { UP, 64 },    { FCU, 5 },  { FCU, 5 },               // 1/4
        { UP, 16 },    { FCU, 3 },  { FCU, 3 },               // 1/2
    };
    enum { BLOCK_COUNT = sizeof blocks / sizeof blocks[0] };
    for (int i = 0; i < BLOCK_COUNT; i++) {
        const int number = blocks[i].number;
        nn_graph_scope_open(graph, "blocks.%d", i);
        map = blocks[i].kind == DOWN   ? nn_block_down(graph, map, number, epsilon)
              : blocks[i].kind == UP   ? nn_block_up(graph, map, number, epsilon)
              : blocks[i].kind == PFCU ? nn_block_parallel(graph, map, dilations, epsilon)
                                       : nn_block_res1d(graph, map, number, 1, epsilon);
        map = nn_graph_scope_close(graph, map);
    }
    return nn_graph_transposed(graph, map, "blocks.17", features, 2, true);
}
