// Depthwise convolution: a part of kernels_loops.h.

#include "nn/kernels/kernels.h"
#include "nn/kernels/loops_vec.h"

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
        if (nn_tensor_has(in, iy, ix)) {
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

// Numbers from one pixel to the next. residual: NULL, or where its first pixel is.
struct depthwise_span {
    const struct nn_conv *conv;
    const struct seen *seen;
    size_t in_step, residual_step, out_step;
    const float *residual;
    float *out;
};

enum { DEPTHWISE_PIXELS = 4 }; // each weight, once loaded, serves so many

// Channels c to c + count - 1 of some pixels from `first` on. pixels is constant,
// and count but for the last channels.
static inline __attribute__((always_inline)) void depthwise_block(const struct depthwise_span *span,
                                                                  size_t first, const int pixels,
                                                                  int c, const int count)
{
    const struct nn_conv *conv = span->conv;
    const struct seen *seen = span->seen;
    const loops_vec none = { 0 };
    loops_vec sum[DEPTHWISE_PIXELS];
    for (int p = 0; p < pixels; p++) {
        sum[p] = loops_load(conv->bias + c, count, none);
    }
    for (int t = 0; t < seen->count; t++) {
        const loops_vec weights = loops_load(seen->weights[t] + c, count, none);
        const float *in = seen->pixel[t] + first * span->in_step + c;
        for (int p = 0; p < pixels; p++, in += span->in_step) {
            sum[p] += loops_load(in, count, none) * weights;
        }
    }
    for (int p = 0; p < pixels; p++) {
        const size_t at = first + (size_t)p;
        if (conv->inner != NULL) {
            sum[p] = slope_vec(sum[p], conv->inner + c, count);
        }
        if (span->residual != NULL) {
            sum[p] += loops_load(span->residual + at * span->residual_step + c, count, none);
        }
        if (conv->relu) {
            sum[p] = loops_max(sum[p], none);
        } else if (conv->slope != NULL) {
            sum[p] = slope_vec(sum[p], conv->slope + c, count);
        }
        loops_store(span->out + at * span->out_step + c, sum[p], count);
    }
}

static inline __attribute__((always_inline)) void
depthwise_channels(const struct depthwise_span *span, int pixels, int c, const int count)
{
    int p = 0;
    for (; p + DEPTHWISE_PIXELS <= pixels; p += DEPTHWISE_PIXELS) {
        depthwise_block(span, (size_t)p, DEPTHWISE_PIXELS, c, count);
    }
    for (; p < pixels; p++) {
        depthwise_block(span, (size_t)p, 1, c, count);
    }
}

// Pixels x to x + pixels - 1 of row y, for which the same taps are within the map.
static void depthwise_span(const struct nn_conv *conv, const struct nn_conv_maps *maps, int y,
                           int x, int pixels)
{
    struct seen seen;
    see(conv, &maps->in, y, x, &seen);
    const struct depthwise_span span = {
        .conv = conv,
        .seen = &seen,
        .in_step = (size_t)conv->stride * maps->in.pixel_stride,
        .residual_step = maps->residual.pixel_stride,
        .out_step = maps->out.pixel_stride,
        .residual = maps->residual.data == NULL ? NULL : nn_tensor_at(&maps->residual, y, x),
        .out = nn_tensor_at(&maps->out, y, x),
    };
    const int channels = conv->out_channels;
    int c = 0;
    for (; c + LOOPS_LANES <= channels; c += LOOPS_LANES) {
        depthwise_channels(&span, pixels, c, LOOPS_LANES);
    }
    if (c < channels) {
        depthwise_channels(&span, pixels, c, channels - c);
    }
}

// Whether every tap of the outputs in column x is within the map's width.
static bool sees_all_columns(const struct nn_conv *conv, const struct nn_tensor *in, int x)
{
    for (int t = 0; t < conv->tap_count; t++) {
        const int ix = x * conv->stride + conv->taps[t].dx;
        if (ix < 0 || ix >= in->width) {
            return false;
        }
    }
    return true;
}

static void loops_depthwise(const struct nn_conv *conv, const struct nn_conv_maps *maps,
                            struct nn_rows rows)
{
    const int width = maps->out.width;
    int begin = 0, end = width; // columns that see all taps
    while (begin < width && !sees_all_columns(conv, &maps->in, begin)) {
        begin++;
    }
    while (end > begin && !sees_all_columns(conv, &maps->in, end - 1)) {
        end--;
    }
    for (int y = rows.begin; y < rows.end; y++) {
        for (int x = 0; x < begin; x++) {
            depthwise_span(conv, maps, y, x, 1);
        }
        if (begin < end) {
            depthwise_span(conv, maps, y, begin, end - begin);
        }
        for (int x = end; x < width; x++) {
            depthwise_span(conv, maps, y, x, 1);
        }
    }
}
