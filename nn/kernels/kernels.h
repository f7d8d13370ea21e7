// The kernels: the inner loops of every operator, their plain C, and the choice
// by processor. Plain C is the definition; a faster one gives the same up to
// rounding. Kernels read and write views, so strides are never assumed. They
// neither allocate nor fail. Any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/tensor.h"

enum { NN_TAPS_MAX = 169 }; // 13x13

// One position of a convolution's window: input row and column, relative to the
// output's times the stride. Outside the map the input counts as zero.
struct nn_tap {
    int dy, dx;
};

// Output rows begin to end - 1: what one call computes. The parts of a map may be
// computed one after another or at the same time.
struct nn_rows {
    int begin, end;
};

// A convolution ready to run.
struct nn_conv {
    int in_channels, out_channels;
    int out_height, out_width; // of the whole map
    int stride;
    int tap_count;
    const struct nn_tap *taps;
    enum nn_type type, out_type; // of the input; of the output, residual and partner
    const float *weights;        // as this kernel's pack wrote them
    const float *bias;           // out_channels; behind them zeros up to a multiple of 32
    const float *scale;          // U8 input: what each sum of whole numbers is worth; as bias
    const float *inner;          // slopes of negative sums before the residual; NULL: none; as bias
    const float *slope;          // the same of what is stored
    bool relu;
};

// The maps of one convolution. With a residual, it is added before the ReLU; of
// channels that the residual lacks, none. With a partner, a finished map of as many channels as the
// convolution has, the two are shuffled into out, of twice as many: partner_first tells whose are
// channels 0, 2, 4, ...
struct nn_conv_maps {
    struct nn_tensor in, out;
    struct nn_tensor residual; // data NULL: none
    struct nn_tensor partner;  // data NULL: none
    bool partner_first;
};

//   scratch  of this call alone: as many floats as conv_scratch said; contents don't matter
typedef void nn_conv_fn(const struct nn_conv *conv, const struct nn_conv_maps *maps,
                        struct nn_rows rows, float *scratch);

// Floats, or room of that size, that packed weights need, resp. that the kernel wants as scratch.
typedef size_t nn_conv_size_fn(const struct nn_conv *conv);

// Writes packed weights from plain ones: taps x in_channels x out_channels. For
// a U8 input they are whole numbers of -127 to 127.
typedef void nn_conv_pack_fn(const struct nn_conv *conv, const float *plain, float *packed);

// A depthwise convolution: in_channels are out_channels, F32 and no partner. Its
// weights are taps x channels.
typedef void nn_depthwise_fn(const struct nn_conv *conv, const struct nn_conv_maps *maps,
                             struct nn_rows rows);

// What happens to each number on its way into a map: a norm, then an activation.
struct nn_epilogue {
    const float *scale, *shift; // by channel; NULL: none
    const float *slope;         // of negative numbers, by channel; NULL: none
    bool relu;
};

// out = in, finished but for the activation, + residual (NULL: none), activation.
typedef void nn_combine_fn(const struct nn_tensor *in, const struct nn_epilogue *finish,
                           const struct nn_tensor *residual, const struct nn_tensor *out,
                           struct nn_rows rows);

// Kernel size, stride and padding of a pool, both ways.
struct nn_pool {
    int kernel, stride, padding;
};

// Maximum over the window, as far as it is within the map; then finished.
typedef void nn_max_pool_fn(const struct nn_tensor *in, const struct nn_pool *pool,
                            const struct nn_epilogue *finish, const struct nn_tensor *out,
                            struct nn_rows rows);

// Mean over windows of size x size, stride size.
typedef void nn_average_pool_fn(const struct nn_tensor *in, int size, const struct nn_tensor *out,
                                struct nn_rows rows);

// Operators of one map that need nothing else: the index of the largest of 2 x 2,
// each pixel four times, the logistic function.
typedef void nn_map_fn(const struct nn_tensor *in, const struct nn_tensor *out,
                       struct nn_rows rows);

// Of two maps: numbers put where an index says; the product.
typedef void nn_maps_fn(const struct nn_tensor *a, const struct nn_tensor *b,
                        const struct nn_tensor *out, struct nn_rows rows);

// Gaussian and every factor'th pixel, see antialias.h.
//   scratch  in->width * in->channels floats, of this call alone
typedef void nn_antialias_fn(const struct nn_tensor *in, int factor, const struct nn_tensor *out,
                             struct nn_rows rows, float *scratch);

// Mean of each channel, in one call.
typedef void nn_global_pool_fn(const struct nn_tensor *in, const struct nn_tensor *out);

// Resize with aligned corners: output i reads input i (in - 1) / (out - 1); then
// + residual, where wanted.
typedef void nn_bilinear_fn(const struct nn_tensor *in, const struct nn_tensor *residual,
                            const struct nn_tensor *out, struct nn_rows rows);

// in times factor, a map of one channel; then + residual, where wanted.
typedef void nn_scale_fn(const struct nn_tensor *in, const struct nn_tensor *factor,
                         const struct nn_tensor *residual, const struct nn_tensor *out,
                         struct nn_rows rows);

// Channels 0, 2, 4, ... of out from a, 1, 3, 5, ... from b.
typedef void nn_shuffle_fn(const struct nn_tensor *a, const struct nn_tensor *b,
                           const struct nn_tensor *out, struct nn_rows rows);

// Of each heat map (a channel of float32 logits): the sums over its cells of
// w = e^((logit - the map's largest) / temperature), w x, w y and w (x^2 + y^2),
// with x and y in cells. sums has four floats for each channel.
//   weights  NULL, or where w goes: height x width x channels, without gaps; 0
//            where it is below e^-87
typedef void nn_heat_sums_fn(const struct nn_tensor *maps, float temperature, float *sums,
                             float *weights);

// What each heat map sees of other maps: sums over its cells of w times the
// pixel, shifted by dy, dx, of features, which is that much larger.
//   weights  as nn_heat_sums_fn wrote them, height x width x count
//   sums     count x features->channels
typedef void nn_heat_look_fn(const float *weights, int height, int width, int count,
                             const struct nn_tensor *features, int dy, int dx, float *sums);

struct nn_kernels {
    const char *name;    // the level: "scalar", "blas", ...
    unsigned fast_types; // bit 1 << type: lower precision that pays here
    nn_conv_fn *conv;
    nn_conv_size_fn *conv_weights, *conv_scratch;
    nn_conv_pack_fn *conv_pack;
    nn_combine_fn *combine;
    nn_depthwise_fn *depthwise;
    nn_max_pool_fn *max_pool;
    nn_average_pool_fn *average_pool;
    nn_map_fn *pool_index, *nearest, *sigmoid;
    nn_maps_fn *unpool, *multiply;
    nn_antialias_fn *antialias;
    nn_global_pool_fn *global_pool;
    nn_bilinear_fn *bilinear;
    nn_scale_fn *scale;
    nn_shuffle_fn *shuffle;
    nn_heat_sums_fn *heat_sums;
    nn_heat_look_fn *heat_look;
};

// Chooses the fastest kernels among those cpu_flags allow; 0 gives plain C.
// Every pointer is set, always.
void nn_kernels_init(struct nn_kernels *kernels, unsigned cpu_flags);
