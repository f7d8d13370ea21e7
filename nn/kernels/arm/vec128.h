// The vectors that conv_tile.h requires, for NEON: 4 floats, with loads and stores of bytes
// and bfloat16.
#pragma once

#include <arm_neon.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 4 };

typedef float32x4_t vec;

static inline vec vec_load(const float *p)
{
    return vld1q_f32(p);
}

static inline void vec_store(float *p, vec v)
{
    vst1q_f32(p, v);
}

static inline vec vec_set1(float x)
{
    return vdupq_n_f32(x);
}

static inline vec vec_zero(void)
{
    return vdupq_n_f32(0);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return vfmaq_f32(c, a, b);
}

static inline vec vec_add(vec a, vec b)
{
    return vaddq_f32(a, b);
}

static inline vec vec_sub(vec a, vec b)
{
    return vsubq_f32(a, b);
}

static inline vec vec_mul(vec a, vec b)
{
    return vmulq_f32(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return vmaxq_f32(a, b);
}

static inline vec vec_min(vec a, vec b)
{
    return vminq_f32(a, b);
}

static inline float vec_sum(vec v)
{
    return vaddvq_f32(v);
}

// The first count lanes, fewer than all; loading zeros the others.
static inline vec vec_load_first(const float *p, int count)
{
    const float32x2_t none = vdup_n_f32(0);
    const float32x2_t low = count & 2 ? vld1_f32(p) : vld1_lane_f32(p, none, 0);
    return vcombine_f32(low, count == 3 ? vld1_lane_f32(p + 2, none, 0) : none);
}

static inline void vec_store_first(float *p, vec v, int count)
{
    float32x2_t rest = vget_low_f32(v);
    if (count & 2) {
        vst1_f32(p, rest);
        p += 2;
        rest = vget_high_f32(v);
    }
    if (count & 1) {
        vst1_lane_f32(p, rest, 0);
    }
}

typedef int32x4_t ivec;

static inline ivec ivec_set1(int x)
{
    return vdupq_n_s32(x);
}

static inline ivec ivec_zero(void)
{
    return vdupq_n_s32(0);
}

// ivec_of keeps the bits, vec_of the numeric values.
static inline ivec ivec_of(vec v)
{
    return vreinterpretq_s32_f32(v);
}

static inline vec vec_of(ivec v)
{
    return vcvtq_f32_s32(v);
}

// a0 b0 a1 b1 …
static inline void vec_interleave(vec a, vec b, vec *low, vec *high)
{
    *low = vzip1q_f32(a, b);
    *high = vzip2q_f32(a, b);
}

// The first `bytes` bytes at p, at most 8; the rest is zero.
static inline uint8x8_t load_bytes(const void *p, size_t bytes)
{
    uint64_t bits = 0;
    memcpy(&bits, p, bytes);
    return vcreate_u8(bits);
}

// Stores the first `bytes` bytes of v, at most 16.
static inline void store_bytes(void *p, uint8x16_t v, size_t bytes)
{
    memcpy(p, &v, bytes);
}

// Loads count numbers and converts them to float; the other lanes are zero.
static inline vec vec_load_u8(const uint8_t *p, int count)
{
    const uint8x8_t bytes = count >= LANES ? load_bytes(p, LANES) : load_bytes(p, (size_t)count);
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
}

static inline uint16x4_t load_halves(const uint16_t *p, int count)
{
    return vreinterpret_u16_u8(count >= LANES ? load_bytes(p, 2 * LANES)
                                              : load_bytes(p, 2 * (size_t)count));
}

static inline vec vec_load_bf16(const uint16_t *p, int count)
{
    return vreinterpretq_f32_u32(vshll_n_u16(load_halves(p, count), 16));
}

// Rounds v, clamps it to 0 to 255 and stores it as channels c, c + 1, ... of out; with a
// partner, interleaved with the partner's channels as channels 2 c, 2 c + 1, ...
static inline void vec_store_u8(vec v, uint8_t *out, const uint8_t *partner, bool partner_first,
                                int c, int count)
{
    const uint16x4_t halves = vqmovun_s32(vcvtnq_s32_f32(v));
    const uint8x8_t own = vqmovn_u16(vcombine_u16(halves, halves));
    const size_t bytes = count < LANES ? (size_t)count : LANES;
    if (partner != NULL) {
        const uint8x8_t other = load_bytes(partner + c, bytes);
        const uint8x8_t both = partner_first ? vzip1_u8(other, own) : vzip1_u8(own, other);
        store_bytes(out + 2 * c, vcombine_u8(both, both), 2 * bytes);
    } else if (count >= LANES) {
        store_bytes(out + c, vcombine_u8(own, own), LANES);
    } else {
        store_bytes(out + c, vcombine_u8(own, own), bytes);
    }
}

// As vec_store_u8, rounding to the nearest bfloat16, ties to even.
static inline void vec_store_bf16(vec v, uint16_t *out, const uint16_t *partner, bool partner_first,
                                  int c, int count)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(v);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint16x4_t own = vaddhn_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    const int halves = count < LANES ? count : LANES;
    if (partner != NULL) {
        const uint16x4_t other = load_halves(partner + c, halves);
        const uint16x4_t even = partner_first ? other : own, odds = partner_first ? own : other;
        const uint16x8_t both = vcombine_u16(vzip1_u16(even, odds), vzip2_u16(even, odds));
        store_bytes(out + 2 * c, vreinterpretq_u8_u16(both), 4 * (size_t)halves);
    } else {
        const uint8x16_t both = vreinterpretq_u8_u16(vcombine_u16(own, own));
        store_bytes(out + c, both, 2 * (size_t)halves);
    }
}
