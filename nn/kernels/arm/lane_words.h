// add_words for conv_tile.h where one instruction multiplies a vector by a lane of another:
// four words of each pixel are loaded at once, instead of one word into every lane.
//
// Requires:
//   words, a vector of four input words, with words_load(p) and words_load_first(p), which
//   loads one word into lane 0
//   acc, a vector of sums, with acc_add_lane(words, lane, weights, sum), a macro, since the
//   instruction holds the lane's number

#include <stddef.h>

#include "nn/kernels/microkernel.h"
#include "nn/kernels/unroll.h"

#define HAS_ADD_WORDS

// Adds the products of one word of each pixel.
#define ADD_LANE(lane)                                                                             \
    do {                                                                                           \
        UNROLL                                                                                     \
        for (int v = 0; v < vectors; v++, weights += LANES) {                                      \
            const vec weight = vec_load(weights);                                                  \
            UNROLL                                                                                 \
            for (int p = 0; p < pixels; p++) {                                                     \
                acc *to = &sum[p * vectors + v];                                                   \
                *to = acc_add_lane(input[p], lane, weight, *to);                                   \
            }                                                                                      \
        }                                                                                          \
    } while (0)

INLINE void add_words(const char *in, size_t step, ptrdiff_t count, const float *weights, acc *sum,
                      const int pixels, const int vectors)
{
    enum { QUAD = 4 * sizeof(float) };
    const ptrdiff_t end = count * (ptrdiff_t)sizeof(float);
    words input[NN_TILE_PIXELS_MAX];
    const char *pixel[NN_TILE_PIXELS_MAX];
    UNROLL
    for (int p = 0; p < pixels; p++) {
        pixel[p] = in + (size_t)p * step;
    }
    ptrdiff_t at = 0;
    for (; at + QUAD <= end; at += QUAD) {
        UNROLL
        for (int p = 0; p < pixels; p++) {
            input[p] = words_load(pixel[p] + at);
        }
        ADD_LANE(0);
        ADD_LANE(1);
        ADD_LANE(2);
        ADD_LANE(3);
    }
    for (; at < end; at += (ptrdiff_t)sizeof(float)) {
        UNROLL
        for (int p = 0; p < pixels; p++) {
            input[p] = words_load_first(pixel[p] + at);
        }
        ADD_LANE(0);
    }
}
