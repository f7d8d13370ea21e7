// What the backbones share: one implementation of each building block.
// Tensor names are relative to the open scope; epsilon is the batch norm's.
#pragma once

struct nn_graph;

// Down-sampling by two: a 3x3 convolution of stride 2 to channels - in maps
// beside a 2x2 max pool of the in maps, convolution first; batch norm; ReLU.
// Named conv, bn. (ENet's initial block, as ERFNet uses it throughout.)
int nn_block_down(struct nn_graph *graph, int map, int channels, float epsilon);

enum nn_pair_order { NN_PAIR_VERTICAL_FIRST, NN_PAIR_HORIZONTAL_FIRST };

// The asymmetric pair in place of one kernel x kernel convolution: kernel x 1
// then 1 x kernel (or the other way round), ReLU between, batch norm behind; as
// many channels out as in. Named name.v, name.h, name.bn.
int nn_block_pair(struct nn_graph *graph, int map, const char *name, int kernel, int dilation,
                  enum nn_pair_order order, float epsilon);

// LEDNet's split-shuffle non-bottleneck: each half of the channels goes through
// two asymmetric pairs, the second dilated, the halves in mirrored order;
// residual; ReLU; channel shuffle. Named la, lb, ra, rb.
int nn_block_split_shuffle(struct nn_graph *graph, int map, int dilation, float epsilon);

// Convolution of odd kernel size with "same" padding, batch norm, ReLU.
// Named name.conv, name.bn.
int nn_block_conv_bn_relu(struct nn_graph *graph, int map, const char *name, int channels,
                          int kernel, int stride, float epsilon);
