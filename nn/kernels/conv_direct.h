// The direct convolution: no gathering, no padding, taps outside the map cost
// nothing. This is its geometry, common to all vector widths; conv_tile.h is its
// inner loop, compiled per instruction set.
//
// An implicit matrix product in tiles: some output pixels on a line of constant
// step (along a row, or down a column) times a block of output channels, whose
// sums stay in registers while taps and input channels go by. The output is cut
// so that along each line every tap is either within the map for all pixels or
// outside for all. Two inner loops:
//   flat   any taps; each tap is a shift of the line
//   chain  three taps one line step apart (3x1 and 1x3): each input, once
//          broadcast, serves the three sums it belongs to
// The exception is a map of a few pixels and many channels, all of whose time goes
// into fetching weights: its windows are gathered, so that each weight is fetched
// once for all pixels.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/kernels/conv_dot.h"
#include "nn/kernels/kernels.h"

enum {
    NN_TILE_VECTORS_MAX = 3, // vectors of output channels in a block
    NN_TILE_PIXELS_MAX = 24, // pixels of a tile
};

// A tap that is within the map; or several, side by side in a row, where their
// pixels lie without a gap in memory: then they are as one of more channels.
struct nn_live_tap {
    ptrdiff_t offset; // bytes from the line's input pixel
    int tap;          // its index, for the weights
    int words;        // of input
};

// What a tile works on. Steps are bytes from one pixel of the line to the next.
// Inputs are read a word of 32 bits at a time: one float, two bfloat16 or four
// bytes, neighbours in channels. A vector of weights has as many for each lane.
struct nn_tile {
    const char *in; // the first pixel's input, at tap 0, 0
    size_t in_step;
    const struct nn_live_tap *live; // flat
    int live_count;                 // flat
    bool before, behind;            // chain: whether the line has inputs beyond the tile
    int in_words;                   // of one tap
    int channels;                   // output channels; the last vector may be a part
    const float *weights;           // [tap][in word][vectors * lanes] words
    const float *bias;              // [vectors * lanes]
    const float *scale;             // U8: as bias
    const float *inner, *slope;     // as bias; NULL: none
    char *out;
    size_t out_step;
    const char *residual; // NULL: none
    size_t residual_step;
    int residual_channels; // from the block's first on
    const char *partner;   // NULL: none
    size_t partner_step;
    bool partner_first, relu;
    enum nn_type out_type;             // and the residual's and the partner's
    float out_inverse, residual_scale; // U8
};

typedef void nn_tile_fn(const struct nn_tile *tile);

// The tile at the first block of output channels: all but the places that the
// lines decide.
void nn_tile_init(struct nn_tile *tile, const struct nn_conv *conv,
                  const struct nn_conv_maps *maps);

// On to the next block: weight_rows vectors of `width` weights further.
void nn_tile_next_block(struct nn_tile *tile, size_t weight_rows, int width);

// Words of one tap's input.
int nn_conv_words(const struct nn_conv *conv);

// How many vectors the block takes that starts when `left` vectors remain.
int nn_block_vectors(int left);

// Whether the taps are a 3x1 or 1x3 kernel's, the middle one in place.
bool nn_conv_is_chain(const struct nn_conv *conv);

// The inner loops of an instruction set for one type of input.
struct nn_tile_set {
    int lanes; // words in a vector
    // For each number of vectors (index 0: one), the most pixels a tile may have,
    // and its loop for each number of pixels (index 0: one). Chains may lack.
    int flat_pixels[NN_TILE_VECTORS_MAX], chain_pixels[NN_TILE_VECTORS_MAX];
    nn_tile_fn *const *flat[NN_TILE_VECTORS_MAX];
    nn_tile_fn *const *chain[NN_TILE_VECTORS_MAX];
    nn_dot_fn *dot;
    // Gives up what tiles keep of the processor from one to the next; NULL: nothing.
    void (*release)(void);
};

// scratch: nn_conv_direct_scratch floats.
void nn_conv_direct(const struct nn_tile_set *set, const struct nn_conv *conv,
                    const struct nn_conv_maps *maps, struct nn_rows rows, float *scratch);
size_t nn_conv_direct_scratch(const struct nn_conv *conv);
size_t nn_conv_direct_weights(const struct nn_tile_set *set, const struct nn_conv *conv);
void nn_conv_direct_pack(const struct nn_tile_set *set, const struct nn_conv *conv,
                         const float *plain, float *packed);
