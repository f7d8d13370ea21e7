#include "nn/kernels/conv_plain.h"

#include <string.h>

#include "nn/kernels/number.h"

enum { CHANNEL_BLOCK = 64 };

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

// Adds the products of one tap to the sums of count output channels.
static void add_tap(const struct nn_conv *conv, const struct nn_tensor *in, const void *pixel,
                    const float *weights, int count, float *restrict sum)
{
    for (int ci = 0; ci < conv->in_channels; ci++, weights += conv->out_channels) {
        const float input = nn_number_get(in->type, in->scale, pixel, ci);
        for (int i = 0; i < count; i++) {
            sum[i] += input * weights[i];
        }
    }
}

// The same for bytes, in int32.
static void add_tap_u8(const struct nn_conv *conv, const uint8_t *pixel, const float *weights,
                       int count, int32_t *restrict sum)
{
    for (int ci = 0; ci < conv->in_channels; ci++, weights += conv->out_channels) {
        for (int i = 0; i < count; i++) {
            sum[i] += pixel[ci] * (int32_t)weights[i];
        }
    }
}

// Computes output channels first to first + count - 1 at pixel y, x.
static void conv_sum(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                     int first, int count, float *restrict sum)
{
    int32_t whole[CHANNEL_BLOCK] = { 0 };
    memcpy(sum, conv->bias + first, (size_t)count * sizeof *sum);
    for (int t = 0; t < conv->tap_count; t++) {
        int iy = y * conv->stride + conv->taps[t].dy, ix = x * conv->stride + conv->taps[t].dx;
        if (iy < 0 || iy >= in->height || ix < 0 || ix >= in->width) {
            continue;
        }
        const float *weights = conv->weights + first +
                               (size_t)t * (size_t)conv->in_channels * (size_t)conv->out_channels;
        if (conv->type == NN_U8) {
            add_tap_u8(conv, nn_tensor_pixel(in, iy, ix), weights, count, whole);
        } else {
            add_tap(conv, in, nn_tensor_pixel(in, iy, ix), weights, count, sum);
        }
    }
    for (int i = 0; conv->type == NN_U8 && i < count; i++) {
        sum[i] += (float)whole[i] * conv->scale[first + i];
    }
}

void nn_conv_c(const struct nn_conv *conv, const struct nn_conv_maps *maps, struct nn_rows rows,
               float *scratch)
{
    (void)scratch;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < maps->out.width; x++) {
            for (int first = 0; first < conv->out_channels; first += CHANNEL_BLOCK) {
                float sum[CHANNEL_BLOCK];
                int count = min_int(CHANNEL_BLOCK, conv->out_channels - first);
                conv_sum(conv, &maps->in, y, x, first, count, sum);
                nn_conv_store(conv, maps, y, x, first, count, sum);
            }
        }
    }
}

static void copy_number(const struct nn_tensor *to, void *to_pixel, int to_channel,
                        const void *from_pixel, int from_channel)
{
    size_t size = nn_type_size(to->type);
    memcpy((char *)to_pixel + (size_t)to_channel * size,
           (const char *)from_pixel + (size_t)from_channel * size, size);
}

void nn_conv_store(const struct nn_conv *conv, const struct nn_conv_maps *maps, int y, int x,
                   int first, int count, const float *sum)
{
    const bool has_residual = maps->residual.data != NULL, shuffles = maps->partner.data != NULL;
    const void *residual = has_residual ? nn_tensor_pixel(&maps->residual, y, x) : NULL;
    const void *partner = shuffles ? nn_tensor_pixel(&maps->partner, y, x) : NULL;
    void *out = nn_tensor_pixel(&maps->out, y, x);
    const float inverse = 1 / maps->out.scale;
    const int step = shuffles ? 2 : 1, own = shuffles && maps->partner_first ? 1 : 0;
    for (int i = 0; i < count; i++) {
        const int c = first + i;
        float value = sum[i];
        if (conv->pre_slope != NULL && value < 0) {
            value *= conv->pre_slope[c];
        }
        if (has_residual && c < maps->residual.channels) {
            value += nn_number_get(maps->residual.type, maps->residual.scale, residual, c);
        }
        if (conv->relu) {
            value = value > 0 ? value : 0;
        } else if (conv->slope != NULL && value < 0) {
            value *= conv->slope[c];
        }
        nn_number_set(maps->out.type, inverse, out, c * step + own, value);
        if (shuffles) {
            copy_number(&maps->out, out, c * step + 1 - own, partner, c);
        }
    }
}

size_t nn_conv_weights_c(const struct nn_conv *conv)
{
    return (size_t)conv->tap_count * (size_t)conv->in_channels * (size_t)conv->out_channels;
}

size_t nn_conv_scratch_c(const struct nn_conv *conv)
{
    (void)conv;
    return 0;
}

void nn_conv_pack_c(const struct nn_conv *conv, const float *plain, float *packed)
{
    size_t count = nn_conv_weights_c(conv);
    for (size_t i = 0; i < count; i++) {
        packed[i] =
            conv->type == NN_BF16 ? nn_float_from_bf16(nn_bf16_from_float(plain[i])) : plain[i];
    }
}
