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
    bool relu;
};

// The maps of one convolution. With a residual, it is added before the ReLU.
// With a partner, a finished map of as many channels as the convolution has, the
// two are shuffled into out, of twice as many: partner_first tells whose are
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

// out = in * scale + shift, + residual, ReLU: each where wanted (NULL: not).
typedef void nn_combine_fn(const struct nn_tensor *in, const float *scale, const float *shift,
                           const struct nn_tensor *residual, bool relu, const struct nn_tensor *out,
                           struct nn_rows rows);

// Maximum over size x size, stride size, then as nn_combine_fn.
typedef void nn_max_pool_fn(const struct nn_tensor *in, int size, const float *scale,
                            const float *shift, bool relu, const struct nn_tensor *out,
                            struct nn_rows rows);

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
// w = e^(logit - the map's largest), w x, w y and w (x^2 + y^2), with x and y in
// cells. sums has four floats for each channel.
typedef void nn_heat_sums_fn(const struct nn_tensor *maps, float *sums);

struct nn_kernels {
    const char *name;    // the level: "scalar", "blas", ...
    unsigned fast_types; // bit 1 << type: lower precision that pays here
    nn_conv_fn *conv;
    nn_conv_size_fn *conv_weights, *conv_scratch;
    nn_conv_pack_fn *conv_pack;
    nn_combine_fn *combine;
    nn_max_pool_fn *max_pool;
    nn_global_pool_fn *global_pool;
    nn_bilinear_fn *bilinear;
    nn_scale_fn *scale;
    nn_shuffle_fn *shuffle;
    nn_heat_sums_fn *heat_sums;
};

// Chooses the fastest kernels among those cpu_flags allow; 0 gives plain C.
// Every pointer is set, always.
void nn_kernels_init(struct nn_kernels *kernels, unsigned cpu_flags);
