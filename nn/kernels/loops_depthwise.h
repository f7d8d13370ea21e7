// Depthwise convolution. Part of kernels_loops.h.

#include <stdbool.h>

#include "nn/kernels/kernels.h"
#include "nn/kernels/loops_vec.h"

// The taps that are within the map at one output pixel.
struct valid_taps {
    const char *pixel[NN_TAPS_MAX];
    const float *weights[NN_TAPS_MAX];
    int count;
};

static void find_valid_taps(const struct nn_conv *conv, const struct nn_tensor *in, int y, int x,
                            struct valid_taps *valid)
{
    valid->count = 0;
    for (int t = 0; t < conv->tap_count; t++) {
        const int iy = y * conv->stride + conv->taps[t].dy;
        const int ix = x * conv->stride + conv->taps[t].dx;
        if (nn_tensor_has(in, iy, ix)) {
            valid->pixel[valid->count] = nn_tensor_pixel(in, iy, ix);
            valid->weights[valid->count++] = conv->weights + (size_t)t * (size_t)conv->in_channels;
        }
    }
}

static inline loops_vec slope_vec(loops_vec value, const float *slope, int count)
{
    const loops_vec none = { 0 };
    return loops_max(value, none) + loops_min(value, none) * loops_load(slope, count, none);
}

// Numbers from p[c] on as they are stored, F32 or U8; type is constant.
static inline __attribute__((always_inline)) loops_vec
depthwise_load(const char *p, size_t c, const enum nn_type type, const int count)
{
    const loops_vec none = { 0 };
    return type == NN_U8 ? loops_load_u8((const uint8_t *)p + c, count)
                         : loops_load((const float *)(const void *)p + c, count, none);
}

// A run of output pixels in a row with the same valid taps. Steps are numbers from one pixel
// to the next.
struct depthwise_span {
    const struct nn_conv *conv;
    const struct valid_taps *valid;
    size_t in_step, residual_step, out_step;
    const char *residual; // its first pixel; NULL: none
    char *out;
    float in_scale, residual_scale, out_inverse; // of bytes; 1 otherwise
};

// Of the input; of the output and the residual. Constant.
struct depthwise_types {
    enum nn_type in, out;
};

enum { DEPTHWISE_PIXELS = 4 }; // that share each load of a weight

// The residual, the activations and the store of channels c to c + count - 1 of one pixel.
static inline __attribute__((always_inline)) void
depthwise_finish(const struct depthwise_span *span, const struct depthwise_types types, size_t at,
                 loops_vec sum, int c, const int count)
{
    const struct nn_conv *conv = span->conv;
    const loops_vec none = { 0 };
    if (conv->pre_slope != NULL) {
        sum = slope_vec(sum, conv->pre_slope + c, count);
    }
    if (span->residual != NULL) {
        sum +=
            depthwise_load(span->residual, at * span->residual_step + (size_t)c, types.out, count) *
            span->residual_scale;
    }
    if (conv->relu) {
        sum = loops_max(sum, none);
    } else if (conv->slope != NULL) {
        sum = slope_vec(sum, conv->slope + c, count);
    }
    const size_t to = at * span->out_step + (size_t)c;
    if (types.out == NN_U8) {
        sum = loops_min(loops_max(sum * span->out_inverse, none), none + 255.0f);
        loops_store_u8((uint8_t *)span->out + to, sum, count);
    } else {
        loops_store((float *)(void *)span->out + to, sum, count);
    }
}

// Channels c to c + count - 1 of the given number of pixels from `first` on. pixels is
// constant, and so is count except for the last channels.
static inline __attribute__((always_inline)) void
depthwise_block(const struct depthwise_span *span, const struct depthwise_types types, size_t first,
                const int pixels, int c, const int count)
{
    const struct nn_conv *conv = span->conv;
    const struct valid_taps *valid = span->valid;
    const loops_vec none = { 0 };
    loops_vec sum[DEPTHWISE_PIXELS];
    for (int p = 0; p < pixels; p++) {
        sum[p] = loops_load(conv->bias + c, count, none);
    }
    for (int t = 0; t < valid->count; t++) {
        const loops_vec weights =
            loops_load(valid->weights[t] + c, count, none) * (none + span->in_scale);
        size_t in = first * span->in_step + (size_t)c;
        for (int p = 0; p < pixels; p++, in += span->in_step) {
            sum[p] += depthwise_load(valid->pixel[t], in, types.in, count) * weights;
        }
    }
    for (int p = 0; p < pixels; p++) {
        depthwise_finish(span, types, first + (size_t)p, sum[p], c, count);
    }
}

static inline __attribute__((always_inline)) void
depthwise_channels(const struct depthwise_span *span, const struct depthwise_types types,
                   int pixels, int c, const int count)
{
    int p = 0;
    for (; p + DEPTHWISE_PIXELS <= pixels; p += DEPTHWISE_PIXELS) {
        depthwise_block(span, types, (size_t)p, DEPTHWISE_PIXELS, c, count);
    }
    for (; p < pixels; p++) {
        depthwise_block(span, types, (size_t)p, 1, c, count);
    }
}

static inline __attribute__((always_inline)) void
depthwise_all_channels(const struct depthwise_span *span, const struct depthwise_types types,
                       int pixels)
{
    const int channels = span->conv->out_channels;
    int c = 0;
    for (; c + LOOPS_LANES <= channels; c += LOOPS_LANES) {
        depthwise_channels(span, types, pixels, c, LOOPS_LANES);
    }
    if (c < channels) {
        depthwise_channels(span, types, pixels, c, channels - c);
    }
}

static float depthwise_scale(const struct nn_tensor *map)
{
    return map->type == NN_U8 ? map->scale : 1;
}

// Pixels x to x + pixels - 1 of row y, for which the same taps are within the map.
static void depthwise_span(const struct nn_conv *conv, const struct nn_conv_maps *maps, int y,
                           int x, int pixels)
{
    struct valid_taps valid;
    find_valid_taps(conv, &maps->in, y, x, &valid);
    const struct depthwise_span span = {
        .conv = conv,
        .valid = &valid,
        .in_step = (size_t)conv->stride * maps->in.pixel_stride,
        .residual_step = maps->residual.pixel_stride,
        .out_step = maps->out.pixel_stride,
        .residual = maps->residual.data == NULL ? NULL : nn_tensor_pixel(&maps->residual, y, x),
        .out = nn_tensor_pixel(&maps->out, y, x),
        .in_scale = depthwise_scale(&maps->in),
        .residual_scale = depthwise_scale(&maps->residual),
        .out_inverse = 1 / depthwise_scale(&maps->out),
    };
    if (conv->type == NN_U8 && conv->out_type == NN_U8) {
        depthwise_all_channels(&span, (struct depthwise_types){ NN_U8, NN_U8 }, pixels);
    } else if (conv->type == NN_U8) {
        depthwise_all_channels(&span, (struct depthwise_types){ NN_U8, NN_F32 }, pixels);
    } else if (conv->out_type == NN_U8) {
        depthwise_all_channels(&span, (struct depthwise_types){ NN_F32, NN_U8 }, pixels);
    } else {
        depthwise_all_channels(&span, (struct depthwise_types){ NN_F32, NN_F32 }, pixels);
    }
}

// Whether every tap is within the map's width for the outputs in column x.
static bool all_columns_valid(const struct nn_conv *conv, const struct nn_tensor *in, int x)
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
    int begin = 0, end = width; // columns with all taps valid
    while (begin < width && !all_columns_valid(conv, &maps->in, begin)) {
        begin++;
    }
    while (end > begin && !all_columns_valid(conv, &maps->in, end - 1)) {
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
