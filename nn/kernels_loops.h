// The operators beside convolution, in plain C. kernels.c compiles this for any
// processor, the files of x86/ again for wider vectors: the loops run over the
// channels of a pixel, which compilers vectorise, so one text serves all levels.

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nn/kernels.h"
#include "nn/number.h"

static void loops_combine(const struct nn_tensor *in, const float *restrict scale,
                          const float *restrict shift, const struct nn_tensor *residual, bool relu,
                          const struct nn_tensor *out, struct nn_rows rows)
{
    const float least = relu ? 0 : -INFINITY;
    const int channels = out->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *restrict from = nn_tensor_at(in, y, x);
            float *restrict to = nn_tensor_at(out, y, x);
            for (int c = 0; c < channels; c++) {
                to[c] = scale == NULL ? from[c] : from[c] * scale[c] + shift[c];
            }
            if (residual != NULL) {
                const float *restrict added = nn_tensor_at(residual, y, x);
                for (int c = 0; c < channels; c++) {
                    to[c] += added[c];
                }
            }
            for (int c = 0; c < channels; c++) {
                to[c] = to[c] > least ? to[c] : least;
            }
        }
    }
}

// Everything else about a pool.
struct pool {
    const struct nn_tensor *in, *out;
    const float *scale, *shift; // NULL: none
    int size;
    float least; // of the result: 0 with a ReLU
};

// One output pixel, whatever the types.
static void pool_pixel(const struct pool *pool, int y, int x)
{
    const struct nn_tensor *in = pool->in, *out = pool->out;
    const int size = pool->size;
    for (int c = 0; c < out->channels; c++) {
        float most = -INFINITY;
        for (int i = 0; i < size * size; i++) {
            const void *from = nn_tensor_pixel(in, y * size + i / size, x * size + i % size);
            float other = nn_number_get(in->type, in->scale, from, c);
            most = other > most ? other : most;
        }
        if (pool->scale != NULL) {
            most = most * pool->scale[c] + pool->shift[c];
        }
        most = most > pool->least ? most : pool->least;
        nn_number_set(out->type, 1 / out->scale, nn_tensor_pixel(out, y, x), c, most);
    }
}

// The usual pool, 2 x 2 with a norm behind: with its types constant and its four
// inputs spelled out, the loop vectorises.
static inline __attribute__((always_inline)) void pool_2(const struct pool *pool,
                                                         struct nn_rows rows,
                                                         const enum nn_type in_type,
                                                         const enum nn_type out_type)
{
    const struct nn_tensor *in = pool->in, *out = pool->out;
    const int channels = out->channels;
    const float in_scale = in->scale, inverse = 1 / out->scale, least = pool->least;
    const float *restrict scale = pool->scale, *restrict shift = pool->shift;
    const size_t pixel = in->pixel_stride * nn_type_size(in_type);
    const size_t out_pixel = out->pixel_stride * nn_type_size(out_type);
    for (int y = rows.begin; y < rows.end; y++) {
        const char *restrict upper = nn_tensor_pixel(in, 2 * y, 0);
        const char *restrict lower = nn_tensor_pixel(in, 2 * y + 1, 0);
        char *restrict to = nn_tensor_pixel(out, y, 0);
        for (int x = 0; x < out->width; x++) {
            for (int c = 0; c < channels; c++) {
                float a = nn_number_get(in_type, in_scale, upper, c);
                float b = nn_number_get(in_type, in_scale, upper + pixel, c);
                float d = nn_number_get(in_type, in_scale, lower, c);
                float e = nn_number_get(in_type, in_scale, lower + pixel, c);
                a = a > b ? a : b;
                d = d > e ? d : e;
                a = (a > d ? a : d) * scale[c] + shift[c];
                nn_number_set(out_type, inverse, to, c, a > least ? a : least);
            }
            upper += 2 * pixel;
            lower += 2 * pixel;
            to += out_pixel;
        }
    }
}

static void loops_max_pool(const struct nn_tensor *in, int size, const float *scale,
                           const float *shift, bool relu, const struct nn_tensor *out,
                           struct nn_rows rows)
{
    const struct pool pool = { in, out, scale, shift, size, relu ? 0 : -INFINITY };
    const enum nn_type from = in->type, to = out->type;
    const bool usual = size == 2 && scale != NULL;
    if (usual && from == NN_F32 && to == NN_F32) {
        pool_2(&pool, rows, NN_F32, NN_F32);
    } else if (usual && from == NN_F32 && to == NN_BF16) {
        pool_2(&pool, rows, NN_F32, NN_BF16);
    } else if (usual && from == NN_F32 && to == NN_U8) {
        pool_2(&pool, rows, NN_F32, NN_U8);
    } else if (usual && from == NN_BF16 && to == NN_BF16) {
        pool_2(&pool, rows, NN_BF16, NN_BF16);
    } else if (usual && from == NN_U8 && to == NN_U8) {
        pool_2(&pool, rows, NN_U8, NN_U8);
    } else {
        for (int y = rows.begin; y < rows.end; y++) {
            for (int x = 0; x < out->width; x++) {
                pool_pixel(&pool, y, x);
            }
        }
    }
}

static inline __attribute__((always_inline)) void
sum_pixels(const struct nn_tensor *in, float *restrict sum, const enum nn_type type)
{
    const int channels = in->channels;
    const float scale = in->scale;
    for (int y = 0; y < in->height; y++) {
        for (int x = 0; x < in->width; x++) {
            const void *restrict from = nn_tensor_pixel(in, y, x);
            for (int c = 0; c < channels; c++) {
                sum[c] += nn_number_get(type, scale, from, c);
            }
        }
    }
}

static void loops_global_pool(const struct nn_tensor *in, const struct nn_tensor *out)
{
    float *restrict sum = out->data;
    const int channels = in->channels;
    for (int c = 0; c < channels; c++) {
        sum[c] = 0;
    }
    if (in->type == NN_U8) {
        sum_pixels(in, sum, NN_U8);
    } else if (in->type == NN_BF16) {
        sum_pixels(in, sum, NN_BF16);
    } else {
        sum_pixels(in, sum, NN_F32);
    }
    const float pixels = (float)in->height * (float)in->width;
    for (int c = 0; c < channels; c++) {
        sum[c] /= pixels;
    }
}

// Where output i of a resize reads: between inputs low and high, at fraction of
// the way.
struct place {
    int low, high;
    float fraction;
};

static struct place place_of(int i, int in, int out)
{
    float at = out == 1 ? 0 : (float)i * ((float)(in - 1) / (float)(out - 1));
    int low = (int)at < in - 1 ? (int)at : in - 1;
    return (struct place){ low, low + 1 < in ? low + 1 : low, at - (float)low };
}

static void loops_bilinear(const struct nn_tensor *in, const struct nn_tensor *residual,
                           const struct nn_tensor *out, struct nn_rows rows)
{
    const int channels = out->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        const struct place row = place_of(y, in->height, out->height);
        for (int x = 0; x < out->width; x++) {
            const struct place column = place_of(x, in->width, out->width);
            const float *restrict a = nn_tensor_at(in, row.low, column.low);
            const float *restrict b = nn_tensor_at(in, row.low, column.high);
            const float *restrict c = nn_tensor_at(in, row.high, column.low);
            const float *restrict d = nn_tensor_at(in, row.high, column.high);
            const float right = column.fraction, left = 1 - right;
            const float lower = row.fraction, upper = 1 - lower;
            float *restrict to = nn_tensor_at(out, y, x);
            for (int i = 0; i < channels; i++) {
                to[i] = (a[i] * left + b[i] * right) * upper + (c[i] * left + d[i] * right) * lower;
            }
            if (residual != NULL) {
                const float *restrict added = nn_tensor_at(residual, y, x);
                for (int i = 0; i < channels; i++) {
                    to[i] += added[i];
                }
            }
        }
    }
}

static void loops_scale(const struct nn_tensor *in, const struct nn_tensor *factor,
                        const struct nn_tensor *residual, const struct nn_tensor *out,
                        struct nn_rows rows)
{
    const int channels = out->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *restrict from = nn_tensor_at(in, y, x);
            const float by = *nn_tensor_at(factor, y, x);
            float *restrict to = nn_tensor_at(out, y, x);
            for (int c = 0; c < channels; c++) {
                to[c] = from[c] * by;
            }
            if (residual != NULL) {
                const float *restrict added = nn_tensor_at(residual, y, x);
                for (int c = 0; c < channels; c++) {
                    to[c] += added[c];
                }
            }
        }
    }
}

static void loops_shuffle(const struct nn_tensor *a, const struct nn_tensor *b,
                          const struct nn_tensor *out, struct nn_rows rows)
{
    const int channels = a->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *restrict even = nn_tensor_at(a, y, x);
            const float *restrict odd = nn_tensor_at(b, y, x);
            float *restrict to = nn_tensor_at(out, y, x);
            for (int c = 0; c < channels; c++) {
                to[2 * c] = even[c];
                to[2 * c + 1] = odd[c];
            }
        }
    }
}

// As many channels at a time as a vector of the processor holds.
#if defined(__AVX512F__)
enum { HEAT_LANES = 16 };
#elif defined(__AVX2__)
enum { HEAT_LANES = 8 };
#else
enum { HEAT_LANES = 4 };
#endif

typedef float heat_vec __attribute__((vector_size(HEAT_LANES * sizeof(float))));
typedef int32_t heat_mask __attribute__((vector_size(HEAT_LANES * sizeof(float))));

// The first count floats at p; the rest so low that they weigh nothing.
static inline heat_vec heat_load(const float *p, int count)
{
    heat_vec v = (heat_vec){ 0 } - 1e30f;
    memcpy(&v, p, (size_t)count * sizeof *p);
    return v;
}

static inline heat_vec heat_max(heat_vec a, heat_vec b)
{
    heat_mask larger = a > b;
    return (heat_vec)((larger & (heat_mask)a) | (~larger & (heat_mask)b));
}

// e^x for x up to 0, within 2e-7 of it: 2^n times a polynomial for 2^f with f
// from -1/2 to 1/2 (Taylor's, whose next term is below 2e-8). Below -87: e^-87.
static inline heat_vec heat_exp(heat_vec x)
{
    heat_vec t = heat_max(x, (heat_vec){ 0 } - 87.0f) * 1.44269504f;
    heat_vec n = (t + 0x1.8p23f) - 0x1.8p23f, f = (t - n) * 0.693147181f;
    heat_vec p = f * (1.0f / 720) + 1.0f / 120;
    p = p * f + 1.0f / 24;
    p = p * f + 1.0f / 6;
    p = p * f + 0.5f;
    p = p * f + 1.0f;
    p = p * f + 1.0f;
    heat_mask power = __builtin_convertvector(n, heat_mask);
    return (heat_vec)((heat_mask)p + (power << 23));
}

static inline __attribute__((always_inline)) void
heat_block(const struct nn_tensor *maps, int first, const int count, float *sums)
{
    heat_vec most = (heat_vec){ 0 } - 1e30f;
    for (int y = 0; y < maps->height; y++) {
        for (int x = 0; x < maps->width; x++) {
            most = heat_max(most, heat_load(nn_tensor_at(maps, y, x) + first, count));
        }
    }
    heat_vec weight = { 0 }, by_x = { 0 }, by_y = { 0 }, square = { 0 };
    for (int y = 0; y < maps->height; y++) {
        heat_vec row = { 0 }, row_x = { 0 }, row_xx = { 0 };
        for (int x = 0; x < maps->width; x++) {
            heat_vec w = heat_exp(heat_load(nn_tensor_at(maps, y, x) + first, count) - most);
            const float at = (float)x;
            row += w;
            row_x += w * at;
            row_xx += w * (at * at);
        }
        const float at = (float)y;
        weight += row;
        by_x += row_x;
        by_y += row * at;
        square += row_xx + row * (at * at);
    }
    for (int i = 0; i < count; i++) {
        float *of = sums + 4 * (first + i);
        of[0] = weight[i];
        of[1] = by_x[i];
        of[2] = by_y[i];
        of[3] = square[i];
    }
}

static void loops_heat_sums(const struct nn_tensor *maps, float *sums)
{
    int first = 0;
    for (; first + HEAT_LANES <= maps->channels; first += HEAT_LANES) {
        heat_block(maps, first, HEAT_LANES, sums);
    }
    if (first < maps->channels) {
        heat_block(maps, first, maps->channels - first, sums);
    }
}

static void loops_init(struct nn_kernels *kernels)
{
    kernels->combine = loops_combine;
    kernels->max_pool = loops_max_pool;
    kernels->global_pool = loops_global_pool;
    kernels->bilinear = loops_bilinear;
    kernels->scale = loops_scale;
    kernels->shuffle = loops_shuffle;
    kernels->heat_sums = loops_heat_sums;
}
