// What the backbones share: one implementation of each building block.
// Tensor names are relative to the open scope; epsilon is the batch norm's.
#pragma once

#include <stdbool.h>

struct nn_graph;

// Down-sampling by two: a 3x3 convolution of stride 2 to channels - in maps
// beside a 2x2 max pool of the in maps, convolution first; batch norm; ReLU.
// With no more channels than it has, the convolution alone. Named conv, bn.
// (ENet's initial block, as ERFNet uses it throughout.)
int nn_block_down(struct nn_graph *graph, int map, int channels, float epsilon);

// Up-sampling by two: a transposed 3x3 convolution, batch norm, ReLU. Named conv, bn.
int nn_block_up(struct nn_graph *graph, int map, int channels, float epsilon);

// The asymmetric pair in place of one kernel x kernel convolution: kernel x 1
// then 1 x kernel, as many channels out as in.
struct nn_pair {
    int kernel, dilation;
    bool mirrored; // 1 x kernel first
    bool linear;   // no ReLU between the two
};

// The two convolutions alone, named v, h.
int nn_block_asymmetric(struct nn_graph *graph, int map, struct nn_pair pair);

// The two and a batch norm behind. Named name.v, name.h, name.bn.
int nn_block_pair(struct nn_graph *graph, int map, const char *name, struct nn_pair pair,
                  float epsilon);

// ERFNet's non-bottleneck-1D, ESNet's factorised convolution unit: two pairs, the
// second dilated; residual; ReLU. Named a, b.
int nn_block_res1d(struct nn_graph *graph, int map, int kernel, int dilation, float epsilon);

// ESNet's parallel factorised convolution unit: a pair; from there three dilated
// pairs of kernel size 3 side by side, whose norm is one; residual sum; ReLU.
// Named a, br.0, br.1, br.2, bn.
int nn_block_parallel(struct nn_graph *graph, int map, const int dilations[3], float epsilon);

// LEDNet's split-shuffle non-bottleneck: each half of the channels goes through
// two asymmetric pairs, the second dilated, the halves in mirrored order;
// residual; ReLU; channel shuffle. Named la, lb, ra, rb.
int nn_block_split_shuffle(struct nn_graph *graph, int map, int dilation, float epsilon);

// EDANet's module: 1x1 to `growth` channels, two linear pairs, the second dilated,
// each with norm and ReLU; the new channels before all that came in. Named pw, bn0, a, b.
int nn_block_dense(struct nn_graph *graph, int map, int growth, int dilation, float epsilon);

// Convolution of odd kernel size with "same" padding, batch norm, ReLU.
// Named name.conv, name.bn.
int nn_block_conv_bn_relu(struct nn_graph *graph, int map, const char *name, int channels,
                          int kernel, int stride, float epsilon);

// The convolution and the norm alone.
int nn_block_conv_bn(struct nn_graph *graph, int map, const char *name, int channels, int kernel,
                     int stride, float epsilon);

// Depthwise convolution of odd size kernel_height x kernel_width, "same" padding,
// batch norm. Named name.conv, name.bn.
int nn_block_depthwise(struct nn_graph *graph, int map, const char *name, int kernel_height,
                       int kernel_width, int stride, int dilation, float epsilon);

// Squeeze and excitation: what the whole picture says of each channel, between 0
// and 1, times the channel. Named name.a (to `channels`, ReLU), name.b. (Hu et al., 2018.)
int nn_block_squeeze(struct nn_graph *graph, int map, const char *name, int channels);
