// The microkernels (microkernel.h), written once for all vector widths: the files
// x86/tiles_*.c define what a vector is and include this.
//
// Requires:
//   LANES, and vec, a vector of LANES floats, with vec_load, vec_store, vec_set1, vec_zero,
//   vec_add, vec_mul, vec_max, vec_min, vec_fma; vec_load_first(p, n) and
//   vec_store_first(p, v, n); vec_interleave(a, b, &low, &high); vec_load_u8,
//   vec_load_bf16, vec_store_u8, vec_store_bf16 (see x86/vec256.h)
//   word, one input word in every lane, with word_load(p)
//   acc, a vector of sums, with acc_start(bias), acc_add(word, weights, sum) and
//   acc_value(sum, tile, channel)
//   HAS_ADD_WORDS, optionally: add_words is already defined
//   NARROW: INLINE where most maps are U8 or BF16; CALLED where those are so rare that
//   inlining them would only bloat the microkernels
// Optional: PACKS_U8, and what tile_store_u8.h requires.

#include <stddef.h>

#include "nn/kernels/microkernel.h"
#include "nn/kernels/unroll.h"

enum { SUMS_MAX = 28 }; // vectors of sums per tile

// Loads count floats and zeros the other lanes; stores the first count lanes.
INLINE vec load_part(const float *in, int count)
{
    return count >= LANES ? vec_load(in) : vec_load_first(in, count);
}

INLINE void store_part(float *out, vec value, int count)
{
    if (count >= LANES) {
        vec_store(out, value);
    } else if (count > 0) {
        vec_store_first(out, value, count);
    }
}

// PReLU: negative numbers times their slopes.
INLINE vec vec_slope(vec value, const float *slopes)
{
    return vec_fma(vec_min(value, vec_zero()), vec_load(slopes), vec_max(value, vec_zero()));
}

NARROW vec load_narrow(const struct nn_tile *tile, const char *in, int c, int count)
{
    return tile->out_type == NN_U8 ? vec_mul(vec_load_u8((const uint8_t *)in + c, count),
                                             vec_set1(tile->residual_scale))
                                   : vec_load_bf16((const uint16_t *)in + c, count);
}

INLINE vec load_residual(const struct nn_tile *tile, const struct nn_tile *whole, int p, int c)
{
    const int count = tile->residual_channels - c;
    if (count <= 0) {
        return vec_zero();
    }
    const char *in = tile->residual + (size_t)p * tile->residual_step;
    return tile->out_type == NN_F32 ? load_part((const float *)in + c, count)
                                    : load_narrow(whole, in, c, count);
}

NARROW void store_narrow(const struct nn_tile *tile, char *out, const char *partner, int c,
                         int count, vec value)
{
    if (tile->out_type == NN_U8) {
        vec_store_u8(vec_mul(value, vec_set1(tile->out_inverse)), (uint8_t *)out,
                     (const uint8_t *)partner, tile->partner_first, c, count);
    } else {
        vec_store_bf16(value, (uint16_t *)out, (const uint16_t *)partner, tile->partner_first, c,
                       count);
    }
}

INLINE void store_f32(const struct nn_tile *tile, float *out, const float *partner, int c,
                      int count, vec value)
{
    if (partner == NULL) {
        store_part(out + c, value, count);
        return;
    }
    vec other = load_part(partner + c, count), low, high;
    if (tile->partner_first) {
        vec_interleave(other, value, &low, &high);
    } else {
        vec_interleave(value, other, &low, &high);
    }
    store_part(out + 2 * c, low, 2 * count);
    store_part(out + 2 * c + LANES, high, 2 * count - LANES);
}

// The epilogue (activation, residual, activation, shuffle) and the store of pixel p,
// channels c to c + LANES - 1. tile is a copy of `whole` to which nothing else points: no
// store can alias it, so the compiler need not reload it for every vector.
INLINE void tile_store(const struct nn_tile *tile, const struct nn_tile *whole, int p, int c,
                       vec value)
{
    const int count = tile->channels - c;
    if (tile->pre_slope != NULL) {
        value = vec_slope(value, tile->pre_slope + c);
    }
    if (tile->residual != NULL) {
        value = vec_add(value, load_residual(tile, whole, p, c));
    }
    if (tile->relu) {
        value = vec_max(value, vec_zero());
    } else if (tile->slope != NULL) {
        value = vec_slope(value, tile->slope + c);
    }
    char *out = tile->out + (size_t)p * tile->out_step;
    const char *partner =
        tile->partner == NULL ? NULL : tile->partner + (size_t)p * tile->partner_step;
    if (tile->out_type != NN_F32) {
        store_narrow(whole, out, partner, c, count, value);
        return;
    }
    store_f32(tile, (float *)out, (const float *)partner, c, count, value);
}

// Pixel p of a line is at base[p / 4] + (p % 4) * step, which fits x86's addressing modes.
INLINE word line_get(const char *const *base, size_t step, int p, ptrdiff_t at)
{
    const char *pixel = base[p / 4] + (p % 4 == 3 ? 3 * step : (size_t)(p % 4) * step);
    return word_load(pixel + at * (ptrdiff_t)sizeof(float));
}

INLINE void line_start(const char **base, const char *first, size_t step, int pixels)
{
    UNROLL
    for (int i = 0; i < (pixels + 3) / 4; i++) {
        base[i] = first + (size_t)(4 * i) * step;
    }
}

#if !defined(HAS_ADD_WORDS)
// Adds the products of adjacent words of each pixel, with as many rows of weights, to the
// sums.
INLINE void add_words(const char *in, size_t step, ptrdiff_t words, const float *weights, acc *sum,
                      const int pixels, const int vectors)
{
    const char *base[NN_TILE_PIXELS_MAX / 4];
    line_start(base, in, step, pixels);
    for (ptrdiff_t c = 0; c < words; c++, weights += vectors * LANES) {
        vec weight[NN_TILE_VECTORS_MAX];
        UNROLL
        for (int v = 0; v < vectors; v++) {
            weight[v] = vec_load(weights + v * LANES);
        }
        UNROLL
        for (int p = 0; p < pixels; p++) {
            word input = line_get(base, step, p, c);
            UNROLL
            for (int v = 0; v < vectors; v++) {
                sum[p * vectors + v] = acc_add(input, weight[v], sum[p * vectors + v]);
            }
        }
    }
}
#endif

INLINE void sums_start(const struct nn_tile *tile, acc *sum, const int pixels, const int vectors)
{
    UNROLL
    for (int p = 0; p < pixels; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            sum[p * vectors + v] = acc_start(tile->bias + v * LANES);
        }
    }
}

// The sums of any tile, by loops that take little code.
CALLED void sums_store_any(const struct nn_tile *tile, const acc *sum, int pixels, int vectors)
{
    const struct nn_tile at = *tile;
    for (int p = 0; p < pixels; p++) {
        for (int v = 0; v < vectors; v++, sum++) {
            tile_store(&at, tile, p, v * LANES, acc_value(*sum, &at, v * LANES));
        }
    }
}

INLINE void sums_store_called(const struct nn_tile *tile, const acc *sum, const int pixels,
                              const int vectors)
{
    acc copy[SUMS_MAX]; // so that the sums themselves need not be in memory
    UNROLL
    for (int i = 0; i < pixels * vectors; i++) {
        copy[i] = sum[i];
    }
    sums_store_any(tile, copy, pixels, vectors);
}

#if defined(PACKS_U8) && (defined(BYTE_INPUT) || defined(FLOAT_INPUT))
#include "nn/kernels/tile_store_u8.h"
#endif

#if defined(PACKS_U8) && defined(BYTE_INPUT)
INLINE void sums_store(const struct nn_tile *tile, const acc *sum, const int pixels,
                       const int vectors)
{
    if (tile_packs_u8(tile, vectors)) {
        sums_store_u8(tile, sum, pixels, vectors);
    } else {
        sums_store_called(tile, sum, pixels, vectors);
    }
}
#elif defined(FLOAT_INPUT)
#include "nn/kernels/tile_store_f32.h"

INLINE void sums_store(const struct nn_tile *tile, acc *sum, const int pixels, const int vectors)
{
    if (tile_stores_f32(tile, vectors)) {
        sums_store_f32(tile, sum, pixels, vectors);
        return;
    }
#if defined(PACKS_U8)
    if (tile_packs_u8(tile, vectors)) {
        sums_store_u8(tile, sum, pixels, vectors);
        return;
    }
#endif
    sums_store_called(tile, sum, pixels, vectors);
}
#else
INLINE void sums_store(const struct nn_tile *tile, const acc *sum, const int pixels,
                       const int vectors)
{
    const struct nn_tile at = *tile;
    UNROLL
    for (int p = 0; p < pixels; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            tile_store(&at, tile, p, v * LANES, acc_value(sum[p * vectors + v], &at, v * LANES));
        }
    }
}
#endif

// pixels and vectors are constants in every call, so that all loops over them are unrolled
// and the sums live in registers.
INLINE void tile_generic(const struct nn_tile *tile, const int pixels, const int vectors)
{
    acc sum[SUMS_MAX];
    sums_start(tile, sum, pixels, vectors);
    const size_t step = tile->in_step;
    const ptrdiff_t in_words = tile->in_words;
    for (int t = 0; t < tile->valid_tap_count; t++) {
        const char *in = tile->in + tile->valid_taps[t].offset;
        const float *weights = tile->weights + tile->valid_taps[t].tap * in_words * vectors * LANES;
        add_words(in, step, tile->valid_taps[t].words, weights, sum, pixels, vectors);
    }
    sums_store(tile, sum, pixels, vectors);
}

// Input q of the line, counted from one before the tile, contributes to sums q - 2 (by the
// third tap), q - 1 (by the second) and q (by the first).
INLINE void tile_conv1d(const struct nn_tile *tile, const int pixels, const int vectors)
{
    acc sum[SUMS_MAX];
    sums_start(tile, sum, pixels, vectors);
    const size_t step = tile->in_step;
    const ptrdiff_t in_words = tile->in_words, width = vectors * LANES;
    const char *base[(NN_TILE_PIXELS_MAX + 2 + 3) / 4];
    line_start(base, tile->in - tile->in_step, step, pixels + 2);
    const float *weights = tile->weights;
    const bool has_before = tile->has_before, has_after = tile->has_after;
    for (ptrdiff_t c = 0; c < in_words; c++, weights += width) {
        vec first[NN_TILE_VECTORS_MAX], middle[NN_TILE_VECTORS_MAX], last[NN_TILE_VECTORS_MAX];
        UNROLL
        for (int v = 0; v < vectors; v++) {
            first[v] = vec_load(weights + v * LANES);
            middle[v] = vec_load(weights + in_words * width + v * LANES);
            last[v] = vec_load(weights + 2 * in_words * width + v * LANES);
        }
        UNROLL
        for (int q = 0; q < pixels + 2; q++) {
            if ((q == 0 && !has_before) || (q == pixels + 1 && !has_after)) {
                continue;
            }
            word input = line_get(base, step, q, c);
            UNROLL
            for (int v = 0; v < vectors; v++) {
                if (q < pixels) {
                    sum[q * vectors + v] = acc_add(input, first[v], sum[q * vectors + v]);
                }
                if (q >= 1 && q <= pixels) {
                    acc *at = &sum[(q - 1) * vectors + v];
                    *at = acc_add(input, middle[v], *at);
                }
                if (q >= 2) {
                    acc *at = &sum[(q - 2) * vectors + v];
                    *at = acc_add(input, last[v], *at);
                }
            }
        }
    }
    sums_store(tile, sum, pixels, vectors);
}

#define MICROKERNEL_NAME(kind, vectors, pixels) kind##_##vectors##_##pixels,
#define MICROKERNEL(kind, vectors, pixels)                                                         \
    static void kind##_##vectors##_##pixels(const struct nn_tile *tile)                            \
    {                                                                                              \
        tile_##kind(tile, pixels, vectors);                                                        \
    }

// clang-format off
#define UP_TO_1(each, kind, vectors) each(kind, vectors, 1)
#define UP_TO_2(each, kind, vectors) UP_TO_1(each, kind, vectors) each(kind, vectors, 2)
#define UP_TO_3(each, kind, vectors) UP_TO_2(each, kind, vectors) each(kind, vectors, 3)
#define UP_TO_4(each, kind, vectors) UP_TO_3(each, kind, vectors) each(kind, vectors, 4)
#define UP_TO_5(each, kind, vectors) UP_TO_4(each, kind, vectors) each(kind, vectors, 5)
#define UP_TO_6(each, kind, vectors) UP_TO_5(each, kind, vectors) each(kind, vectors, 6)
#define UP_TO_7(each, kind, vectors) UP_TO_6(each, kind, vectors) each(kind, vectors, 7)
#define UP_TO_8(each, kind, vectors) UP_TO_7(each, kind, vectors) each(kind, vectors, 8)
#define UP_TO_9(each, kind, vectors) UP_TO_8(each, kind, vectors) each(kind, vectors, 9)
#define UP_TO_10(each, kind, vectors) UP_TO_9(each, kind, vectors) each(kind, vectors, 10)
#define UP_TO_11(each, kind, vectors) UP_TO_10(each, kind, vectors) each(kind, vectors, 11)
#define UP_TO_12(each, kind, vectors) UP_TO_11(each, kind, vectors) each(kind, vectors, 12)
#define UP_TO_13(each, kind, vectors) UP_TO_12(each, kind, vectors) each(kind, vectors, 13)
#define UP_TO_14(each, kind, vectors) UP_TO_13(each, kind, vectors) each(kind, vectors, 14)
#define UP_TO_15(each, kind, vectors) UP_TO_14(each, kind, vectors) each(kind, vectors, 15)
#define UP_TO_16(each, kind, vectors) UP_TO_15(each, kind, vectors) each(kind, vectors, 16)
#define UP_TO_17(each, kind, vectors) UP_TO_16(each, kind, vectors) each(kind, vectors, 17)
#define UP_TO_18(each, kind, vectors) UP_TO_17(each, kind, vectors) each(kind, vectors, 18)
#define UP_TO_19(each, kind, vectors) UP_TO_18(each, kind, vectors) each(kind, vectors, 19)
#define UP_TO_20(each, kind, vectors) UP_TO_19(each, kind, vectors) each(kind, vectors, 20)
#define UP_TO_21(each, kind, vectors) UP_TO_20(each, kind, vectors) each(kind, vectors, 21)
#define UP_TO_22(each, kind, vectors) UP_TO_21(each, kind, vectors) each(kind, vectors, 22)
#define UP_TO_23(each, kind, vectors) UP_TO_22(each, kind, vectors) each(kind, vectors, 23)
#define UP_TO_24(each, kind, vectors) UP_TO_23(each, kind, vectors) each(kind, vectors, 24)
// clang-format on

// Defines the functions for 1 pixel, 2 pixels, ... and their table, kind_vectors.
#define MICROKERNELS(kind, vectors, up_to)                                                         \
    up_to(MICROKERNEL, kind, vectors) static nn_microkernel_fn *const kind##_##vectors[] = {       \
        up_to(MICROKERNEL_NAME, kind, vectors)                                                     \
    };

// Defines the set called name. For one, two and three vectors, its generic tiles have up to
// g1, g2, g3 pixels, its conv1d tiles up to c1, c2, c3. Requires dot.
#define MICROKERNEL_SET(name, g1, g2, g3, c1, c2, c3)                                              \
    MICROKERNELS(generic, 1, UP_TO_##g1)                                                           \
    MICROKERNELS(generic, 2, UP_TO_##g2)                                                           \
    MICROKERNELS(generic, 3, UP_TO_##g3)                                                           \
    MICROKERNELS(conv1d, 1, UP_TO_##c1)                                                            \
    MICROKERNELS(conv1d, 2, UP_TO_##c2)                                                            \
    MICROKERNELS(conv1d, 3, UP_TO_##c3)                                                            \
    const struct nn_microkernel_set name = {                                                       \
        .lanes = LANES,                                                                            \
        .generic_pixels = { g1, g2, g3 },                                                          \
        .conv1d_pixels = { c1, c2, c3 },                                                           \
        .generic = { generic_1, generic_2, generic_3 },                                            \
        .conv1d = { conv1d_1, conv1d_2, conv1d_3 },                                                \
        .dot = dot,                                                                                \
    };
