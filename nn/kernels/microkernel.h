// The microkernel's interface: the inner loop of the direct convolution, compiled once per
// instruction set and input type (conv_tile.h), the tile that it computes, and the layout
// of the weights that it reads.
//
// A tile is a few output pixels on a line of constant step (along a row, or down a column)
// times a block of output channels. Its sums stay in registers while taps and input
// channels go by. There are two microkernels:
//   generic  any taps; each tap shifts the line
//   conv1d   three taps one line step apart (3x1 and 1x3): an input is broadcast once and
//            serves the three sums that it contributes to
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/kernels/conv_dot.h"
#include "nn/kernels/kernels.h"

enum {
    NN_TILE_VECTORS_MAX = 3, // vectors of output channels in a block
    NN_TILE_PIXELS_MAX = 24, // pixels in a tile
};

// A tap that lies within the map for every pixel of the line. Neighbouring taps of a row
// whose pixels are adjacent in memory are merged into one with more channels.
struct nn_valid_tap {
    ptrdiff_t offset; // bytes from the line's input pixel
    int tap;          // index of the (first) tap, which selects the weights
    int words;        // of input
};

// A tile. Steps are bytes from one pixel of the line to the next. Inputs are read one
// 32-bit word at a time: one float, two bfloat16 or four bytes, of adjacent channels. A
// vector of weights holds as many for each lane.
struct nn_tile {
    const char *in; // the first pixel's input, at tap 0, 0
    size_t in_step;
    const struct nn_valid_tap *valid_taps; // generic
    int valid_tap_count;                   // generic
    bool has_before, has_after;            // conv1d: whether the line goes on beyond the tile
    int in_words;                          // per tap
    int channels;                          // output channels; the last vector may be partial
    const float *weights;                  // [tap][in word][vectors * lanes] words
    const float *bias;                     // [vectors * lanes]
    const float *scale;                    // U8: like bias
    const float *pre_slope, *slope;        // like bias; NULL: none
    char *out;
    size_t out_step;
    const char *residual; // NULL: none
    size_t residual_step;
    int residual_channels; // counted from the block's first
    const char *partner;   // NULL: none
    size_t partner_step;
    bool partner_first, relu;
    enum nn_type out_type;             // of residual and partner, too
    float out_inverse, residual_scale; // U8
};

typedef void nn_microkernel_fn(const struct nn_tile *tile);

// The microkernels of one instruction set for one input type.
struct nn_microkernel_set {
    int lanes; // words in a vector
    // By number of vectors (index 0: one): the most pixels in a tile, and the function for
    // each number of pixels (index 0: one). conv1d may be missing.
    int generic_pixels[NN_TILE_VECTORS_MAX], conv1d_pixels[NN_TILE_VECTORS_MAX];
    nn_microkernel_fn *const *generic[NN_TILE_VECTORS_MAX];
    nn_microkernel_fn *const *conv1d[NN_TILE_VECTORS_MAX];
    nn_dot_fn *dot;
    // Releases processor state kept between tiles (AMX); NULL: there is none.
    void (*release)(void);
    // Differences in the layout of weights, for NN_U8: before each tap's rows one of 128
    // times the tap's sum, in int32; for all types: the words of every two rows of a tap
    // alternate.
    bool has_tap_sums, pairs_rows;
};

// Fills in the tile for the first block of output channels: all but the pointers and steps
// that depend on the line.
void nn_tile_init(struct nn_tile *tile, const struct nn_conv *conv,
                  const struct nn_conv_maps *maps);

// Advances to the next block: weight_rows vectors of `width` weights further.
void nn_tile_next_block(struct nn_tile *tile, size_t weight_rows, int width);

// How many vectors the next block takes when `left` vectors remain.
int nn_tile_block_vectors(int left);

// How many vectors hold the output channels.
int nn_tile_vectors(const struct nn_microkernel_set *set, const struct nn_conv *conv);

// Input words per tap.
int nn_conv_words(const struct nn_conv *conv);

// Rows of weights per tap: one per input word, and the tap sums.
int nn_microkernel_tap_rows(const struct nn_microkernel_set *set, const struct nn_conv *conv);

// Whether the taps are those of a 3x1 or 1x3 kernel with the output at its centre.
bool nn_conv_is_1d(const struct nn_conv *conv);

// Packs weights in the layout of nn_tile, block after block; see nn_conv_pack_fn.
size_t nn_microkernel_weights(const struct nn_microkernel_set *set, const struct nn_conv *conv);
void nn_microkernel_pack(const struct nn_microkernel_set *set, const struct nn_conv *conv,
                         const float *plain, float *packed);
