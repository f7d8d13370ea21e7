// All operators but the full convolution, in plain C. kernels.c compiles this for any
// processor, x86/kernels_*.c again for wider vectors: the loops run over the channels of a
// pixel, which compilers vectorise, so one source serves all instruction sets.

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nn/kernels/antialias.h"
#include "nn/kernels/kernels.h"
#include "nn/kernels/loops_depthwise.h"
#include "nn/kernels/loops_heat.h"
#include "nn/kernels/loops_pool.h"
#include "nn/kernels/loops_vec.h"
#include "nn/kernels/number.h"

static void loops_combine(const struct nn_tensor *in, const struct nn_epilogue *epilogue,
                          const struct nn_tensor *residual, const struct nn_tensor *out,
                          struct nn_rows rows)
{
    const float *restrict scale = epilogue->scale, *restrict shift = epilogue->shift;
    const float *restrict slope = epilogue->slope;
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
                for (int c = 0; c < residual->channels; c++) {
                    to[c] += added[c];
                }
            }
            if (epilogue->relu) {
                for (int c = 0; c < channels; c++) {
                    to[c] = to[c] > 0 ? to[c] : 0;
                }
            } else if (slope != NULL) {
                for (int c = 0; c < channels; c++) {
                    to[c] = to[c] > 0 ? to[c] : to[c] * slope[c];
                }
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

// Where output i of a resize reads: between inputs low and high, at the given fraction of
// the distance.
struct sample {
    int low, high;
    float fraction;
};

static struct sample sample_of(int i, int in, int out)
{
    float at = out == 1 ? 0 : (float)i * ((float)(in - 1) / (float)(out - 1));
    int low = (int)at < in - 1 ? (int)at : in - 1;
    return (struct sample){ low, low + 1 < in ? low + 1 : low, at - (float)low };
}

static void loops_bilinear(const struct nn_tensor *in, const struct nn_tensor *residual,
                           const struct nn_tensor *out, struct nn_rows rows)
{
    const int channels = out->channels;
    for (int y = rows.begin; y < rows.end; y++) {
        const struct sample row = sample_of(y, in->height, out->height);
        for (int x = 0; x < out->width; x++) {
            const struct sample column = sample_of(x, in->width, out->width);
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

static void loops_nearest(const struct nn_tensor *in, const struct nn_tensor *out,
                          struct nn_rows rows)
{
    const size_t bytes = (size_t)out->channels * sizeof(float);
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            memcpy(nn_tensor_at(out, y, x), nn_tensor_at(in, y / 2, x / 2), bytes);
        }
    }
}

static void loops_sigmoid(const struct nn_tensor *in, const struct nn_tensor *out,
                          struct nn_rows rows)
{
    const loops_vec none = { 0 };
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *from = nn_tensor_at(in, y, x);
            float *to = nn_tensor_at(out, y, x);
            for (int c = 0; c < out->channels; c += LOOPS_LANES) {
                const int left = out->channels - c, count = left < LOOPS_LANES ? left : LOOPS_LANES;
                const loops_vec value = loops_load(from + c, count, none);
                // e^-|x| never overflows; sigmoid(x) = 1 - sigmoid(-x).
                const loops_vec small = loops_exp(loops_min(value, -value));
                const loops_vec low = small / (small + 1.0f);
                const loops_mask negative = value < none;
                const loops_mask bits =
                    (negative & (loops_mask)low) | (~negative & (loops_mask)(1.0f - low));
                loops_store(to + c, (loops_vec)bits, count);
            }
        }
    }
}

static void loops_multiply(const struct nn_tensor *a, const struct nn_tensor *b,
                           const struct nn_tensor *out, struct nn_rows rows)
{
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *restrict left = nn_tensor_at(a, y, x);
            const float *restrict right = nn_tensor_at(b, y, x);
            float *restrict to = nn_tensor_at(out, y, x);
            for (int c = 0; c < out->channels; c++) {
                to[c] = left[c] * right[c];
            }
        }
    }
}

// Columns first: there, a whole row is one vector loop.
static void loops_antialias(const struct nn_tensor *in, int factor, const struct nn_tensor *out,
                            struct nn_rows rows, float *restrict scratch)
{
    float taps[NN_ANTIALIAS_TAPS_MAX];
    const int count = nn_antialias_taps(factor, taps), reach = count / 2, channels = in->channels;
    const bool dense = in->pixel_stride == (size_t)channels;
    const int pixels = dense ? 1 : in->width, run = dense ? in->width * channels : channels;
    for (int y = rows.begin; y < rows.end; y++) {
        memset(scratch, 0, (size_t)in->width * (size_t)channels * sizeof *scratch);
        for (int t = 0; t < count; t++) {
            const int row = y * factor + t - reach;
            for (int p = 0; row >= 0 && row < in->height && p < pixels; p++) {
                const float *restrict from = nn_tensor_at(in, row, p);
                float *restrict to = scratch + p * channels;
                for (int i = 0; i < run; i++) {
                    to[i] += from[i] * taps[t];
                }
            }
        }
        for (int x = 0; x < out->width; x++) {
            float *to = nn_tensor_at(out, y, x);
            for (int c = 0; c < channels; c++) {
                float sum = 0;
                for (int t = 0; t < count; t++) {
                    const int column = x * factor + t - reach;
                    if (column >= 0 && column < in->width) {
                        sum += scratch[column * channels + c] * taps[t];
                    }
                }
                to[c] = sum;
            }
        }
    }
}

static void loops_init(struct nn_kernels *kernels)
{
    kernels->combine = loops_combine;
    kernels->depthwise = loops_depthwise;
    kernels->max_pool = loops_max_pool;
    kernels->average_pool = loops_average_pool;
    kernels->pool_index = loops_pool_index;
    kernels->unpool = loops_unpool;
    kernels->nearest = loops_nearest;
    kernels->sigmoid = loops_sigmoid;
    kernels->multiply = loops_multiply;
    kernels->antialias = loops_antialias;
    kernels->global_pool = loops_global_pool;
    kernels->bilinear = loops_bilinear;
    kernels->scale = loops_scale;
    kernels->shuffle = loops_shuffle;
    kernels->heat_sums = loops_heat_sums;
    kernels->weighted_sum = loops_weighted_sum;
}
