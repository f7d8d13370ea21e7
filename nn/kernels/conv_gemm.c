#include "nn/kernels/conv_gemm.h"

#include <string.h>

#include "nn/kernels/conv_im2col.h"
#include "nn/kernels/conv_plain.h"
#include "nn/kernels/gemm.h"

enum { PIXELS = 128 }; // per product, so that the im2col rows stay in the cache

static size_t row_floats(const struct nn_conv *conv)
{
    return (size_t)conv->tap_count * (size_t)conv->in_channels;
}

size_t nn_conv_gemm_scratch(const struct nn_conv *conv)
{
    return conv->type == NN_F32 ? PIXELS * (row_floats(conv) + (size_t)conv->out_channels)
                                : nn_conv_scratch_c(conv);
}

void nn_conv_gemm(const struct nn_conv *conv, const struct nn_conv_maps *maps, struct nn_rows range,
                  float *scratch)
{
    if (conv->type != NN_F32) {
        nn_conv_c(conv, maps, range, scratch);
        return;
    }
    const size_t k = row_floats(conv), n = (size_t)conv->out_channels;
    const int width = maps->out.width, end = range.end * width;
    float *rows = scratch, *sums = scratch + PIXELS * k;
    for (int begin = range.begin * width; begin < end; begin += PIXELS) {
        int count = end - begin < PIXELS ? end - begin : PIXELS;
        for (int i = 0; i < count; i++) {
            int y = (begin + i) / width, x = (begin + i) % width;
            nn_conv_im2col_window(conv, &maps->in, y, x, rows + (size_t)i * k);
            memcpy(sums + (size_t)i * n, conv->bias, n * sizeof *sums);
        }
        nn_gemm_add((size_t)count, n, k, rows, k, conv->weights, n, sums, n);
        for (int i = 0; i < count; i++) {
            nn_conv_store(conv, maps, (begin + i) / width, (begin + i) % width, 0, (int)n,
                          sums + (size_t)i * n);
        }
    }
}
