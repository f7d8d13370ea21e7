#include "pipeline/track/sampler_rows.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "pipeline/track/axis_filter.h"

enum { SUM_ZERO = 1 << (7 + PIPELINE_DOWN_BITS) };

static const float sum_step = 1.0f / (1 << (PIPELINE_DOWN_BITS + PIPELINE_ACROSS_BITS));
static const float sum_zero = (float)SUM_ZERO / (1 << PIPELINE_DOWN_BITS);

static void set_sums(uint16_t *restrict sums, const uint8_t *restrict a, const uint8_t *restrict b,
                     uint16_t weight_a, uint16_t weight_b, int count)
{
    for (int i = 0; i < count; i++) {
        sums[i] = (uint16_t)(a[i] * weight_a + b[i] * weight_b - SUM_ZERO);
    }
}

static void add_sums(uint16_t *restrict sums, const uint8_t *restrict a, const uint8_t *restrict b,
                     uint16_t weight_a, uint16_t weight_b, int count)
{
    for (int i = 0; i < count; i++) {
        sums[i] = (uint16_t)(sums[i] + a[i] * weight_a + b[i] * weight_b);
    }
}

void pipeline_sum_row_pair(uint16_t *sums, const struct pipeline_row_pair *pair, bool is_first,
                           int count)
{
    (is_first ? set_sums : add_sums)(sums, pair->rows[0], pair->rows[1], pair->weights[0],
                                     pair->weights[1], count);
}

static float sum_products(const int16_t *values, const int16_t *weights, int count)
{
    int sum = 0;
    for (int i = 0; i < count; i++) {
        sum += values[i] * weights[i];
    }
    return (float)sum * sum_step + sum_zero;
}

#ifdef __SSE2__

// The sum of products is that of the result's four numbers.
static inline __m128i sum_eights(const int16_t *values, const int16_t *weights, int count)
{
    __m128i sum = _mm_setzero_si128();
    for (int i = 0; i < count; i += PIPELINE_AXIS_TAPS_STEP) {
        const __m128i value = _mm_loadu_si128((const __m128i *)(values + i));
        const __m128i weight = _mm_loadu_si128((const __m128i *)(weights + i));
        sum = _mm_add_epi32(sum, _mm_madd_epi16(value, weight));
    }
    return sum;
}

// Four outputs at once. Returns how many are done. Inlined, so that taps is a constant.
static inline int sum_fours(const struct pipeline_axis_filter *across, int taps,
                            const int16_t *values, float *to)
{
    const int16_t *weights = across->weights;
    const int *first = across->first;
    int x = 0;
    for (; x + 4 <= across->count; x += 4, first += 4, weights += 4 * taps) {
        const __m128i a = sum_eights(values + first[0], weights, taps);
        const __m128i b = sum_eights(values + first[1], weights + taps, taps);
        const __m128i c = sum_eights(values + first[2], weights + 2 * taps, taps);
        const __m128i d = sum_eights(values + first[3], weights + 3 * taps, taps);
        const __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
        const __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
        const __m128i all = _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
        const __m128 scaled = _mm_mul_ps(_mm_cvtepi32_ps(all), _mm_set1_ps(sum_step));
        _mm_storeu_ps(to + x, _mm_add_ps(scaled, _mm_set1_ps(sum_zero)));
    }
    return x;
}

#else

static inline int sum_fours(const struct pipeline_axis_filter *across, int taps,
                            const int16_t *values, float *to)
{
    (void)across, (void)taps, (void)values, (void)to;
    return 0;
}

#endif

void pipeline_sum_columns(const struct pipeline_axis_filter *across, const uint16_t *sums,
                          float *to)
{
    enum { FEW = PIPELINE_AXIS_TAPS_STEP }; // of nearly all regions
    const int16_t *values = (const int16_t *)sums;
    int x = across->taps == FEW ? sum_fours(across, FEW, values, to)
                                : sum_fours(across, across->taps, values, to);
    for (; x < across->count; x++) {
        to[x] = sum_products(values + across->first[x],
                             across->weights + (size_t)x * (size_t)across->taps, across->taps);
    }
}

void pipeline_convert_row(const struct pipeline_colour_matrix *matrix, float *restrict y,
                          float *restrict u, float *restrict v, int count)
{
    const struct pipeline_colour_matrix m = *matrix;
    for (int x = 0; x < count; x++) {
        const float grey = (y[x] - m.zero) * m.scale, blue = u[x] - 128, red = v[x] - 128;
        y[x] = grey + m.red_v * red;
        u[x] = grey - m.green_u * blue - m.green_v * red;
        v[x] = grey + m.blue_u * blue;
    }
}

void pipeline_normalise_row(float *row, int count, float mean)
{
    for (int x = 0; x < count; x++) {
        const float positive = row[x] > 0 ? row[x] : 0;
        row[x] = (positive < 255 ? positive : 255) * (1.0f / 255) - mean;
    }
}

void pipeline_store_row(const float *restrict red, const float *restrict green,
                        const float *restrict blue, int count, float *restrict to, ptrdiff_t right)
{
    for (int x = 0; x < count; x++, to += right) {
        to[0] = red[x];
        to[1] = green[x];
        to[2] = blue[x];
    }
}
