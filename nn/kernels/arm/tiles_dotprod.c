// Convolution microkernels for bytes: SDOT multiplies four signed inputs by four signed
// weights and adds in int32, exactly. Inputs are unsigned, so 128 is subtracted from them, and
// 128 times the sum of the weights added to the sums: of the taps that are within the map.
#if !defined(__ARM_FEATURE_DOTPROD)
#error "compile this file with -march=armv8.2-a+dotprod"
#endif

#include "nn/kernels/arm/vec128.h"

typedef int8x16_t words;
typedef ivec acc;

static inline words words_signed(ivec bytes)
{
    return vreinterpretq_s8_u8(veorq_u8(vreinterpretq_u8_s32(bytes), vdupq_n_u8(0x80)));
}

static inline words words_load(const char *p)
{
    return words_signed(vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)p)));
}

static inline words words_load_first(const char *p)
{
    return words_signed(vreinterpretq_s32_u8(vcombine_u8(load_bytes(p, 4), vdup_n_u8(0))));
}

#define acc_add_lane(input, lane, weights, sum)                                                    \
    vdotq_laneq_s32(sum, vreinterpretq_s8_f32(weights), input, lane)

// As tile_u8.h requires it, with the correction every time.
static inline ivec ivec_dot(ivec sum, ivec bytes, ivec weights)
{
    const int8x16_t factors = vreinterpretq_s8_s32(weights);
    const ivec half = vdotq_s32(ivec_zero(), factors, vdupq_n_s8(64));
    return vdotq_s32(vaddq_s32(sum, vaddq_s32(half, half)), factors, words_signed(bytes));
}

#include "nn/kernels/arm/kernels_arm.h"
#include "nn/kernels/arm/lane_words.h"
#include "nn/kernels/arm/microkernel_set.h"
#include "nn/kernels/tile_u8.h"

// Adds up the tap sums of the tile's valid taps: what its sums start from.
INLINE void add_tap_sums(const struct nn_tile *tile, ptrdiff_t tap_floats, ivec *start,
                         const int vectors)
{
    UNROLL
    for (int v = 0; v < vectors; v++) {
        start[v] = ivec_zero();
    }
    for (int t = 0; t < tile->valid_tap_count; t++) {
        const struct nn_valid_tap *tap = &tile->valid_taps[t];
        const float *sums = tile->weights + tap->tap * tap_floats;
        for (ptrdiff_t left = tap->words; left > 0; left -= tile->in_words, sums += tap_floats) {
            UNROLL
            for (int v = 0; v < vectors; v++) {
                start[v] = vaddq_s32(start[v], ivec_of(vec_load(sums + v * LANES)));
            }
        }
    }
}

INLINE void tile_offset(const struct nn_tile *tile, const int pixels, const int vectors)
{
    const ptrdiff_t in_words = tile->in_words, width = vectors * LANES;
    const ptrdiff_t tap_floats = (in_words + 1) * width;
    ivec start[NN_TILE_VECTORS_MAX];
    acc sum[SUMS_MAX];
    add_tap_sums(tile, tap_floats, start, vectors);
    UNROLL
    for (int i = 0; i < pixels * vectors; i++) {
        sum[i] = start[i % vectors];
    }
    for (int t = 0; t < tile->valid_tap_count; t++) {
        const struct nn_valid_tap *tap = &tile->valid_taps[t];
        const char *in = tile->in + tap->offset;
        const float *weights = tile->weights + tap->tap * tap_floats + width;
        // Merged taps one by one: each has a row of its sums.
        for (ptrdiff_t left = tap->words; left > 0; left -= in_words) {
            add_words(in, tile->in_step, in_words, weights, sum, pixels, vectors);
            in += in_words * (ptrdiff_t)sizeof(float);
            weights += tap_floats;
        }
    }
    sums_store(tile, sum, pixels, vectors);
}

#include "nn/kernels/arm/dot_u8.h"

ARM_SET(nn_microkernels_dotprod, offset, 12, 8, 6, .has_tap_sums = true)
