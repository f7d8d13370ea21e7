// The vectors that conv_tile.h requires, for AVX-512: 16 floats, with loads and stores of
// bytes and bfloat16.
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

enum { LANES = 16 };

typedef __m512 vec;

#define VEC(op) _mm512_##op##_ps
#include "nn/kernels/x86/vec_common.h"

static inline __mmask16 mask_first(int count)
{
    return (__mmask16)((1u << count) - 1);
}

static inline vec vec_load_first(const float *p, int count)
{
    return _mm512_maskz_loadu_ps(mask_first(count), p);
}

static inline void vec_store_first(float *p, vec v, int count)
{
    _mm512_mask_storeu_ps(p, mask_first(count), v);
}

static inline float vec_sum(vec v)
{
    return _mm512_reduce_add_ps(v);
}

typedef __m512i ivec;

static inline ivec ivec_set1(int x)
{
    return _mm512_set1_epi32(x);
}

static inline ivec ivec_zero(void)
{
    return _mm512_setzero_si512();
}

// ivec_of keeps the bits, vec_of the numeric values.
static inline ivec ivec_of(vec v)
{
    return _mm512_castps_si512(v);
}

static inline vec vec_of(ivec v)
{
    return _mm512_cvtepi32_ps(v);
}

// a0 b0 a1 b1 …
static inline void vec_interleave(vec a, vec b, vec *low, vec *high)
{
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i second =
        _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    *low = _mm512_permutex2var_ps(a, first, b);
    *high = _mm512_permutex2var_ps(a, second, b);
}

// Loads count numbers and converts them to float; the other lanes are zero.
static inline vec vec_load_u8(const uint8_t *p, int count)
{
    __mmask16 mask = count >= LANES ? 0xffff : mask_first(count);
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, p)));
}

static inline vec vec_load_bf16(const uint16_t *p, int count)
{
    __mmask16 mask = count >= LANES ? 0xffff : mask_first(count);
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

// Stores the first count bytes of v, at most 32.
static inline void store_bytes(uint8_t *p, __m256i v, int count)
{
    _mm256_mask_storeu_epi8(p, count >= 32 ? ~0u : (1u << count) - 1, v);
}

// Rounds v, clamps it to 0 to 255 and stores it as channels c, c + 1, ... of out; with a
// partner, interleaved with the partner's channels as channels 2 c, 2 c + 1, ...
static inline void vec_store_u8(vec v, uint8_t *out, const uint8_t *partner, bool partner_first,
                                int c, int count)
{
    __m512i whole = _mm512_max_epi32(_mm512_cvtps_epi32(v), _mm512_setzero_si512());
    __m128i own = _mm512_cvtusepi32_epi8(whole);
    count = count < LANES ? count : LANES;
    if (partner == NULL) {
        store_bytes(out + c, _mm256_castsi128_si256(own), count);
        return;
    }
    __m128i other = _mm_maskz_loadu_epi8((__mmask16)((1u << count) - 1), partner + c);
    __m128i even = partner_first ? other : own, odd = partner_first ? own : other;
    __m256i both = _mm256_set_m128i(_mm_unpackhi_epi8(even, odd), _mm_unpacklo_epi8(even, odd));
    store_bytes(out + 2 * c, both, 2 * count);
}

// Rounds to the nearest bfloat16, ties to even.
static inline __m256i vec_round_bf16(vec v)
{
#if defined(__AVX512BF16__)
    return (__m256i)_mm512_cvtneps_pbh(v);
#else
    __m512i bits = _mm512_castps_si512(v);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    bits = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(bits, 16));
#endif
}

#define PACKS_U8

// Rounds four vectors, clamps them to 0 to 255 and packs them, a's bytes first.
static inline ivec pack_u8(vec a, vec b, vec c, vec d)
{
    const __m512i ab = _mm512_packs_epi32(_mm512_cvtps_epi32(a), _mm512_cvtps_epi32(b));
    const __m512i cd = _mm512_packs_epi32(_mm512_cvtps_epi32(c), _mm512_cvtps_epi32(d));
    // Packing works within 128 bits, so each quarter holds a quarter of every vector.
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(ab, cd));
}

// Stores one vector's bytes, or those of two, from a pack; with a partner, interleaved with
// as many bytes of it. at is constant; of a pair, 0 or 2.
static inline void pack_store(ivec pack, const int at, uint8_t *out, const uint8_t *partner,
                              bool partner_first)
{
    const __m128i own = at == 0   ? _mm512_castsi512_si128(pack)
                        : at == 1 ? _mm512_extracti32x4_epi32(pack, 1)
                        : at == 2 ? _mm512_extracti32x4_epi32(pack, 2)
                                  : _mm512_extracti32x4_epi32(pack, 3);
    if (partner == NULL) {
        _mm_storeu_si128((__m128i *)out, own);
        return;
    }
    const __m256i wide = _mm256_cvtepu8_epi16(own);
    const __m256i other = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)partner));
    _mm256_storeu_si256((__m256i *)out, partner_first
                                            ? _mm256_or_si256(other, _mm256_slli_epi16(wide, 8))
                                            : _mm256_or_si256(wide, _mm256_slli_epi16(other, 8)));
}

static inline void pack_store_pair(ivec pack, const int at, uint8_t *out, const uint8_t *partner,
                                   bool partner_first)
{
    const __m256i own = at == 0 ? _mm512_castsi512_si256(pack) : _mm512_extracti64x4_epi64(pack, 1);
    if (partner == NULL) {
        _mm256_storeu_si256((__m256i *)out, own);
        return;
    }
    const __m512i wide = _mm512_cvtepu8_epi16(own);
    const __m512i other = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)partner));
    _mm512_storeu_si512(out, partner_first ? _mm512_or_si512(other, _mm512_slli_epi16(wide, 8))
                                           : _mm512_or_si512(wide, _mm512_slli_epi16(other, 8)));
}

// As vec_store_u8, rounding to the nearest bfloat16, ties to even.
static inline void vec_store_bf16(vec v, uint16_t *out, const uint16_t *partner, bool partner_first,
                                  int c, int count)
{
    __m256i own = vec_round_bf16(v);
    count = count < LANES ? count : LANES;
    const __mmask16 mask = (__mmask16)((1u << count) - 1);
    if (partner == NULL) {
        _mm256_mask_storeu_epi16(out + c, mask, own);
        return;
    }
    __m256i other = _mm256_maskz_loadu_epi16(mask, partner + c);
    __m256i even = partner_first ? other : own, odd = partner_first ? own : other;
    __m256i low = _mm256_unpacklo_epi16(even, odd), high = _mm256_unpackhi_epi16(even, odd);
    __m512i both =
        _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_permute2x128_si256(low, high, 0x20)),
                           _mm256_permute2x128_si256(low, high, 0x31), 1);
    _mm512_mask_storeu_epi16(out + 2 * c, count == LANES ? ~0u : (1u << 2 * count) - 1, both);
}
