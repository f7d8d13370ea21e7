// The 3x1 and 1x3 convolution by Winograd's F(2, 3): two outputs that are one dilation
// apart take four products instead of six. float32 only.
//
// With inputs d and taps g, both outputs of a Winograd tile follow from
//   m0 = (d0 - d2) g0                   m1 = (d1 + d2) (g0 + g1 + g2) / 2
//   m2 = (d2 - d1) (g0 - g1 + g2) / 2   m3 = (d1 - d3) g2
//   first = m0 + m1 + m2                second = m1 - m2 - m3
// where each product m is a matrix product over the channels. The input transform (the left
// factors) is computed once for a batch of tiles, into scratch, and serves all output
// channels; the filter transform (the right factors) is done when weights are packed. All
// coefficients are 1 or 1/2, so rounding errors grow little. Source: S. Winograd,
// Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, arXiv:1509.09308.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/kernels/kernels.h"
#include "nn/kernels/microkernel.h"

enum { NN_WINOGRAD_F23_PRODUCTS = 4 }; // m0 to m3

// The two outputs of one Winograd tile and the four inputs that they depend on.
struct nn_winograd_f23_tile {
    const float *in[NN_WINOGRAD_F23_PRODUCTS]; // d0 to d3; zeros outside the map
    ptrdiff_t out, residual, partner;          // bytes from nn_tile's pointers
    bool has_first, has_second;                // which outputs to store
};

// The input transform of `count` tiles. Left factor m of tile i starts at
// to[m * product_floats + i * channels], with channels rounded up to whole vectors.
typedef void nn_winograd_f23_transform_fn(const struct nn_winograd_f23_tile *tiles, int count,
                                          int channels, float *to, size_t product_floats);

// The microkernel. In args, `in` points to the first tile's m0 and in_step is the distance
// to the next tile's; product_bytes is the distance to the same tile's next product.
// out_step, residual_step and partner_step lead from a tile's first output to its second.
// weights are [product][in word][vectors * lanes].
typedef void nn_winograd_f23_fn(const struct nn_tile *args,
                                const struct nn_winograd_f23_tile *tiles, size_t product_bytes);

// The functions of one instruction set.
struct nn_winograd_f23_set {
    int lanes; // floats in a vector
    // By number of vectors (index 0: one): the most tiles per call, and the microkernel for
    // each number of tiles (index 0: one).
    int tiles_max[NN_TILE_VECTORS_MAX];
    nn_winograd_f23_fn *const *microkernels[NN_TILE_VECTORS_MAX];
    nn_winograd_f23_transform_fn *transform;
};

// Whether this convolution can be computed by F(2, 3), and faster than directly.
bool nn_winograd_f23_pays(const struct nn_conv *conv);

// As nn_conv_fn, nn_conv_size_fn and nn_conv_pack_fn. Only where it pays.
void nn_winograd_f23(const struct nn_winograd_f23_set *set, const struct nn_conv *conv,
                     const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch);
size_t nn_winograd_f23_weights(const struct nn_winograd_f23_set *set, const struct nn_conv *conv);
size_t nn_winograd_f23_scratch(const struct nn_winograd_f23_set *set, const struct nn_conv *conv);
void nn_winograd_f23_pack(const struct nn_winograd_f23_set *set, const struct nn_conv *conv,
                          const float *plain, float *packed);
