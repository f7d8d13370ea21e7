#include "nn/kernels.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "nn/conv_gemm.h"
#include "nn/gemm.h"

enum { CHANNEL_BLOCK = 64 };

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

// One pixel of a convolution, output channels first to first + count - 1.
static void conv_sum(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                     int first, int count, float *restrict sum)
{
    memcpy(sum, conv->bias + first, (size_t)count * sizeof *sum);
    for (int t = 0; t < conv->tap_count; t++) {
        int iy = y * conv->stride + conv->taps[t].dy, ix = x * conv->stride + conv->taps[t].dx;
        if (iy < 0 || iy >= in->height || ix < 0 || ix >= in->width) {
            continue;
        }
        const float *pixel = nn_tensor_at(in, iy, ix);
        const float *weights = conv->weights + first +
                               (size_t)t * (size_t)conv->in_channels * (size_t)conv->out_channels;
        for (int ci = 0; ci < conv->in_channels; ci++, weights += conv->out_channels) {
            for (int i = 0; i < count; i++) {
                sum[i] += pixel[ci] * weights[i];
            }
        }
    }
}

static void conv_c(const struct nn_conv *conv, const struct nn_conv_maps *maps, float *scratch)
{
    (void)scratch;
    const int step = maps->partner.data == NULL ? 1 : 2;
    for (int y = 0; y < maps->out.height; y++) {
        for (int x = 0; x < maps->out.width; x++) {
            for (int first = 0; first < conv->out_channels; first += CHANNEL_BLOCK) {
                float sum[CHANNEL_BLOCK];
                int count = min_int(CHANNEL_BLOCK, conv->out_channels - first);
                conv_sum(conv, &maps->in, y, x, first, count, sum);
                nn_conv_store(conv, maps, y, x, first, count, step, sum);
            }
        }
    }
}

void nn_conv_store(const struct nn_conv *conv, const struct nn_conv_maps *maps, int y, int x,
                   int first, int count, int step, const float *sum)
{
    const float *residual =
        maps->residual.data == NULL ? NULL : nn_tensor_at(&maps->residual, y, x) + first;
    const float *partner =
        maps->partner.data == NULL ? NULL : nn_tensor_at(&maps->partner, y, x) + first;
    float *out = nn_tensor_at(&maps->out, y, x) + (size_t)first * (size_t)step;
    const int own = partner != NULL && maps->partner_first ? 1 : 0;
    for (int i = 0; i < count; i++) {
        float value = residual == NULL ? sum[i] : sum[i] + residual[i];
        out[i * step + own] = conv->relu && !(value > 0) ? 0 : value;
        if (partner != NULL) {
            out[i * step + 1 - own] = partner[i];
        }
    }
}

size_t nn_conv_weights_c(const struct nn_conv *conv)
{
    return (size_t)conv->tap_count * (size_t)conv->in_channels * (size_t)conv->out_channels;
}

static size_t conv_scratch_c(const struct nn_conv *conv)
{
    (void)conv;
    return 0;
}

void nn_conv_pack_c(const struct nn_conv *conv, const float *plain, float *packed)
{
    memcpy(packed, plain, nn_conv_weights_c(conv) * sizeof *packed);
}

// What follows a pool, or stands alone: x * scale + shift + residual, ReLU.
static float finish(float x, int c, const float *scale, const float *shift, const float *residual,
                    bool relu)
{
    if (scale != NULL) {
        x = x * scale[c] + shift[c];
    }
    if (residual != NULL) {
        x += residual[c];
    }
    return relu && !(x > 0) ? 0 : x;
}

static void combine_c(const struct nn_tensor *in, const float *scale, const float *shift,
                      const struct nn_tensor *residual, bool relu, const struct nn_tensor *out)
{
    for (int y = 0; y < out->height; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *from = nn_tensor_at(in, y, x);
            const float *added = residual == NULL ? NULL : nn_tensor_at(residual, y, x);
            float *to = nn_tensor_at(out, y, x);
            for (int c = 0; c < out->channels; c++) {
                to[c] = finish(from[c], c, scale, shift, added, relu);
            }
        }
    }
}

static void max_pool_c(const struct nn_tensor *in, int size, const float *scale, const float *shift,
                       bool relu, const struct nn_tensor *out)
{
    for (int y = 0; y < out->height; y++) {
        for (int x = 0; x < out->width; x++) {
            float *to = nn_tensor_at(out, y, x);
            for (int c = 0; c < out->channels; c++) {
                float most = nn_tensor_at(in, y * size, x * size)[c];
                for (int i = 1; i < size * size; i++) {
                    float other = nn_tensor_at(in, y * size + i / size, x * size + i % size)[c];
                    most = other > most ? other : most;
                }
                to[c] = finish(most, c, scale, shift, NULL, relu);
            }
        }
    }
}

static void global_pool_c(const struct nn_tensor *in, const struct nn_tensor *out)
{
    const float pixels = (float)in->height * (float)in->width;
    for (int c = 0; c < in->channels; c++) {
        double sum = 0;
        for (int y = 0; y < in->height; y++) {
            for (int x = 0; x < in->width; x++) {
                sum += nn_tensor_at(in, y, x)[c];
            }
        }
        out->data[c] = (float)sum / pixels;
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
    int low = min_int((int)at, in - 1);
    return (struct place){ low, min_int(low + 1, in - 1), at - (float)low };
}

static void bilinear_c(const struct nn_tensor *in, const struct nn_tensor *residual,
                       const struct nn_tensor *out)
{
    for (int y = 0; y < out->height; y++) {
        struct place row = place_of(y, in->height, out->height);
        for (int x = 0; x < out->width; x++) {
            struct place column = place_of(x, in->width, out->width);
            const float *a = nn_tensor_at(in, row.low, column.low);
            const float *b = nn_tensor_at(in, row.low, column.high);
            const float *c = nn_tensor_at(in, row.high, column.low);
            const float *d = nn_tensor_at(in, row.high, column.high);
            const float *added = residual == NULL ? NULL : nn_tensor_at(residual, y, x);
            float *to = nn_tensor_at(out, y, x);
            for (int i = 0; i < out->channels; i++) {
                float upper = a[i] * (1 - column.fraction) + b[i] * column.fraction;
                float lower = c[i] * (1 - column.fraction) + d[i] * column.fraction;
                float value = upper * (1 - row.fraction) + lower * row.fraction;
                to[i] = added == NULL ? value : value + added[i];
            }
        }
    }
}

static void scale_c(const struct nn_tensor *in, const struct nn_tensor *factor,
                    const struct nn_tensor *residual, const struct nn_tensor *out)
{
    for (int y = 0; y < out->height; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *from = nn_tensor_at(in, y, x);
            const float *added = residual == NULL ? NULL : nn_tensor_at(residual, y, x);
            const float by = *nn_tensor_at(factor, y, x);
            float *to = nn_tensor_at(out, y, x);
            for (int c = 0; c < out->channels; c++) {
                to[c] = added == NULL ? from[c] * by : from[c] * by + added[c];
            }
        }
    }
}

static void shuffle_c(const struct nn_tensor *a, const struct nn_tensor *b,
                      const struct nn_tensor *out)
{
    for (int y = 0; y < out->height; y++) {
        for (int x = 0; x < out->width; x++) {
            const float *even = nn_tensor_at(a, y, x), *odd = nn_tensor_at(b, y, x);
            float *to = nn_tensor_at(out, y, x);
            for (int c = 0; c < a->channels; c++) {
                to[2 * c] = even[c];
                to[2 * c + 1] = odd[c];
            }
        }
    }
}

void nn_kernels_init(struct nn_kernels *kernels, unsigned cpu_flags)
{
    *kernels = (struct nn_kernels){
        .name = "scalar",
        .conv = conv_c,
        .conv_weights = nn_conv_weights_c,
        .conv_scratch = conv_scratch_c,
        .conv_pack = nn_conv_pack_c,
        .combine = combine_c,
        .max_pool = max_pool_c,
        .global_pool = global_pool_c,
        .bilinear = bilinear_c,
        .scale = scale_c,
        .shuffle = shuffle_c,
    };
    if ((cpu_flags & MC_CPU_BLAS) && nn_gemm_usable()) {
        kernels->name = "blas";
        kernels->conv = nn_conv_gemm;
        kernels->conv_scratch = nn_conv_gemm_scratch;
    }
}
