// The backbones: each appends its layers to a graph. Adding one takes a file
// and a row in backbone.c's table.
#pragma once

struct nn_graph;

// Appends the network to the graph: from map (RGB, edges a multiple of
// size_multiple) to a map of `features` channels, at 1/reduction of the input's
// size. Returns that map.
typedef int nn_backbone_fn(struct nn_graph *graph, int map, int features);

struct nn_backbone {
    const char *name;
    nn_backbone_fn *append;
    int size_multiple; // of the input's edges, pixels
    int reduction;     // of the output's edges against the input's
    int features;      // usual ones; any will do, but see hourglass.c
};

// The backbone called name, or NULL.
const struct nn_backbone *nn_backbone_find(const char *name);

// The backbone in row index, from 0; NULL behind the last. For lists of names.
const struct nn_backbone *nn_backbone_at(int index);

nn_backbone_fn nn_lednet, nn_lednet_slim, nn_erfnet, nn_edanet, nn_esnet, nn_enet, nn_enet_original,
    nn_hourglass, nn_laednet, nn_lrdnet;
