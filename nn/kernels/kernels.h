// The kernels: the inner loops of all operators, in plain C and in faster versions that are
// chosen by processor.
//
// Plain C is the definition; a faster kernel gives the same results up to rounding. Kernels
// read and write views, so they never assume a stride. They neither allocate nor fail. Any
// thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "nn/tensor.h"

enum { NN_TAPS_MAX = 169 }; // 13x13

// One position in a convolution's window: input row and column relative to the output's
// times the stride. Outside the map the input counts as zero.
struct nn_tap {
    int dy, dx;
};

// Output rows begin to end - 1, which one call computes. The parts of a map may be computed
// one after another or concurrently.
struct nn_rows {
    int begin, end;
};

// A convolution, ready to run. Borrows all that it points to.
struct nn_conv {
    int in_channels, out_channels;
    int out_height, out_width; // of the whole map
    int stride;
    int tap_count;
    const struct nn_tap *taps;
    enum nn_type type, out_type; // of the input; of the output, residual and partner
    const float *weights;        // as packed by the same kernel
    const float *bias;           // out_channels, zero-padded to a multiple of 32
    const float *scale;          // U8 input: the value of one unit of a sum; like bias
    const float *pre_slope;      // PReLU before the residual: slopes, like bias; NULL: none
    const float *slope;          // PReLU after the residual: slopes, like bias; NULL: none
    bool relu;                   // after the residual
};

// The maps of one convolution. The residual is added before the last activation; it may have
// fewer channels than the output. The partner is a finished map with as many channels as the
// convolution; the two are shuffled into out, which has twice as many. partner_first: the
// partner's channels become channels 0, 2, 4, ..., else 1, 3, 5, ...
struct nn_conv_maps {
    struct nn_tensor in, out;
    struct nn_tensor residual; // data NULL: none
    struct nn_tensor partner;  // data NULL: none
    bool partner_first;
};

//   scratch  conv_scratch floats for this call alone; any contents
typedef void nn_conv_fn(const struct nn_conv *conv, const struct nn_conv_maps *maps,
                        struct nn_rows rows, float *scratch);

// The size of packed weights or of scratch, in floats (whatever they hold).
typedef size_t nn_conv_size_fn(const struct nn_conv *conv);

// Packs weights.
//   plain  taps x in_channels x out_channels; for U8 input whole numbers from -127 to 127
typedef void nn_conv_pack_fn(const struct nn_conv *conv, const float *plain, float *packed);

// A depthwise convolution: in_channels equals out_channels, both types are F32 or U8, and there
// is no partner. Weights are taps x channels, float32 for either type.
typedef void nn_depthwise_fn(const struct nn_conv *conv, const struct nn_conv_maps *maps,
                             struct nn_rows rows);

// What is applied to each number before it is stored: a norm, then an activation.
struct nn_epilogue {
    const float *scale, *shift; // per channel; NULL: no norm
    const float *slope;         // PReLU, per channel; NULL: none
    bool relu;
};

// Elementwise: norm, then + residual (NULL: none), then activation.
typedef void nn_combine_fn(const struct nn_tensor *in, const struct nn_epilogue *epilogue,
                           const struct nn_tensor *residual, const struct nn_tensor *out,
                           struct nn_rows rows);

// Kernel size, stride and padding of a pool, the same for rows and columns.
struct nn_pool {
    int kernel, stride, padding;
};

// Maximum over the part of the window that is within the map, then the epilogue.
typedef void nn_max_pool_fn(const struct nn_tensor *in, const struct nn_pool *pool,
                            const struct nn_epilogue *epilogue, const struct nn_tensor *out,
                            struct nn_rows rows);

// Mean over windows of size x size with stride size.
typedef void nn_average_pool_fn(const struct nn_tensor *in, int size, const struct nn_tensor *out,
                                struct nn_rows rows);

// Operators on one map. pool_index: which of 2 x 2 is the largest, 0 to 3 in row-major
// order, the first of equals. nearest: each pixel four times. sigmoid: 1 / (1 + e^-x).
typedef void nn_map_fn(const struct nn_tensor *in, const struct nn_tensor *out,
                       struct nn_rows rows);

// Operators on two maps. unpool: a's numbers at the positions that b, a pool_index, gives,
// zeros elsewhere. multiply: elementwise.
typedef void nn_maps_fn(const struct nn_tensor *a, const struct nn_tensor *b,
                        const struct nn_tensor *out, struct nn_rows rows);

// Low-pass filter, then every factor'th row and column; see antialias.h.
//   scratch  in->width * in->channels floats for this call alone
typedef void nn_antialias_fn(const struct nn_tensor *in, int factor, const struct nn_tensor *out,
                             struct nn_rows rows, float *scratch);

// Mean of each channel over the whole map, in one call.
typedef void nn_global_pool_fn(const struct nn_tensor *in, const struct nn_tensor *out);

// Bilinear resize with aligned corners: output i reads input i * (in - 1) / (out - 1). Then
// + residual (NULL: none).
typedef void nn_bilinear_fn(const struct nn_tensor *in, const struct nn_tensor *residual,
                            const struct nn_tensor *out, struct nn_rows rows);

// in times factor, which has one channel; then + residual (NULL: none).
typedef void nn_scale_fn(const struct nn_tensor *in, const struct nn_tensor *factor,
                         const struct nn_tensor *residual, const struct nn_tensor *out,
                         struct nn_rows rows);

// Interleaves channels: 0, 2, 4, ... from a and 1, 3, 5, ... from b.
typedef void nn_shuffle_fn(const struct nn_tensor *a, const struct nn_tensor *b,
                           const struct nn_tensor *out, struct nn_rows rows);

// The sums that a softmax of heat maps is made of. For each map (a channel of float32
// logits): the sums over its cells of w = e^((logit - the map's maximum) / temperature),
// w x, w y and w (x^2 + y^2), with x and y in cells.
//   sums     4 floats per channel
//   weights  NULL, or receives w: height x width x channels, dense; 0 where it is below
//            e^-87
typedef void nn_heat_sums_fn(const struct nn_tensor *maps, float temperature, float *sums,
                             float *weights);

// The sums of other maps weighted by heat maps: over all cells y, x, w times the pixel
// y + dy, x + dx of features, which must be large enough.
//   weights  from nn_heat_sums_fn: height x width x count
//   sums     count x features->channels
typedef void nn_weighted_sum_fn(const float *weights, int height, int width, int count,
                                const struct nn_tensor *features, int dy, int dx, float *sums);

struct nn_kernels {
    const char *name;    // the level that they are made for; see base/cpu.h
    unsigned fast_types; // bit 1 << type: lower-precision types that are faster than float32
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
    nn_weighted_sum_fn *weighted_sum;
};

// Chooses the fastest kernels that cpu_flags (see base/cpu.h) allow; 0 gives plain C. Sets
// every pointer.
void nn_kernels_init(struct nn_kernels *kernels, unsigned cpu_flags);
