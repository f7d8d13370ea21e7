// The 3x1 and 1x3 convolution by Winograd's F(2, 3) and F(4, 3): two outputs, each one dilation
// from the next, take four products instead of six, and four outputs take six instead of
// twelve. float32 only.
//
// With inputs d and taps g, the two outputs of an F(2, 3) tile follow from
//   m0 = (d0 - d2) g0                   m1 = (d1 + d2) (g0 + g1 + g2) / 2
//   m2 = (d2 - d1) (g0 - g1 + g2) / 2   m3 = (d1 - d3) g2
//   y0 = m0 + m1 + m2                   y1 = m1 - m2 - m3
// and the four of an F(4, 3) tile, whose points are 0, a, -a, b, -b and infinity, from
//   m0 = (a^2 b^2 d0 - (a^2 + b^2) d2 + d4) g0 / (a^2 b^2)
//   m1, m2 = (d4 - b^2 d2 +- a (d3 - b^2 d1)) (g0 +- a g1 + a^2 g2) / (2 a^2 (a^2 - b^2))
//   m3, m4 = (d4 - a^2 d2 +- b (d3 - a^2 d1)) (g0 +- b g1 + b^2 g2) / (2 b^2 (b^2 - a^2))
//   m5 = (a^2 b^2 d1 - (a^2 + b^2) d3 + d5) g2
//   y0 = m0 + m1 + m2 + m3 + m4         y1 = a (m1 - m2) + b (m3 - m4)
//   y2 = a^2 (m1 + m2) + b^2 (m3 + m4)  y3 = a^3 (m1 - m2) + b^3 (m3 - m4) + m5
// where each product m is a matrix product over the channels. The input transform (the left
// factors) is computed once for a batch of tiles, into scratch, and serves all output
// channels; the filter transform (the right factors) is done when weights are packed. With
// a = 3/4 and b = 3/2, all of whose powers are exact, rounding errors are a third less than with
// the usual 1 and 2; they stay below a few millionths of the largest output. Source: S. Winograd,
// Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, arXiv:1509.09308.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/kernels/kernels.h"
#include "nn/kernels/microkernel.h"

#define NN_WINOGRAD_A 0.75f
#define NN_WINOGRAD_B 1.5f

enum { NN_WINOGRAD_PRODUCTS_MAX = 6, NN_WINOGRAD_OUTPUTS_MAX = 4 };

// The outputs of one Winograd tile and the inputs that they depend on, two more than outputs.
struct nn_winograd_tile {
    const float *in[NN_WINOGRAD_PRODUCTS_MAX]; // d0, d1, ...; zeros outside the map
    ptrdiff_t out, residual, partner;          // bytes from nn_tile's pointers
    bool has[NN_WINOGRAD_OUTPUTS_MAX];         // which outputs to store
};

// The input transform of `count` tiles. Left factor m of tile i starts at
// to[m * product_floats + i * channels], with channels rounded up to whole vectors.
typedef void nn_winograd_input_fn(const struct nn_winograd_tile *tiles, int count, int channels,
                                  float *to, size_t product_floats);

// The microkernel: one product m of a fixed number of tiles and vectors of output channels.
// in: its left factor, in_step floats from one tile to the next. weights: its right factor,
// [channel][vectors * lanes]. sums: for each tile, sum_step floats apart, vectors * lanes.
typedef void nn_winograd_product_fn(const float *in, size_t in_step, int channels,
                                    const float *weights, float *sums, size_t sum_step);

// The output transform and the store of `count` tiles. In args, out_step, residual_step and
// partner_step lead from a tile's output to its next. sums: [tile][product][vectors * lanes].
typedef void nn_winograd_output_fn(const struct nn_tile *args, const struct nn_winograd_tile *tiles,
                                   int count, const float *sums);

// F(2, 3), F(4, 3)
enum { NN_WINOGRAD_KINDS = 2 };

// The functions of one instruction set.
struct nn_winograd_set {
    int lanes; // floats in a vector
    nn_winograd_input_fn *input[NN_WINOGRAD_KINDS];
    // By number of vectors (index 0: one): the most tiles per call, the microkernel for each
    // number of tiles (index 0: one), and the output transform.
    int tiles_max[NN_TILE_VECTORS_MAX];
    nn_winograd_product_fn *const *product[NN_TILE_VECTORS_MAX];
    nn_winograd_output_fn *output[NN_WINOGRAD_KINDS][NN_TILE_VECTORS_MAX];
};

// Whether this convolution can be computed so, and faster than directly.
bool nn_winograd_pays(const struct nn_conv *conv);

// As nn_conv_fn, nn_conv_size_fn and nn_conv_pack_fn. Only where it pays.
void nn_winograd(const struct nn_winograd_set *set, const struct nn_conv *conv,
                 const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch);
size_t nn_winograd_weights(const struct nn_winograd_set *set, const struct nn_conv *conv);
size_t nn_winograd_scratch(const struct nn_winograd_set *set, const struct nn_conv *conv);
void nn_winograd_pack(const struct nn_winograd_set *set, const struct nn_conv *conv,
                      const float *plain, float *packed);
