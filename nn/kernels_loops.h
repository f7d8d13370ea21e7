// The operators beside convolution, in plain C. kernels.c compiles this for any
// processor, the files of x86/ again for wider vectors: the loops run over the
// channels of a pixel, which compilers vectorise, so one text serves all levels.

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "nn/kernels.h"

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

static void loops_max_pool(const struct nn_tensor *in, int size, const float *restrict scale,
                           const float *restrict shift, bool relu, const struct nn_tensor *out,
                           struct nn_rows rows)
{
    const float least = relu ? 0 : -INFINITY;
    const int channels = out->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            float *restrict to = nn_tensor_at(out, y, x);
            const float *restrict first = nn_tensor_at(in, y * size, x * size);
            for (int c = 0; c < channels; c++) {
                float most = first[c];
                for (int i = 0; i < size; i++) {
                    for (int j = 0; j < size; j++) {
                        float other = first[(size_t)i * in->row_stride +
                                            (size_t)j * in->pixel_stride + (size_t)c];
                        most = other > most ? other : most;
                    }
                }
                most = scale == NULL ? most : most * scale[c] + shift[c];
                to[c] = most > least ? most : least;
            }
        }
    }
}

// The usual size, with its four inputs spelled out so that the loop vectorises.
static void loops_max_pool_2(const struct nn_tensor *in, const float *restrict scale,
                             const float *restrict shift, bool relu, const struct nn_tensor *out,
                             struct nn_rows rows)
{
    const float least = relu ? 0 : -INFINITY;
    const int channels = out->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        const float *restrict upper = nn_tensor_at(in, 2 * y, 0);
        const float *restrict lower = nn_tensor_at(in, 2 * y + 1, 0);
        const size_t pixel = in->pixel_stride;
        float *restrict to = nn_tensor_at(out, y, 0);
        for (int x = 0; x < out->width; x++) {
            for (int c = 0; c < channels; c++) {
                float left = upper[c] > lower[c] ? upper[c] : lower[c];
                float a = upper[pixel + (size_t)c], b = lower[pixel + (size_t)c];
                float right = a > b ? a : b;
                float most = left > right ? left : right;
                most = most * scale[c] + shift[c];
                to[c] = most > least ? most : least;
            }
            upper += 2 * pixel;
            lower += 2 * pixel;
            to += out->pixel_stride;
        }
    }
}

static void loops_max_pool_any(const struct nn_tensor *in, int size, const float *scale,
                               const float *shift, bool relu, const struct nn_tensor *out,
                               struct nn_rows rows)
{
    if (size == 2 && scale != NULL) {
        loops_max_pool_2(in, scale, shift, relu, out, rows);
    } else {
        loops_max_pool(in, size, scale, shift, relu, out, rows);
    }
}

static void loops_global_pool(const struct nn_tensor *in, const struct nn_tensor *out)
{
    float *restrict sum = out->data;
    const int channels = in->channels;
    for (int c = 0; c < channels; c++) {
        sum[c] = 0;
    }
    for (int y = 0; y < in->height; y++) {
        for (int x = 0; x < in->width; x++) {
            const float *restrict from = nn_tensor_at(in, y, x);
            for (int c = 0; c < channels; c++) {
                sum[c] += from[c];
            }
        }
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

static void loops_init(struct nn_kernels *kernels)
{
    kernels->combine = loops_combine;
    kernels->max_pool = loops_max_pool_any;
    kernels->global_pool = loops_global_pool;
    kernels->bilinear = loops_bilinear;
    kernels->scale = loops_scale;
    kernels->shuffle = loops_shuffle;
}
