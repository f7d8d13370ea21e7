// The graph of a network: the operators that a backbone appends one by one, and the shapes of
// all feature maps.
//
// A builder function takes the index of a map and returns the index of the map that it adds.
// Weights are looked up in the weight file by name: the open scopes, then the operator's own
// name, joined by dots ("blocks.3.la.v.weight"). Errors are sticky: after the first (a tensor
// that is missing or has another shape, a map of the wrong size) builder functions do nothing
// and return map 0. So a backbone reads like the table in its paper, and only nn_graph_check
// at the end can fail. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct nn_weight;
struct nn_weights;

enum nn_op_kind {
    NN_OP_CONV,         // weights, bias; stride, padding, dilation
    NN_OP_TRANSPOSED,   // transposed convolution to twice the size
    NN_OP_DEPTHWISE,    // convolution of each channel on its own
    NN_OP_BATCH_NORM,   // per channel: scale, then shift
    NN_OP_RELU,         //
    NN_OP_PRELU,        // negative numbers times a slope
    NN_OP_SIGMOID,      //
    NN_OP_ADD,          // two maps of one shape; the second may have fewer channels
    NN_OP_MULTIPLY,     // two maps of one shape
    NN_OP_SCALE,        // a map times a map of one channel
    NN_OP_MAX_POOL,     // padding never wins
    NN_OP_AVERAGE_POOL, // stride equals kernel size; no padding
    NN_OP_POOL_INDEX,   // which pixel of 2 x 2 is the largest
    NN_OP_UNPOOL,       // puts numbers back where a POOL_INDEX found them; zeros elsewhere
    NN_OP_GLOBAL_POOL,  // mean of each channel: 1 x 1
    NN_OP_BILINEAR,     // resize, aligned corners
    NN_OP_NEAREST,      // resize to twice the size
    NN_OP_ANTIALIAS,    // Gaussian low-pass, then down-sampling
    NN_OP_SLICE,        // consecutive channels of a map: a view
    NN_OP_CONCAT,       // the channels of several maps, one after another
    NN_OP_SHUFFLE,      // the channels of two maps, interleaved
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
    int first;               // SLICE: the first channel
    // Convolutions: [out][in][height][width] (TRANSPOSED: [in][out]…; DEPTHWISE: [in][1]…),
    // and [out] or NULL. Borrowed from the weights.
    const float *filter, *bias;
    // BATCH_NORM: per channel; PRELU: slopes, in scale. Owned by the graph.
    float *scale, *shift;
    char name[96]; // scope and own name
};

struct nn_map {
    int height, width, channels;
    int producer; // the operator that writes it; -1 for the input
};

// A named part of the network: an outermost scope and the map that it ended with.
struct nn_block {
    char name[96];
    int map;
};

struct nn_graph;

// A graph with a single map, number 0: the input of height x width x channels. Borrows the
// weights for its lifetime. NULL and err on failure.
struct nn_graph *nn_graph_create(struct nn_weights *weights, int height, int width, int channels,
                                 struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void nn_graph_destroy(struct nn_graph *graph);

// Opens a scope: names that follow start with "<scopes>.<name>.". Close it with the map that
// it ends with, which nn_graph_scope_close returns.
void nn_graph_scope_open(struct nn_graph *graph, const char *format, ...) MC_PRINTF(2, 3);
int nn_graph_scope_close(struct nn_graph *graph, int map);

// Convolution to the given number of channels, with name.weight and, if biased, name.bias.
// Zero padding; cross-correlation, as in PyTorch.
int nn_graph_conv(struct nn_graph *graph, int map, const char *name, int channels,
                  struct nn_window window, bool biased);

// Batch norm, as in evaluation, with name.{weight,bias,running_mean,running_var}. The norm has
// `total` channels, of which those from `first` on are applied: so a norm after a concat can
// be applied to each of its inputs instead.
int nn_graph_batch_norm(struct nn_graph *graph, int map, const char *name, float epsilon, int first,
                        int total);

// Transposed convolution to twice the size, with name.weight and name.bias: stride 2 and
// kernel size 3 (padding 1, output padding 1) or 2 (no padding).
int nn_graph_transposed(struct nn_graph *graph, int map, const char *name, int channels, int kernel,
                        bool biased);

// Depthwise convolution, with name.weight and name.bias.
int nn_graph_depthwise(struct nn_graph *graph, int map, const char *name, struct nn_window window,
                       bool biased);

int nn_graph_relu(struct nn_graph *graph, int map);

// PReLU with name.weight: a single slope if total is 1, else one slope per channel, with
// first and total as in nn_graph_batch_norm.
int nn_graph_prelu(struct nn_graph *graph, int map, const char *name, int first, int total);
int nn_graph_sigmoid(struct nn_graph *graph, int map);

// a + b. b may have fewer channels; the missing ones count as zero.
int nn_graph_add(struct nn_graph *graph, int a, int b);

int nn_graph_multiply(struct nn_graph *graph, int a, int b);

// map times factor, a map of the same size with one channel.
int nn_graph_scale(struct nn_graph *graph, int map, int factor);

int nn_graph_max_pool(struct nn_graph *graph, int map, int kernel, int stride, int padding);
int nn_graph_average_pool(struct nn_graph *graph, int map, int size);

// The position of the largest number in each 2 x 2 window: 0 to 3, row-major; the first of
// equals.
int nn_graph_pool_index(struct nn_graph *graph, int map);

// To twice the size: map's numbers at the positions in index, zeros elsewhere.
int nn_graph_unpool(struct nn_graph *graph, int map, int index);

// Mean of each channel: 1 x 1.
int nn_graph_global_pool(struct nn_graph *graph, int map);

// Antialiased down-sampling by factor; see nn/kernels/antialias.h.
int nn_graph_antialias(struct nn_graph *graph, int map, int factor);

// To twice the size: each pixel four times.
int nn_graph_nearest(struct nn_graph *graph, int map);

// Resize with aligned corners.
int nn_graph_bilinear(struct nn_graph *graph, int map, int height, int width);

// Channels first to first + channels - 1.
int nn_graph_slice(struct nn_graph *graph, int map, int first, int channels);

// The channels of a, then those of b; and interleaved: a0, b0, a1, b1, ...
int nn_graph_concat(struct nn_graph *graph, int a, int b);
int nn_graph_shuffle(struct nn_graph *graph, int a, int b);

// Marks a map as a result, which can be read after a run. At most NN_OUTPUTS_MAX.
enum { NN_OUTPUTS_MAX = 64 };
void nn_graph_output(struct nn_graph *graph, int map);

// Returns false and sets err if there was a failure: the first.
bool nn_graph_check(const struct nn_graph *graph, struct mc_error *err);

// The shape of a map.
struct nn_map nn_graph_map(const struct nn_graph *graph, int map);

// Multiply-adds of all convolutions by definition, padding included: the usual count. A
// program may need fewer.
uint64_t nn_graph_macs(const struct nn_graph *graph);

// What has been built. Borrowed until the next builder call.
const struct nn_op *nn_graph_ops(const struct nn_graph *graph, int *count);
const struct nn_map *nn_graph_maps(const struct nn_graph *graph, int *count);
const struct nn_block *nn_graph_blocks(const struct nn_graph *graph, int *count);
const int *nn_graph_outputs(const struct nn_graph *graph, int *count);
