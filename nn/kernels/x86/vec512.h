// What conv_tile.h wants of AVX-512: vectors of 16 floats, and bytes and bfloat16
// in and out of memory.
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

enum { LANES = 16 };

typedef __m512 vec;

static inline vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void vec_store(float *p, vec v)
{
    _mm512_storeu_ps(p, v);
}

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

static inline vec vec_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline vec vec_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec vec_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

static inline vec vec_min(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}

static inline float vec_sum(vec v)
{
    return _mm512_reduce_add_ps(v);
}

static inline vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
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

// The same bits, resp. the same numbers.
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

// count numbers from memory, as floats; the rest zero.
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

// The first `count` bytes of v, at most 32, to p.
static inline void store_bytes(uint8_t *p, __m256i v, int count)
{
    _mm256_mask_storeu_epi8(p, count >= 32 ? ~0u : (1u << count) - 1, v);
}

// v, rounded and cut to 0 to 255, to channels c, c + 1, ... of out; or, with a
// partner, alternating with its channels to 2 c, 2 c + 1, ...
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

// The nearest bfloat16s, ties to even.
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

// As vec_store_u8.
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
