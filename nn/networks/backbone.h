// The backbones: functions that append a network's layers to a graph. To add one, write a
// file like lednet.c and add a row to the table in backbone.c.
#pragma once

struct nn_graph;

// Appends the network to the graph and returns its last map, which has the given number of
// features (channels) and 1/reduction of the input's size.
//   map  the input: RGB, edges multiples of size_multiple
typedef int nn_backbone_fn(struct nn_graph *graph, int map, int features);

struct nn_backbone {
    const char *name;
    nn_backbone_fn *append;
    int size_multiple; // of the input's edges; pixels
    int reduction;     // the input's edges over the output's
    int features;      // usual number of features; any is possible, but see hourglass.c
};

// The backbone called name, or NULL.
const struct nn_backbone *nn_backbone_find(const char *name);

// Row `index` of the table, from 0 on; NULL past the end. For listing names.
const struct nn_backbone *nn_backbone_at(int index);

nn_backbone_fn nn_lednet, nn_lednet_slim, nn_erfnet, nn_edanet, nn_esnet, nn_enet, nn_enet_original,
    nn_hourglass, nn_laednet, nn_lrdnet, nn_plain;
