#include "nn/kernels/microkernel.h"

#include <stdint.h>
#include <string.h>

#include "nn/kernels/number.h"

// Two vectors leave registers for many pixels; three avoid a last block of one.
int nn_tile_block_vectors(int left)
{
    return left == 1 ? 1 : left == 3 ? 3 : 2;
}

int nn_tile_vectors(const struct nn_microkernel_set *set, const struct nn_conv *conv)
{
    return (conv->out_channels + set->lanes - 1) / set->lanes;
}

// Numbers of the input's type per word.
static int per_word(const struct nn_conv *conv)
{
    return (int)(sizeof(float) / nn_type_size(conv->type));
}

int nn_conv_words(const struct nn_conv *conv)
{
    return (conv->in_channels + per_word(conv) - 1) / per_word(conv);
}

size_t nn_microkernel_weights(const struct nn_microkernel_set *set, const struct nn_conv *conv)
{
    return (size_t)conv->tap_count * (size_t)nn_microkernel_tap_rows(set, conv) *
           (size_t)(nn_tile_vectors(set, conv) * set->lanes);
}

int nn_microkernel_tap_rows(const struct nn_microkernel_set *set, const struct nn_conv *conv)
{
    return nn_conv_words(conv) + (set->has_tap_sums ? 1 : 0);
}

// The weight of one tap from input channel ci to output channel co; 0 if there is no such
// channel.
static float weight_at(const struct nn_conv *conv, const float *plain, int tap, int ci, int co)
{
    const size_t ins = (size_t)conv->in_channels, outs = (size_t)conv->out_channels;
    const bool exists = ci < conv->in_channels && co < conv->out_channels;
    return exists ? plain[((size_t)tap * ins + (size_t)ci) * outs + (size_t)co] : 0;
}

static void pack_tap_sums(const struct nn_conv *conv, const float *plain, int tap, int first,
                          int width, float *packed)
{
    for (int lane = 0; lane < width; lane++) {
        int32_t sum = 0;
        for (int ci = 0; ci < conv->in_channels; ci++) {
            sum += 128 * (int32_t)weight_at(conv, plain, tap, ci, first + lane);
        }
        memcpy(packed + lane, &sum, sizeof sum);
    }
}

// Where a word goes within its tap's rows.
static size_t word_index(const struct nn_microkernel_set *set, int words, int word, int lane,
                         int width)
{
    const int even = word & ~1;
    return (size_t)(set->pairs_rows && even + 1 < words ? even * width + 2 * lane + (word & 1)
                                                        : word * width + lane);
}

// Packs one tap for a block of output channels, `width` lanes wide: for each input word, and
// for each lane, the weights of the word's channels. Missing channels get zeros.
static void pack_tap(const struct nn_microkernel_set *set, const struct nn_conv *conv,
                     const float *plain, int tap, int first, int width, float *packed)
{
    const int per = per_word(conv), words = nn_conv_words(conv);
    for (int word = 0; word < words; word++) {
        for (int lane = 0; lane < width; lane++) {
            const size_t at = word_index(set, words, word, lane, width) * (size_t)per;
            for (int j = 0; j < per; j++) {
                nn_number_set_weight(conv->type, packed, at + (size_t)j,
                                     weight_at(conv, plain, tap, word * per + j, first + lane));
            }
        }
    }
}

void nn_microkernel_pack(const struct nn_microkernel_set *set, const struct nn_conv *conv,
                         const float *plain, float *packed)
{
    for (int left = nn_tile_vectors(set, conv), first = 0; left > 0;) {
        const int vectors = nn_tile_block_vectors(left), width = vectors * set->lanes;
        for (int tap = 0; tap < conv->tap_count; tap++) {
            if (set->has_tap_sums) {
                pack_tap_sums(conv, plain, tap, first, width, packed);
                packed += width;
            }
            pack_tap(set, conv, plain, tap, first, width, packed);
            packed += (size_t)nn_conv_words(conv) * (size_t)width;
        }
        left -= vectors;
        first += width;
    }
}

void nn_tile_init(struct nn_tile *tile, const struct nn_conv *conv, const struct nn_conv_maps *maps)
{
    *tile = (struct nn_tile){
        .in_words = nn_conv_words(conv),
        .channels = conv->out_channels,
        .weights = conv->weights,
        .bias = conv->bias,
        .scale = conv->scale,
        .pre_slope = conv->pre_slope,
        .slope = conv->slope,
        .residual_channels = maps->residual.channels,
        .out = maps->out.data,
        .residual = maps->residual.data,
        .partner = maps->partner.data,
        .partner_first = maps->partner_first,
        .relu = conv->relu,
        .out_type = conv->out_type,
        .out_inverse = 1 / maps->out.scale,
        .residual_scale = maps->residual.scale,
    };
}

void nn_tile_next_block(struct nn_tile *tile, size_t weight_rows, int width)
{
    const size_t bytes = (size_t)width * nn_type_size(tile->out_type);
    tile->channels -= width;
    tile->weights += weight_rows * (size_t)width;
    tile->bias += width;
    tile->scale = tile->scale == NULL ? NULL : tile->scale + width;
    tile->pre_slope = tile->pre_slope == NULL ? NULL : tile->pre_slope + width;
    tile->slope = tile->slope == NULL ? NULL : tile->slope + width;
    tile->residual_channels -= width;
    tile->out += tile->partner == NULL ? bytes : 2 * bytes;
    tile->residual = tile->residual == NULL ? NULL : tile->residual + bytes;
    tile->partner = tile->partner == NULL ? NULL : tile->partner + bytes;
}

bool nn_conv_is_1d(const struct nn_conv *conv)
{
    if (conv->tap_count != 3 || conv->stride != 1) {
        return false;
    }
    const struct nn_tap *taps = conv->taps;
    return taps[1].dy == 0 && taps[1].dx == 0 && taps[0].dy == -taps[2].dy &&
           taps[0].dx == -taps[2].dx && (taps[2].dy == 0) != (taps[2].dx == 0) &&
           taps[2].dy + taps[2].dx > 0;
}
