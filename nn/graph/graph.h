// The graph of a network: operators appended one after another by a backbone,
// with the shape of every feature map.
//
// A builder function takes the index of a map and returns the index of the map
// it makes. Weights come by name from the weight file: the scopes that are
// open, joined by dots, then the operator's own name ("blocks.3.la.v.weight").
// The first failure (a tensor that is missing or has another shape, a map of a
// wrong size) sticks: later calls do nothing and return map 0, so a backbone
// reads like the paper's table, and nn_graph_check tells at the end. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct nn_weight;
struct nn_weights;

enum nn_op_kind {
    NN_OP_CONV,         // weights, bias; stride, padding, dilation
    NN_OP_TRANSPOSED,   // transposed convolution to twice the size
    NN_OP_DEPTHWISE,    // convolution of each channel by itself
    NN_OP_BATCH_NORM,   // per channel: scale, then shift
    NN_OP_RELU,         //
    NN_OP_PRELU,        // negative numbers times a slope
    NN_OP_SIGMOID,      //
    NN_OP_ADD,          // two maps of one shape; the second may lack channels
    NN_OP_MULTIPLY,     // two maps of one shape
    NN_OP_SCALE,        // a map of C channels times a map of one channel
    NN_OP_MAX_POOL,     // outside the map nothing counts
    NN_OP_AVERAGE_POOL, // kernel size = stride, no padding
    NN_OP_POOL_INDEX,   // which of 2 x 2 is the largest
    NN_OP_UNPOOL,       // back to where they were: zeros elsewhere
    NN_OP_GLOBAL_POOL,  // mean of each channel: 1 x 1
    NN_OP_BILINEAR,     // resize, corners aligned
    NN_OP_NEAREST,      // to twice the size
    NN_OP_ANTIALIAS,    // Gaussian, then every so many pixels
    NN_OP_SLICE,        // some channels of a map: a view
    NN_OP_CONCAT,       // channels of several maps, one after another
    NN_OP_SHUFFLE,      // channels of two maps, alternating
};

enum { NN_OP_INPUTS_MAX = 4 };

// Kernel size, stride, padding and dilation, rows first.
struct nn_window {
    int kernel_height, kernel_width;
    int stride;
    int padding_y, padding_x;
    int dilation_y, dilation_x;
};

struct nn_op {
    enum nn_op_kind kind;
    int inputs[NN_OP_INPUTS_MAX];
    int input_count;
    int output;
    struct nn_window window; // convolutions, pools
    int first;               // SLICE: its first channel
    // Convolutions: [out][in][height][width] ([in][out]… TRANSPOSED, [in][1]… DEPTHWISE),
    // and NULL or [out]. Borrowed from the weights.
    const float *filter, *bias;
    // BATCH_NORM: per channel; PRELU: scale alone. Owned by the graph.
    float *scale, *shift;
    char name[96]; // scope and own name, for people
};

struct nn_map {
    int height, width, channels;
    int producer; // index of the operator; -1 for the input
};

// A part of the network with a name: what nn_graph_scope_close was given.
struct nn_block {
    char name[96];
    int map;
};

struct nn_graph;

// An empty graph with one map, number 0: the input of height x width x channels.
// Borrows the weights for the graph's life. NULL and err on failure.
struct nn_graph *nn_graph_create(struct nn_weights *weights, int height, int width, int channels,
                                 struct mc_error *err) MC_MUST_USE;
void nn_graph_destroy(struct nn_graph *graph);

// Opens a scope: what follows is called "<scopes>.<name>.…". Close it with the
// map that the block ends in.
void nn_graph_scope_open(struct nn_graph *graph, const char *format, ...) MC_PRINTF(2, 3);
int nn_graph_scope_close(struct nn_graph *graph, int map);

// Convolution to `channels` maps with name.weight and, where biased, name.bias.
// Zero padding; cross-correlation, as PyTorch has it.
int nn_graph_conv(struct nn_graph *graph, int map, const char *name, int channels,
                  struct nn_window window, bool biased);

// Batch norm of evaluation with name.{weight,bias,running_mean,running_var}, or
// the part of its parameters that starts at channel first (a norm over a concat
// that is applied to each input). total is the norm's own channel count.
int nn_graph_batch_norm(struct nn_graph *graph, int map, const char *name, float epsilon, int first,
                        int total);

// Transposed convolution with the same names, to twice the size: of kernel size 3
// (stride 2, padding 1, one row and column more at the end) or 2 (stride 2).
int nn_graph_transposed(struct nn_graph *graph, int map, const char *name, int channels, int kernel,
                        bool biased);

// Depthwise convolution, likewise.
int nn_graph_depthwise(struct nn_graph *graph, int map, const char *name, struct nn_window window,
                       bool biased);

int nn_graph_relu(struct nn_graph *graph, int map);

// With name.weight: one slope (total 1), or the part of one for each of total
// channels that starts at channel first, as nn_graph_batch_norm.
int nn_graph_prelu(struct nn_graph *graph, int map, const char *name, int first, int total);
int nn_graph_sigmoid(struct nn_graph *graph, int map);

// b may have fewer channels: those that it lacks count as zero.
int nn_graph_add(struct nn_graph *graph, int a, int b);
int nn_graph_multiply(struct nn_graph *graph, int a, int b);
int nn_graph_scale(struct nn_graph *graph, int map, int factor);

int nn_graph_max_pool(struct nn_graph *graph, int map, int kernel, int stride, int padding);
int nn_graph_average_pool(struct nn_graph *graph, int map, int size);

// Where the largest of each 2 x 2 is: 0 to 3, row by row; the first of equal
// ones. And a map's numbers put back there, zeros elsewhere: twice the size.
int nn_graph_pool_index(struct nn_graph *graph, int map);
int nn_graph_unpool(struct nn_graph *graph, int map, int index);

int nn_graph_global_pool(struct nn_graph *graph, int map);

// Low-pass and every factor'th row and column, as the First Order Motion Model
// has it: see nn/kernels/antialias.h.
int nn_graph_antialias(struct nn_graph *graph, int map, int factor);

// Each pixel four times: twice the size.
int nn_graph_nearest(struct nn_graph *graph, int map);
int nn_graph_bilinear(struct nn_graph *graph, int map, int height, int width);
int nn_graph_slice(struct nn_graph *graph, int map, int first, int channels);
int nn_graph_concat(struct nn_graph *graph, int a, int b);
int nn_graph_shuffle(struct nn_graph *graph, int a, int b);

// Marks a map as a result: it is there after a run. At most NN_OUTPUTS_MAX.
enum { NN_OUTPUTS_MAX = 64 };
void nn_graph_output(struct nn_graph *graph, int map);

// The first failure, if there was one; then false.
bool nn_graph_check(const struct nn_graph *graph, struct mc_error *err);

// The shape of a map.
struct nn_map nn_graph_map(const struct nn_graph *graph, int map);

// Multiply-adds of all convolutions as the operators say, padding included: the
// usual count. A program may do with fewer.
uint64_t nn_graph_macs(const struct nn_graph *graph);

// What was built. Borrowed until the next builder call.
const struct nn_op *nn_graph_ops(const struct nn_graph *graph, int *count);
const struct nn_map *nn_graph_maps(const struct nn_graph *graph, int *count);
const struct nn_block *nn_graph_blocks(const struct nn_graph *graph, int *count);
const int *nn_graph_outputs(const struct nn_graph *graph, int *count);
