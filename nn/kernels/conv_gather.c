#include "nn/kernels/conv_gather.h"

#include <string.h>

#include "nn/kernels/conv_direct.h"

enum {
    GATHER_PIXELS = 32,  // of the map at most
    GATHER_WORDS = 1024, // of a window at least: weights of a block beyond the first cache
};

int nn_conv_gather_words(const struct nn_conv *conv)
{
    return conv->tap_count * nn_conv_words(conv);
}

bool nn_conv_is_gathered(const struct nn_conv *conv)
{
    return conv->tap_count > 1 && conv->out_height * conv->out_width <= GATHER_PIXELS &&
           nn_conv_gather_words(conv) >= GATHER_WORDS;
}

size_t nn_conv_gather_scratch(const struct nn_conv *conv)
{
    return nn_conv_is_gathered(conv)
               ? (size_t)(conv->out_height * conv->out_width) * (size_t)nn_conv_gather_words(conv)
               : 0;
}

// One pixel's window: what lies outside the map is zero in every type.
static void gather_window(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                          char *to)
{
    const size_t tap_bytes = (size_t)nn_conv_words(conv) * sizeof(float);
    const size_t bytes = (size_t)conv->in_channels * nn_type_size(in->type);
    for (int t = 0; t < conv->tap_count; t++, to += tap_bytes) {
        const int iy = y * conv->stride + conv->taps[t].dy;
        const int ix = x * conv->stride + conv->taps[t].dx;
        const size_t live = nn_tensor_has(in, iy, ix) ? bytes : 0;
        memcpy(to, nn_tensor_pixel(in, live > 0 ? iy : 0, live > 0 ? ix : 0), live);
        memset(to + live, 0, tap_bytes - live);
    }
}

struct nn_tensor nn_conv_gather(const struct nn_conv *conv, const struct nn_tensor *in,
                                struct nn_rows rows, float *scratch)
{
    const size_t words = (size_t)nn_conv_gather_words(conv);
    const size_t numbers = words * sizeof(float) / nn_type_size(in->type);
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < conv->out_width; x++) {
            const size_t pixel = (size_t)y * (size_t)conv->out_width + (size_t)x;
            gather_window(conv, in, y, x, (char *)(scratch + pixel * words));
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
