#include "nn/kernels/conv_im2col.h"

#include <string.h>

#include "nn/kernels/microkernel.h"

enum {
    PIXELS_MAX = 32,  // in the map
    WORDS_MIN = 1024, // in a window: from here on a block's weights exceed the L1 cache
};

int nn_conv_im2col_words(const struct nn_conv *conv)
{
    return conv->tap_count * nn_conv_words(conv);
}

bool nn_conv_im2col_pays(const struct nn_conv *conv)
{
    return conv->tap_count > 1 && conv->out_height * conv->out_width <= PIXELS_MAX &&
           nn_conv_im2col_words(conv) >= WORDS_MIN;
}

size_t nn_conv_im2col_scratch(const struct nn_conv *conv)
{
    return nn_conv_im2col_pays(conv)
               ? (size_t)(conv->out_height * conv->out_width) * (size_t)nn_conv_im2col_words(conv)
               : 0;
}

void nn_conv_im2col_window(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                           float *window)
{
    char *to = (char *)window; // zeros are zero bytes in every type
    const size_t tap_bytes = (size_t)nn_conv_words(conv) * sizeof(float);
    const size_t bytes = (size_t)conv->in_channels * nn_type_size(in->type);
    for (int t = 0; t < conv->tap_count; t++, to += tap_bytes) {
        const int iy = y * conv->stride + conv->taps[t].dy;
        const int ix = x * conv->stride + conv->taps[t].dx;
        const size_t valid = nn_tensor_has(in, iy, ix) ? bytes : 0;
        memcpy(to, nn_tensor_pixel(in, valid > 0 ? iy : 0, valid > 0 ? ix : 0), valid);
        memset(to + valid, 0, tap_bytes - valid);
    }
}

struct nn_tensor nn_conv_im2col(const struct nn_conv *conv, const struct nn_tensor *in,
                                struct nn_rows rows, float *scratch)
{
    const size_t words = (size_t)nn_conv_im2col_words(conv);
    const size_t numbers = words * sizeof(float) / nn_type_size(in->type);
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < conv->out_width; x++) {
            const size_t pixel = (size_t)y * (size_t)conv->out_width + (size_t)x;
            nn_conv_im2col_window(conv, in, y, x, scratch + pixel * words);
        }
    }
    return (struct nn_tensor){ .data = scratch,
                               .height = conv->out_height,
                               .width = conv->out_width,
                               .channels = (int)numbers,
                               .pixel_stride = numbers,
                               .row_stride = (size_t)conv->out_width * numbers,
                               .type = in->type,
                               .scale = in->scale };
}
