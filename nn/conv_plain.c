#include "nn/conv_plain.h"

#include <string.h>

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

void nn_conv_c(const struct nn_conv *conv, const struct nn_conv_maps *maps, struct nn_rows rows,
               float *scratch)
{
    (void)scratch;
    const int step = maps->partner.data == NULL ? 1 : 2;
    for (int y = rows.begin; y < rows.end; y++) {
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

size_t nn_conv_scratch_c(const struct nn_conv *conv)
{
    (void)conv;
    return 0;
}

void nn_conv_pack_c(const struct nn_conv *conv, const float *plain, float *packed)
{
    memcpy(packed, plain, nn_conv_weights_c(conv) * sizeof *packed);
}
