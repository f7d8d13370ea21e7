#include "nn/model_face.h"

#include <stdlib.h>

#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/heads/head_expression.h"
#include "nn/model.h"
#include "nn/model_expression.h"
#include "nn/networks/blocks.h"

enum { FEATURES = 64, LOOK_CHANNELS = 16, PLACES_MAX = 256 };

static const float epsilon = 1e-3f; // of the graph's batch norms

void nn_model_face_append(struct nn_graph *graph, int map, int keypoints, bool expression)
{
    const struct nn_window point = { 1, 1, 1, 0, 0, 1, 1 };
    const struct nn_map size = nn_graph_map(graph, map);
    const int height = 2 * size.height, width = 2 * size.width;
    int count, encoder = map, fine = map;
    const struct nn_block *blocks = nn_graph_blocks(graph, &count);
    for (int i = 0; i + 1 < count; i++) { // the last block is the decoder
        encoder = blocks[i].map;
        fine = nn_graph_map(graph, encoder).height == height ? encoder : fine;
    }
    nn_graph_scope_open(graph, "head");
    // A 1x1 convolution and a resize may change places: the small map is the cheaper one.
    int coarse = nn_block_conv_bn(graph, map, "mid", FEATURES, 1, 1, epsilon);
    coarse = nn_graph_bilinear(graph, coarse, height, width);
    fine = nn_block_conv_bn(graph, fine, "skip", FEATURES, 1, 1, epsilon);
    fine = nn_graph_relu(graph, nn_graph_add(graph, coarse, fine));
    nn_graph_scope_open(graph, "mix");
    fine = nn_graph_scope_close(graph, nn_block_split_shuffle(graph, fine, 1, epsilon));
    int heat = nn_graph_conv(graph, map, "kp", keypoints, point, true);
    heat = nn_graph_bilinear(graph, heat, height, width);
    heat = nn_graph_add(graph, nn_graph_conv(graph, fine, "fine", keypoints, point, true), heat);
    nn_graph_output(graph, heat);
    if (expression) {
        int look = nn_graph_conv(graph, fine, "expression.look", LOOK_CHANNELS, point, true);
        nn_graph_output(graph, nn_graph_relu(graph, look));
        nn_graph_output(graph, nn_graph_global_pool(graph, encoder));
    }
    nn_graph_scope_close(graph, heat);
}

struct nn_expression_head *nn_model_face_read(struct nn_weights *weights,
                                              const struct nn_model_info *info, int flat,
                                              struct mc_error *err)
{
    struct nn_expression_place *places = calloc(PLACES_MAX, sizeof *places);
    if (places == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the expression head");
        return NULL;
    }
    struct nn_expression_layers layers = { .keypoints = info->keypoint_count + info->dense_count,
                                           .channels = LOOK_CHANNELS,
                                           .flat = flat,
                                           .shapes = info->shape_count,
                                           .places = places };
    layers.place_count = nn_model_expression_places(weights, places, PLACES_MAX, err);
    struct nn_expression_head *head =
        layers.place_count > 0 ? nn_model_expression_read(weights, &layers, err) : NULL;
    free(places);
    return head;
}
