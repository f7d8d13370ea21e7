// Depthwise convolution: a part of kernels_loops.h.

#include "nn/kernels.h"
#include "nn/loops_vec.h"

// What the window sees at one output pixel.
struct seen {
    const float *pixel[NN_TAPS_MAX], *weights[NN_TAPS_MAX];
    int count;
};

static void see(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                struct seen *seen)
{
    seen->count = 0;
    for (int t = 0; t < conv->tap_count; t++) {
        const int iy = y * conv->stride + conv->taps[t].dy;
        const int ix = x * conv->stride + conv->taps[t].dx;
        if (iy >= 0 && iy < in->height && ix >= 0 && ix < in->width) {
            seen->pixel[seen->count] = nn_tensor_at(in, iy, ix);
            seen->weights[seen->count++] = conv->weights + (size_t)t * (size_t)conv->in_channels;
        }
    }
}

static inline loops_vec slope_vec(loops_vec value, const float *slope, int count)
{
    const loops_vec none = { 0 };
    return loops_max(value, none) + loops_min(value, none) * loops_load(slope, count, none);
}

// Channels c to c + count - 1 of one pixel; count is constant but for the last.
static inline __attribute__((always_inline)) void depthwise_block(const struct nn_conv *conv,
                                                                  const struct seen *seen,
                                                                  const float *residual, float *out,
                                                                  int c, const int count)
{
    const loops_vec none = { 0 };
    loops_vec sum = loops_load(conv->bias + c, count, none);
    for (int t = 0; t < seen->count; t++) {
        sum += loops_load(seen->pixel[t] + c, count, none) *
               loops_load(seen->weights[t] + c, count, none);
    }
    if (conv->inner != NULL) {
        sum = slope_vec(sum, conv->inner + c, count);
    }
    if (residual != NULL) {
        sum += loops_load(residual + c, count, none);
    }
    if (conv->relu) {
        sum = loops_max(sum, none);
    } else if (conv->slope != NULL) {
        sum = slope_vec(sum, conv->slope + c, count);
    }
    loops_store(out + c, sum, count);
}

static void loops_depthwise(const struct nn_conv *conv, const struct nn_conv_maps *maps,
                            struct nn_rows rows)
{
    const int channels = conv->out_channels;
    struct seen seen;
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < maps->out.width; x++) {
            see(conv, &maps->in, y, x, &seen);
            const float *residual =
                maps->residual.data == NULL ? NULL : nn_tensor_at(&maps->residual, y, x);
            float *out = nn_tensor_at(&maps->out, y, x);
            int c = 0;
            for (; c + LOOPS_LANES <= channels; c += LOOPS_LANES) {
                depthwise_block(conv, &seen, residual, out, c, LOOPS_LANES);
            }
            if (c < channels) {
                depthwise_block(conv, &seen, residual, out, c, channels - c);
            }
        }
    }
}
