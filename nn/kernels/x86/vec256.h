// The vectors that conv_tile.h requires, for AVX2 and FMA: 8 floats, with loads and stores
// of bytes and bfloat16.
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 8 };

typedef __m256 vec;

#define VEC(op) _mm256_##op##_ps
#include "nn/kernels/x86/vec_common.h"

static inline __m256i mask_first(int count)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vec vec_load_first(const float *p, int count)
{
    return _mm256_maskload_ps(p, mask_first(count));
}

static inline void vec_store_first(float *p, vec v, int count)
{
    _mm256_maskstore_ps(p, mask_first(count), v);
}

static inline float vec_sum(vec v)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

typedef __m256i ivec;

static inline ivec ivec_set1(int x)
{
    return _mm256_set1_epi32(x);
}

static inline ivec ivec_zero(void)
{
    return _mm256_setzero_si256();
}

// ivec_of keeps the bits, vec_of the numeric values.
static inline ivec ivec_of(vec v)
{
    return _mm256_castps_si256(v);
}

static inline vec vec_of(ivec v)
{
    return _mm256_cvtepi32_ps(v);
}

// a0 b0 a1 b1 …
static inline void vec_interleave(vec a, vec b, vec *low, vec *high)
{
    vec even = _mm256_unpacklo_ps(a, b), odd = _mm256_unpackhi_ps(a, b);
    *low = _mm256_permute2f128_ps(even, odd, 0x20);
    *high = _mm256_permute2f128_ps(even, odd, 0x31);
}

// The first count bytes at p, at most 16; the rest is zero. Rarely used, so not inlined
// into every microkernel.
static __attribute__((noinline)) __m128i load_bytes(const void *p, int count)
{
    char bytes[16] = { 0 };
    memcpy(bytes, p, (size_t)count);
    return _mm_loadu_si128((const __m128i *)bytes);
}

// Stores the first count bytes of v, at most 16.
static __attribute__((noinline)) void store_bytes(void *p, __m128i v, int count)
{
    char bytes[16];
    _mm_storeu_si128((__m128i *)bytes, v);
    memcpy(p, bytes, (size_t)count);
}

// Loads count numbers and converts them to float; the other lanes are zero.
static inline vec vec_load_u8(const uint8_t *p, int count)
{
    __m128i bytes = count >= LANES ? _mm_loadl_epi64((const __m128i *)p) : load_bytes(p, count);
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
}

static inline vec vec_load_bf16(const uint16_t *p, int count)
{
    __m128i halves =
        count >= LANES ? _mm_loadu_si128((const __m128i *)p) : load_bytes(p, 2 * count);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

// Rounds v, clamps it to 0 to 255 and stores it as channels c, c + 1, ... of out; with a
// partner, interleaved with the partner's channels as channels 2 c, 2 c + 1, ...
static inline void vec_store_u8(vec v, uint8_t *out, const uint8_t *partner, bool partner_first,
                                int c, int count)
{
    v = _mm256_min_ps(_mm256_max_ps(v, vec_zero()), vec_set1(255));
    __m256i whole = _mm256_cvtps_epi32(v);
    __m128i own =
        _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    own = _mm_packus_epi16(own, own);
    if (partner == NULL && count >= LANES) {
        _mm_storel_epi64((__m128i *)(out + c), own);
    } else if (partner == NULL) {
        store_bytes(out + c, own, count);
    } else if (count >= LANES) {
        __m128i other = _mm_loadl_epi64((const __m128i *)(partner + c));
        _mm_storeu_si128((__m128i *)(out + 2 * c), partner_first ? _mm_unpacklo_epi8(other, own)
                                                                 : _mm_unpacklo_epi8(own, other));
    } else {
        __m128i other = load_bytes(partner + c, count);
        store_bytes(out + 2 * c,
                    partner_first ? _mm_unpacklo_epi8(other, own) : _mm_unpacklo_epi8(own, other),
                    2 * count);
    }
}

#define PACKS_U8

// Rounds four vectors, clamps them to 0 to 255 and packs them, a's bytes first.
static inline ivec pack_u8(vec a, vec b, vec c, vec d)
{
    const __m256i ab = _mm256_packs_epi32(_mm256_cvtps_epi32(a), _mm256_cvtps_epi32(b));
    const __m256i cd = _mm256_packs_epi32(_mm256_cvtps_epi32(c), _mm256_cvtps_epi32(d));
    // Packing works within 128 bits, so each half holds a half of every vector.
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(ab, cd), order);
}

static inline __m128i pack_half(ivec pack, const int at)
{
    return at < 2 ? _mm256_castsi256_si128(pack) : _mm256_extracti128_si256(pack, 1);
}

// Stores one vector's bytes, or those of two, from a pack; with a partner, interleaved with
// as many bytes of it. at is constant; of a pair, 0 or 2.
static inline void pack_store(ivec pack, const int at, uint8_t *out, const uint8_t *partner,
                              bool partner_first)
{
    const __m128i half = pack_half(pack, at), own = at % 2 == 0 ? half : _mm_srli_si128(half, 8);
    if (partner == NULL) {
        _mm_storel_epi64((__m128i *)out, own);
        return;
    }
    const __m128i other = _mm_loadl_epi64((const __m128i *)partner);
    _mm_storeu_si128((__m128i *)out,
                     partner_first ? _mm_unpacklo_epi8(other, own) : _mm_unpacklo_epi8(own, other));
}

static inline void pack_store_pair(ivec pack, const int at, uint8_t *out, const uint8_t *partner,
                                   bool partner_first)
{
    const __m128i own = pack_half(pack, at);
    if (partner == NULL) {
        _mm_storeu_si128((__m128i *)out, own);
        return;
    }
    const __m128i other = _mm_loadu_si128((const __m128i *)partner);
    const __m128i even = partner_first ? other : own, odd = partner_first ? own : other;
    _mm_storeu_si128((__m128i *)out, _mm_unpacklo_epi8(even, odd));
    _mm_storeu_si128((__m128i *)(out + 16), _mm_unpackhi_epi8(even, odd));
}

// As vec_store_u8, rounding to the nearest bfloat16, ties to even.
static inline void vec_store_bf16(vec v, uint16_t *out, const uint16_t *partner, bool partner_first,
                                  int c, int count)
{
    __m256i bits = _mm256_castps_si256(v);
    __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    bits = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    bits = _mm256_srli_epi32(bits, 16);
    __m128i own = _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    count = count < LANES ? count : LANES;
    if (partner == NULL) {
        store_bytes(out + c, own, 2 * count);
        return;
    }
    __m128i other = load_bytes(partner + c, 2 * count);
    __m128i even = partner_first ? other : own, odds = partner_first ? own : other;
    store_bytes(out + 2 * c, _mm_unpacklo_epi16(even, odds), count < 4 ? 4 * count : 16);
    if (count > 4) {
        store_bytes(out + 2 * c + LANES, _mm_unpackhi_epi16(even, odds), 4 * count - 16);
    }
}
