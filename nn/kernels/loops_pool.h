// Pooling and unpooling. Part of kernels_loops.h.

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "nn/kernels/kernels.h"
#include "nn/kernels/loops_vec.h"
#include "nn/kernels/number.h"

static inline float loops_activate(float value, const struct nn_epilogue *epilogue, int c)
{
    if (value >= 0) {
        return value;
    }
    return epilogue->relu ? 0 : epilogue->slope != NULL ? value * epilogue->slope[c] : value;
}

// One call of max_pool.
struct pool {
    const struct nn_tensor *in, *out;
    const struct nn_pool *window;
    const struct nn_epilogue *epilogue;
};

// One output pixel, of any types.
static void pool_pixel(const struct pool *pool, int y, int x)
{
    const struct nn_tensor *in = pool->in, *out = pool->out;
    const struct nn_pool *window = pool->window;
    const struct nn_epilogue *epilogue = pool->epilogue;
    const int top = y * window->stride - window->padding;
    const int left = x * window->stride - window->padding;
    for (int c = 0; c < out->channels; c++) {
        float max = -INFINITY;
        for (int i = 0; i < window->kernel * window->kernel; i++) {
            const int iy = top + i / window->kernel, ix = left + i % window->kernel;
            if (iy < 0 || iy >= in->height || ix < 0 || ix >= in->width) {
                continue;
            }
            float other = nn_number_get(in->type, in->scale, nn_tensor_pixel(in, iy, ix), c);
            max = other > max ? other : max;
        }
        if (epilogue->scale != NULL) {
            max = max * epilogue->scale[c] + epilogue->shift[c];
        }
        nn_number_set(out->type, 1 / out->scale, nn_tensor_pixel(out, y, x), c,
                      loops_activate(max, epilogue, c));
    }
}

// The usual case, 2 x 2 followed by a norm: with constant types and the four inputs spelled
// out, the loop vectorises.
static inline __attribute__((always_inline)) void pool_2(const struct pool *pool,
                                                         struct nn_rows rows,
                                                         const enum nn_type in_type,
                                                         const enum nn_type out_type)
{
    const struct nn_tensor *in = pool->in, *out = pool->out;
    const int channels = out->channels;
    const float in_scale = in->scale, inverse = 1 / out->scale;
    const float min = pool->epilogue->relu ? 0 : -INFINITY;
    const float *restrict scale = pool->epilogue->scale, *restrict shift = pool->epilogue->shift;
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
                nn_number_set(out_type, inverse, to, c, a > min ? a : min);
            }
            upper += 2 * pixel;
            lower += 2 * pixel;
            to += out_pixel;
        }
    }
}

static inline __attribute__((always_inline)) loops_vec pool_load(const struct nn_tensor *in,
                                                                 const char *pixel,
                                                                 const enum nn_type type, int c,
                                                                 const int count)
{
    const loops_vec none = { 0 };
    return type == NN_U8 ? loops_load_u8((const uint8_t *)pixel + c, count) * in->scale
                         : loops_load((const float *)(const void *)pixel + c, count, none);
}

// Channels c to c + count - 1 of one pixel, to bytes. count is constant, but for the last.
static inline __attribute__((always_inline)) void pool_to_u8(const struct pool *pool,
                                                             const char *upper, const char *lower,
                                                             uint8_t *to, const enum nn_type type,
                                                             int c, const int count)
{
    const struct nn_tensor *in = pool->in;
    const size_t pixel = in->pixel_stride * nn_type_size(type);
    const loops_vec none = { 0 };
    const loops_vec above = loops_max(pool_load(in, upper, type, c, count),
                                      pool_load(in, upper + pixel, type, c, count));
    const loops_vec below = loops_max(pool_load(in, lower, type, c, count),
                                      pool_load(in, lower + pixel, type, c, count));
    const loops_vec scale = loops_load(pool->epilogue->scale + c, count, none);
    const loops_vec shift = loops_load(pool->epilogue->shift + c, count, none);
    const loops_vec value = (loops_max(above, below) * scale + shift) * (1 / pool->out->scale);
    loops_store_u8(to + c, loops_min(loops_max(value, none), none + 255.0f), count);
}

// 2 x 2 to bytes, followed by a norm. Clamping does the ReLU.
static inline __attribute__((always_inline)) void
pool_2_to_u8(const struct pool *pool, struct nn_rows rows, const enum nn_type type)
{
    const struct nn_tensor *in = pool->in, *out = pool->out;
    const int whole = out->channels / LOOPS_LANES * LOOPS_LANES;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            const char *upper = nn_tensor_pixel(in, 2 * y, 2 * x);
            const char *lower = nn_tensor_pixel(in, 2 * y + 1, 2 * x);
            uint8_t *to = nn_tensor_pixel(out, y, x);
            for (int c = 0; c < whole; c += LOOPS_LANES) {
                pool_to_u8(pool, upper, lower, to, type, c, LOOPS_LANES);
            }
            if (whole < out->channels) {
                pool_to_u8(pool, upper, lower, to, type, whole, out->channels - whole);
            }
        }
    }
}

static void loops_max_pool(const struct nn_tensor *in, const struct nn_pool *window,
                           const struct nn_epilogue *epilogue, const struct nn_tensor *out,
                           struct nn_rows rows)
{
    const struct pool pool = { in, out, window, epilogue };
    const enum nn_type from = in->type, to = out->type;
    const bool usual = window->kernel == 2 && window->stride == 2 && window->padding == 0 &&
                       epilogue->scale != NULL && epilogue->slope == NULL;
    if (usual && from == NN_F32 && to == NN_F32) {
        pool_2(&pool, rows, NN_F32, NN_F32);
    } else if (usual && from == NN_F32 && to == NN_BF16) {
        pool_2(&pool, rows, NN_F32, NN_BF16);
    } else if (usual && from == NN_F32 && to == NN_U8) {
        pool_2_to_u8(&pool, rows, NN_F32);
    } else if (usual && from == NN_BF16 && to == NN_BF16) {
        pool_2(&pool, rows, NN_BF16, NN_BF16);
    } else if (usual && from == NN_U8 && to == NN_U8) {
        pool_2_to_u8(&pool, rows, NN_U8);
    } else {
        for (int y = rows.begin; y < rows.end; y++) {
            for (int x = 0; x < out->width; x++) {
                pool_pixel(&pool, y, x);
            }
        }
    }
}

// One output pixel of the mean of size x size, of any types.
static void average_pixel(const struct nn_tensor *in, int size, const struct nn_tensor *out, int y,
                          int x)
{
    const float share = 1.0f / (float)(size * size);
    for (int c = 0; c < out->channels; c++) {
        float sum = 0;
        for (int i = 0; i < size * size; i++) {
            const void *pixel = nn_tensor_pixel(in, y * size + i / size, x * size + i % size);
            sum += nn_number_get(in->type, in->scale, pixel, c);
        }
        nn_number_set(out->type, 1 / out->scale, nn_tensor_pixel(out, y, x), c, sum * share);
    }
}

static void average_f32(const struct nn_tensor *in, int size, const struct nn_tensor *out, int y,
                        int x)
{
    const int channels = out->channels;
    const float share = 1.0f / (float)(size * size);
    float *restrict to = nn_tensor_at(out, y, x);
    memset(to, 0, (size_t)channels * sizeof *to);
    for (int i = 0; i < size; i++) {
        for (int j = 0; j < size; j++) {
            const float *restrict from = nn_tensor_at(in, y * size + i, x * size + j);
            for (int c = 0; c < channels; c++) {
                to[c] += from[c];
            }
        }
    }
    for (int c = 0; c < channels; c++) {
        to[c] *= share;
    }
}

// Channels c to c + count - 1 of the mean of 2 x 2 bytes. count is constant, but for the last.
static inline __attribute__((always_inline)) void average_u8(const struct nn_tensor *in,
                                                             const struct nn_tensor *out, int y,
                                                             int x, int c, const int count)
{
    const uint8_t *upper = (const uint8_t *)nn_tensor_pixel(in, 2 * y, 2 * x) + c;
    const uint8_t *lower = (const uint8_t *)nn_tensor_pixel(in, 2 * y + 1, 2 * x) + c;
    const size_t pixel = in->pixel_stride;
    const loops_vec none = { 0 };
    const loops_vec sum = loops_load_u8(upper, count) + loops_load_u8(upper + pixel, count) +
                          loops_load_u8(lower, count) + loops_load_u8(lower + pixel, count);
    const loops_vec mean = sum * (in->scale / (4 * out->scale));
    loops_store_u8((uint8_t *)nn_tensor_pixel(out, y, x) + c, loops_min(mean, none + 255.0f),
                   count);
}

static void average_2_u8(const struct nn_tensor *in, const struct nn_tensor *out, int y, int x)
{
    const int whole = out->channels / LOOPS_LANES * LOOPS_LANES;
    for (int c = 0; c < whole; c += LOOPS_LANES) {
        average_u8(in, out, y, x, c, LOOPS_LANES);
    }
    if (whole < out->channels) {
        average_u8(in, out, y, x, whole, out->channels - whole);
    }
}

static void loops_average_pool(const struct nn_tensor *in, int size, const struct nn_tensor *out,
                               struct nn_rows rows)
{
    const bool is_f32 = in->type == NN_F32 && out->type == NN_F32;
    const bool is_2_u8 = in->type == NN_U8 && out->type == NN_U8 && size == 2;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            if (is_f32) {
                average_f32(in, size, out, y, x);
            } else if (is_2_u8) {
                average_2_u8(in, out, y, x);
            } else {
                average_pixel(in, size, out, y, x);
            }
        }
    }
}

static void loops_pool_index(const struct nn_tensor *in, const struct nn_tensor *out,
                             struct nn_rows rows)
{
    const int channels = out->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *restrict a = nn_tensor_at(in, 2 * y, 2 * x);
            const float *restrict b = nn_tensor_at(in, 2 * y, 2 * x + 1);
            const float *restrict d = nn_tensor_at(in, 2 * y + 1, 2 * x);
            const float *restrict e = nn_tensor_at(in, 2 * y + 1, 2 * x + 1);
            float *restrict to = nn_tensor_at(out, y, x);
            for (int c = 0; c < channels; c++) {
                // Of equal numbers the first wins.
                float upper = b[c] > a[c] ? b[c] : a[c], lower = e[c] > d[c] ? e[c] : d[c];
                float upper_at = b[c] > a[c] ? 1 : 0, lower_at = e[c] > d[c] ? 3 : 2;
                to[c] = lower > upper ? lower_at : upper_at;
            }
        }
    }
}

static void loops_unpool(const struct nn_tensor *in, const struct nn_tensor *index,
                         const struct nn_tensor *out, struct nn_rows rows)
{
    const int channels = out->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *restrict from = nn_tensor_at(in, y / 2, x / 2);
            const float *restrict where = nn_tensor_at(index, y / 2, x / 2);
            float *restrict to = nn_tensor_at(out, y, x);
            const float here = (float)(y % 2 * 2 + x % 2);
            for (int c = 0; c < channels; c++) {
                to[c] = where[c] == here ? from[c] : 0;
            }
        }
    }
}
