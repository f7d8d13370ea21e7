// The 3x1 and 1x3 convolution by Winograd's F(2, 3): two outputs that are one
// dilation apart for four products instead of six. float32 alone.
//
// With inputs d and taps g, both outputs of a pair come from
//   m0 = (d0 - d2) g0               m1 = (d1 + d2) (g0 + g1 + g2) / 2
//   m2 = (d2 - d1) (g0 - g1 + g2) / 2   m3 = (d1 - d3) g2
//   first = m0 + m1 + m2            second = m1 - m2 - m3
// where each product is a matrix product over the channels. What stands left of
// a product is spread out once for a batch of pairs, into scratch, and serves all
// output channels; what stands right is made when weights are packed. All factors
// are 1 and 1/2, so rounding grows by little. Source: S. Winograd, Arithmetic
// Complexity of Computations, 1980; A. Lavin and S. Gray, arXiv:1509.09308.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/kernels/conv_direct.h"

enum { NN_PAIR_PARTS = 4 }; // products of a pair

struct nn_pair {
    const float *in[NN_PAIR_PARTS];   // d0 to d3; outside the map: zeros
    ptrdiff_t out, residual, partner; // bytes from the tile's
    bool first, second;               // which outputs are wanted
};

// Writes the left sides: to[part * part_floats + pair * lanes' multiple of channels].
typedef void nn_pair_spread_fn(const struct nn_pair *pairs, int count, int channels, float *to,
                               size_t part_floats);

// As nn_tile_fn. Of the tile: in is the first pair's left side, in_step bytes from
// one pair to the next; out_step, residual_step and partner_step lead from a
// pair's first output to its second; weights are [part][in word][vectors * lanes].
typedef void nn_pair_tile_fn(const struct nn_tile *tile, const struct nn_pair *pairs,
                             size_t part_bytes);

// The inner loops of an instruction set, as nn_tile_set.
struct nn_pair_set {
    int lanes;
    int most[NN_TILE_VECTORS_MAX]; // pairs of a tile, by number of vectors
    nn_pair_tile_fn *const *tiles[NN_TILE_VECTORS_MAX];
    nn_pair_spread_fn *spread;
};

// Whether the convolution can be done in pairs, and whether it pays.
bool nn_conv_pairs_fits(const struct nn_conv *conv);

void nn_conv_pairs(const struct nn_pair_set *set, const struct nn_conv *conv,
                   const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch);
size_t nn_conv_pairs_weights(const struct nn_pair_set *set, const struct nn_conv *conv);
size_t nn_conv_pairs_scratch(const struct nn_pair_set *set, const struct nn_conv *conv);
void nn_conv_pairs_pack(const struct nn_pair_set *set, const struct nn_conv *conv,
                        const float *plain, float *packed);
