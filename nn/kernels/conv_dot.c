#include "nn/kernels/conv_dot.h"

#include "nn/kernels/conv_plain.h"
#include "nn/kernels/number.h"

bool nn_conv_is_dot(const struct nn_conv *conv)
{
    return conv->out_channels == 1;
}

// One output. Neighbouring taps of a row are one product where their pixels are adjacent
// in memory.
static float dot_at(nn_dot_fn *dot, const struct nn_conv *conv, const struct nn_tensor *in, int y,
                    int x)
{
    const struct nn_tap *taps = conv->taps;
    const bool dense = in->pixel_stride == (size_t)conv->in_channels;
    float sum = 0;
    for (int t = 0; t < conv->tap_count;) {
        const int iy = y * conv->stride + taps[t].dy, ix = x * conv->stride + taps[t].dx;
        if (!nn_tensor_has(in, iy, ix)) {
            t++;
            continue;
        }
        int count = 1;
        while (dense && t + count < conv->tap_count && taps[t + count].dy == taps[t].dy &&
               taps[t + count].dx == taps[t].dx + count && ix + count < in->width) {
            count++;
        }
        size_t skipped = (size_t)t * (size_t)conv->in_channels * nn_type_size(conv->type);
        sum += dot((const char *)conv->weights + skipped, nn_tensor_pixel(in, iy, ix),
                   count * conv->in_channels);
        t += count;
    }
    return (conv->type == NN_U8 ? sum * conv->scale[0] : sum) + conv->bias[0];
}

void nn_conv_dot_pack(const struct nn_conv *conv, const float *plain, float *packed)
{
    for (size_t i = 0; i < nn_conv_weights_c(conv); i++) {
        nn_number_set_weight(conv->type, packed, i, plain[i]);
    }
}

void nn_conv_dot(nn_dot_fn *dot, const struct nn_conv *conv, const struct nn_conv_maps *maps,
                 struct nn_rows rows)
{
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < maps->out.width; x++) {
            float sum = dot_at(dot, conv, &maps->in, y, x);
            nn_conv_store(conv, maps, y, x, 0, 1, &sum);
        }
    }
}
