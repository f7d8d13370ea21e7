// EDANet: densely connected modules of dilated asymmetric convolutions, no decoder.
// Lo et al., "Efficient Dense Modules of Asymmetric Convolution for Real-Time Semantic
// Segmentation", MMAsia 2019. The authors published only tables; what those leave open (new
// channels first, epsilon) follows the usual PyTorch port. The network's final bilinear
// resize to the input's size is left to the head.
#include "nn/graph/graph.h"
#include "nn/networks/backbone.h"
#include "nn/networks/blocks.h"

static const float epsilon = 1e-5f;

enum { GROWTH = 40 };

int nn_edanet(struct nn_graph *graph, int map, int features)
{
    // One row per block: its channels if it halves the size, else its dilation.
    static const struct {
        int down, dilation;
    } blocks[] = {
        { 15, 0 },                                                                         // 1/2
        { 60, 0 },  { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 2 }, { 0, 2 },                      // 1/4
        { 130, 0 }, { 0, 2 }, { 0, 2 }, { 0, 4 }, { 0, 4 }, { 0, 8 }, { 0, 8 }, { 0, 16 }, // 1/8
        { 0, 16 },
    };
    enum { BLOCK_COUNT = sizeof blocks / sizeof blocks[0] };
    for (int i = 0; i < BLOCK_COUNT; i++) {
        nn_graph_scope_open(graph, "blocks.%d", i);
        map = blocks[i].down > 0 ? nn_block_down(graph, map, blocks[i].down, epsilon)
                                 : nn_block_dense(graph, map, GROWTH, blocks[i].dilation, epsilon);
        map = nn_graph_scope_close(graph, map);
    }
    return nn_graph_conv(graph, map, "blocks.16", features,
                         (struct nn_window){ 1, 1, 1, 0, 0, 1, 1 }, true);
}
