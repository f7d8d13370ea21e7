// Vectors of the target processor, for loops that compilers would not keep in registers by
// themselves. Private to kernels_loops.h and its parts.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { LOOPS_LANES = 16 };
#elif defined(__AVX2__)
enum { LOOPS_LANES = 8 };
#else
enum { LOOPS_LANES = 4 };
#endif

typedef float loops_vec __attribute__((vector_size(LOOPS_LANES * sizeof(float))));
typedef int32_t loops_mask __attribute__((vector_size(LOOPS_LANES * sizeof(float))));

// Loads count floats, at most a vector, and takes the other lanes from fill; stores the first
// count lanes.
static inline loops_vec loops_load(const float *p, int count, loops_vec fill)
{
    if (__builtin_constant_p(count) && count == LOOPS_LANES) {
        memcpy(&fill, p, sizeof fill);
        return fill;
    }
#if defined(__AVX512F__)
    return _mm512_mask_loadu_ps(fill, (__mmask16)((1u << count) - 1), p);
#elif defined(__AVX2__)
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes);
    return _mm256_blendv_ps(fill, _mm256_maskload_ps(p, mask), _mm256_castsi256_ps(mask));
#else
    memcpy(&fill, p, (size_t)count * sizeof *p);
    return fill;
#endif
}

static inline void loops_store(float *p, loops_vec v, int count)
{
    if (__builtin_constant_p(count) && count == LOOPS_LANES) {
        memcpy(p, &v, sizeof v);
        return;
    }
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), v);
#elif defined(__AVX2__)
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes), v);
#else
    memcpy(p, &v, (size_t)count * sizeof *p);
#endif
}

typedef uint8_t loops_bytes __attribute__((vector_size(LOOPS_LANES)));

static inline loops_vec loops_from_bytes(loops_bytes bytes)
{
    // Compilers convert lane by lane when left to themselves.
#if defined(__AVX512F__)
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32((__m128i)bytes));
#elif defined(__AVX2__)
    int64_t low;
    memcpy(&low, &bytes, sizeof low);
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(low)));
#else
    return __builtin_convertvector(__builtin_convertvector(bytes, loops_mask), loops_vec);
#endif
}

// The nearest bytes, ties to even; all must be from 0 to 255.
static inline loops_bytes loops_to_bytes(loops_vec v)
{
#if defined(__AVX512F__)
    return (loops_bytes)_mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v));
#elif defined(__AVX2__)
    const __m256i whole = _mm256_cvtps_epi32(v);
    const __m128i half =
        _mm_packus_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    const int64_t low = _mm_cvtsi128_si64(_mm_packus_epi16(half, half));
    loops_bytes bytes;
    memcpy(&bytes, &low, sizeof bytes);
    return bytes;
#else
    const loops_mask whole = __builtin_convertvector((v + 0x1.8p23f) - 0x1.8p23f, loops_mask);
    return __builtin_convertvector(whole, loops_bytes);
#endif
}

// Loads count bytes, at most a vector, as numbers; the other lanes are zero. Stores the first
// count lanes as bytes; all must be from 0 to 255.
static inline loops_vec loops_load_u8(const uint8_t *p, int count)
{
    loops_bytes bytes = { 0 };
    if (__builtin_constant_p(count) && count == LOOPS_LANES) {
        memcpy(&bytes, p, sizeof bytes);
    } else {
        for (int i = 0; i < count; i++) {
            bytes[i] = p[i];
        }
    }
    return loops_from_bytes(bytes);
}

static inline void loops_store_u8(uint8_t *p, loops_vec v, int count)
{
    const loops_bytes bytes = loops_to_bytes(v);
    if (__builtin_constant_p(count) && count == LOOPS_LANES) {
        memcpy(p, &bytes, sizeof bytes);
    } else {
        for (int i = 0; i < count; i++) {
            p[i] = bytes[i];
        }
    }
}

// If either number is NaN, the result is b, as with the x86 instructions.
#if defined(__AVX512F__)
static inline loops_vec loops_max(loops_vec a, loops_vec b)
{
    return _mm512_max_ps(a, b);
}

static inline loops_vec loops_min(loops_vec a, loops_vec b)
{
    return _mm512_min_ps(a, b);
}
#elif defined(__AVX2__)
static inline loops_vec loops_max(loops_vec a, loops_vec b)
{
    return _mm256_max_ps(a, b);
}

static inline loops_vec loops_min(loops_vec a, loops_vec b)
{
    return _mm256_min_ps(a, b);
}
#else
static inline loops_vec loops_max(loops_vec a, loops_vec b)
{
    loops_mask larger = a > b;
    return (loops_vec)((larger & (loops_mask)a) | (~larger & (loops_mask)b));
}

static inline loops_vec loops_min(loops_vec a, loops_vec b)
{
    loops_mask smaller = a < b;
    return (loops_vec)((smaller & (loops_mask)a) | (~smaller & (loops_mask)b));
}
#endif

// e^x for x <= 0, with a relative error below 2e-7: 2^n times the Taylor polynomial of 2^f
// for f from -1/2 to 1/2, whose next term is below 2e-8. 0 for x < -87.
static inline loops_vec loops_exp(loops_vec x)
{
    loops_vec t = loops_max(x, (loops_vec){ 0 } - 87.0f) * 1.44269504f;
    loops_vec n = (t + 0x1.8p23f) - 0x1.8p23f, f = (t - n) * 0.693147181f;
    loops_vec p = f * (1.0f / 720) + 1.0f / 120;
    p = p * f + 1.0f / 24;
    p = p * f + 1.0f / 6;
    p = p * f + 0.5f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    loops_mask power = __builtin_convertvector(n, loops_mask);
    return (loops_vec)(((loops_mask)p + (power << 23)) & (x >= -87.0f));
}
