// The building blocks that backbones share. Each appends to the graph and returns its last
// map. Tensor names are relative to the open scope; epsilon is that of the batch norms.
#pragma once

#include <stdbool.h>

struct nn_graph;

// Down-sampling by two: a 3x3 convolution of stride 2 to (channels - input channels),
// concatenated with a 2x2 max pool of the input; batch norm; ReLU. If channels does not
// exceed the input's, there is no pool. Tensors conv, bn. (ENet's initial block, as used
// throughout by ERFNet.)
int nn_block_down(struct nn_graph *graph, int map, int channels, float epsilon);

// Up-sampling by two: a transposed 3x3 convolution, batch norm, ReLU. Tensors conv, bn.
int nn_block_up(struct nn_graph *graph, int map, int channels, float epsilon);

// An asymmetric pair: a kernel x 1 and a 1 x kernel convolution in place of one kernel x
// kernel convolution, with as many output as input channels.
struct nn_pair {
    int kernel, dilation;
    bool mirrored; // 1 x kernel first
    bool linear;   // no ReLU between the two
};

// The two convolutions. Tensors v, h.
int nn_block_asymmetric(struct nn_graph *graph, int map, struct nn_pair pair);

// The same, followed by a batch norm. Tensors name.v, name.h, name.bn.
int nn_block_pair(struct nn_graph *graph, int map, const char *name, struct nn_pair pair,
                  float epsilon);

// ERFNet's non-bottleneck-1D, or ESNet's factorised convolution unit: two pairs, the second
// dilated; residual; ReLU. Tensors a, b.
int nn_block_res1d(struct nn_graph *graph, int map, int kernel, int dilation, float epsilon);

// ESNet's parallel factorised convolution unit: a pair; three parallel dilated pairs of
// kernel size 3, which share one batch norm; the sum of these and the residual; ReLU.
// Tensors a, br.0, br.1, br.2, bn.
int nn_block_parallel(struct nn_graph *graph, int map, const int dilations[3], float epsilon);

// LEDNet's split-shuffle non-bottleneck: each half of the channels passes two asymmetric
// pairs, the second dilated (mirrored in the right half); residual; ReLU; channel shuffle.
// Tensors la, lb, ra, rb.
int nn_block_split_shuffle(struct nn_graph *graph, int map, int dilation, float epsilon);

// EDANet's module: 1x1 to `growth` channels, two linear pairs, the second dilated, each
// followed by batch norm and ReLU; the result is concatenated with the input, new channels
// first. Tensors pw, bn0, a, b.
int nn_block_dense(struct nn_graph *graph, int map, int growth, int dilation, float epsilon);

// Convolution of odd kernel size with "same" padding, batch norm, ReLU. Tensors name.conv,
// name.bn.
int nn_block_conv_bn_relu(struct nn_graph *graph, int map, const char *name, int channels,
                          int kernel, int stride, float epsilon);

// The same without the ReLU.
int nn_block_conv_bn(struct nn_graph *graph, int map, const char *name, int channels, int kernel,
                     int stride, float epsilon);

// Depthwise convolution of odd kernel size with "same" padding, batch norm. Tensors
// name.conv, name.bn.
int nn_block_depthwise(struct nn_graph *graph, int map, const char *name, int kernel_height,
                       int kernel_width, int stride, int dilation, float epsilon);

// Squeeze and excitation: scales each channel by a factor from 0 to 1 that is computed from
// the means of all channels over the map. Tensors name.a (to `channels`, then ReLU), name.b.
// (Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018.)
int nn_block_squeeze(struct nn_graph *graph, int map, const char *name, int channels);
