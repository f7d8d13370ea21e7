#include "nn/compiler/compile_conv.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/compiler/compile_internal.h"
#include "nn/compiler/program.h"
#include "nn/kernels/number.h"

enum { BIAS_MULTIPLE = 32 };

// ---- phases -------------------------------------------------------------------------
//
// A convolution to twice the size is four convolutions at the input's size, one for each
// output pixel that an input pixel becomes. Along one axis, where y is the input:
//   transposed, kernel 2    even outputs read y (w0), odd ones y (w1)
//   transposed, kernel 3    even outputs read y (w1), odd ones y (w2) and y + 1 (w0)
//   nearest, then kernel 3  even outputs read y - 1 (w0) and y (w1 + w2), odd ones
//                           y (w0 + w1) and y + 1 (w2): four products instead of nine

enum { AXIS_TAPS_MAX = 2 };

// The taps of one phase along one axis.
struct axis_taps {
    int count;
    int shift[AXIS_TAPS_MAX];       // of the input row or column
    unsigned kernel[AXIS_TAPS_MAX]; // bit mask of the kernel rows or columns summed up in it
};

static struct axis_taps axis_taps(const struct nn_fusion_candidate *candidate, int phase)
{
    static const struct axis_taps kernel_2[2] = { { 1, { 0 }, { 1 } }, { 1, { 0 }, { 2 } } };
    static const struct axis_taps kernel_3[2] = { { 1, { 0 }, { 2 } }, { 2, { 0, 1 }, { 4, 1 } } };
    static const struct axis_taps nearest[2] = { { 2, { -1, 0 }, { 1, 6 } },
                                                 { 2, { 0, 1 }, { 3, 4 } } };
    return candidate->upsamples                         ? nearest[phase]
           : candidate->root->window.kernel_height == 2 ? kernel_2[phase]
                                                        : kernel_3[phase];
}

static struct axis_taps row_taps(const struct nn_fusion_candidate *candidate)
{
    return axis_taps(candidate,
                     candidate->phases == NN_PHASES_ROWS ? candidate->phase : candidate->phase / 2);
}

// copy: with NN_PHASES_ROWS, which copy of the channels, and thus which column.
static struct axis_taps column_taps(const struct nn_fusion_candidate *candidate, int copy)
{
    return axis_taps(candidate, candidate->phases == NN_PHASES_ROWS ? copy : candidate->phase % 2);
}

struct nn_view nn_compiler_phase_view(const struct nn_fusion_candidate *candidate,
                                      struct nn_view view)
{
    if (candidate->phases == NN_PHASES_NONE) {
        return view;
    }
    const bool by_rows = candidate->phases == NN_PHASES_ROWS;
    const int y = by_rows ? candidate->phase : candidate->phase / 2,
              x = by_rows ? 0 : candidate->phase % 2;
    view.offset +=
        ((size_t)y * view.row_stride + (size_t)x * view.pixel_stride) * nn_type_size(view.type);
    view.height /= 2;
    view.width /= 2;
    view.row_stride *= 2;
    view.pixel_stride *= 2;
    view.channels *= by_rows ? 2 : 1;
    return view;
}

int nn_compiler_tap_count(const struct nn_fusion_candidate *candidate)
{
    if (candidate->root->filter == NULL) {
        return 0;
    }
    if (candidate->phases == NN_PHASES_NONE) {
        return candidate->root->window.kernel_height * candidate->root->window.kernel_width;
    }
    return row_taps(candidate).count * column_taps(candidate, 0).count;
}

// ---- weights ------------------------------------------------------------------------

// Channels of the convolution. It has `copies` times as many output channels as the operator.
struct shape {
    int in, out, copies;
};

// The index of the weight at kernel position t among the operator's.
static size_t filter_index(const struct nn_op *op, const struct shape *shape, int ci, int co, int t)
{
    const int taps = op->window.kernel_height * op->window.kernel_width;
    const size_t row = op->kind == NN_OP_TRANSPOSED ? (size_t)ci * (size_t)shape->out + (size_t)co
                                                    : (size_t)co * (size_t)shape->in + (size_t)ci;
    return row * (size_t)taps + (size_t)t;
}

// The weight of one tap of a phase: the sum of the kernel positions that coincide there.
static float phase_weight(const struct nn_fusion_candidate *candidate, const struct shape *shape,
                          int tap, int ci, int co, int copy)
{
    const struct nn_op *op = candidate->root;
    const struct axis_taps rows = row_taps(candidate), columns = column_taps(candidate, copy);
    const unsigned in_rows = rows.kernel[tap / columns.count];
    const unsigned in_columns = columns.kernel[tap % columns.count];
    const int width = op->window.kernel_width;
    double sum = 0;
    for (int i = 0; i < op->window.kernel_height * width; i++) {
        if ((in_rows >> i / width & 1) != 0 && (in_columns >> i % width & 1) != 0) {
            sum += (double)op->filter[filter_index(op, shape, ci, co, i)];
        }
    }
    return (float)sum;
}

// Folds the norm into weights, taps x in x (copies x out), and bias.
static void fold(const struct nn_fusion_candidate *candidate, const struct shape *shape,
                 float *plain, float *bias)
{
    const struct nn_op *op = candidate->root;
    const int taps = nn_compiler_tap_count(candidate), all = shape->out * shape->copies;
    for (int i = 0; i < all; i++) {
        const int co = i % shape->out;
        float scale = candidate->norm == NULL ? 1 : candidate->norm->scale[co];
        float shift = candidate->norm == NULL ? 0 : candidate->norm->shift[co];
        bias[i] = (op->bias == NULL ? 0 : op->bias[co]) * scale + shift;
        for (int ci = 0; ci < shape->in; ci++) {
            for (int t = 0; t < taps; t++) {
                float weight = candidate->phases == NN_PHASES_NONE
                                   ? op->filter[filter_index(op, shape, ci, co, t)]
                                   : phase_weight(candidate, shape, t, ci, co, i / shape->out);
                plain[((size_t)t * (size_t)shape->in + (size_t)ci) * (size_t)all + (size_t)i] =
                    weight * scale;
            }
        }
    }
}

static void set_taps(struct nn_compiler *compiler, const struct nn_fusion_candidate *candidate,
                     struct nn_conv *conv)
{
    struct nn_tap *taps = compiler->program->taps + compiler->tap_count;
    const struct nn_window *window = &candidate->root->window;
    conv->taps = taps;
    conv->tap_count = nn_compiler_tap_count(candidate);
    compiler->tap_count += conv->tap_count;
    if (candidate->phases == NN_PHASES_NONE) {
        for (int i = 0; i < conv->tap_count; i++) {
            taps[i].dy = i / window->kernel_width * window->dilation_y - window->padding_y;
            taps[i].dx = i % window->kernel_width * window->dilation_x - window->padding_x;
        }
        return;
    }
    const struct axis_taps rows = row_taps(candidate), columns = column_taps(candidate, 0);
    for (int i = 0; i < conv->tap_count; i++) {
        taps[i].dy = rows.shift[i / columns.count];
        taps[i].dx = columns.shift[i % columns.count];
    }
}

// Quantises weights to whole numbers from -127 to 127, symmetrically and per output channel.
// scale receives the value of one unit of each channel's sum.
static void quantise(float *plain, size_t rows, int out_channels, float in_scale, float *scale)
{
    const size_t channels = (size_t)out_channels;
    for (size_t row = 0; row < rows; row++) { // as they lie in memory
        for (size_t co = 0; co < channels; co++) {
            const float size = fabsf(plain[row * channels + co]);
            scale[co] = size > scale[co] ? size : scale[co];
        }
    }
    for (size_t co = 0; co < channels; co++) {
        scale[co] = scale[co] > 0 ? scale[co] / 127 : 1;
    }
    for (size_t row = 0; row < rows; row++) {
        for (size_t co = 0; co < channels; co++) {
            const float units = nn_round(plain[row * channels + co] / scale[co]);
            plain[row * channels + co] = units > 127 ? 127 : units < -127 ? -127 : units;
        }
    }
    for (size_t co = 0; co < channels; co++) {
        scale[co] *= in_scale;
    }
}

static size_t padded(int channels)
{
    return ((size_t)channels + BIAS_MULTIPLE - 1) / BIAS_MULTIPLE * BIAS_MULTIPLE;
}

const float *nn_compiler_alloc_slopes(struct nn_compiler *compiler, const struct nn_op *act,
                                      int channels, int copies)
{
    float *slopes = nn_compiler_alloc(compiler, padded(channels * copies));
    for (int i = 0; i < channels * copies && slopes != NULL; i++) {
        slopes[i] = act->kind == NN_OP_PRELU ? act->scale[i % channels] : 0;
    }
    return slopes;
}

static bool set_activations(struct nn_compiler *compiler,
                            const struct nn_fusion_candidate *candidate, const struct shape *shape,
                            struct nn_conv *conv)
{
    conv->relu = nn_candidate_has_relu(candidate);
    if (candidate->act != NULL && !conv->relu) {
        conv->slope = nn_compiler_alloc_slopes(compiler, candidate->act, shape->out, shape->copies);
    }
    if (candidate->pre_act != NULL) {
        conv->pre_slope =
            nn_compiler_alloc_slopes(compiler, candidate->pre_act, shape->out, shape->copies);
    }
    return (candidate->act == NULL || conv->relu || conv->slope != NULL) &&
           (candidate->pre_act == NULL || conv->pre_slope != NULL);
}

static const struct nn_map_state *state_of(const struct nn_compiler *compiler, int map)
{
    return &compiler->states[nn_compiler_owner(compiler, map)];
}

// Has the kernel pack the weights, quantised first if its input is U8.
static bool pack(struct nn_compiler *compiler, const struct nn_fusion_candidate *candidate,
                 struct nn_conv *conv, float *plain)
{
    const struct nn_kernels *kernels = &compiler->program->kernels;
    if (conv->type == NN_U8) {
        float *scale = nn_compiler_alloc(compiler, padded(conv->out_channels));
        if (scale == NULL) {
            return false;
        }
        quantise(plain, (size_t)conv->tap_count * (size_t)conv->in_channels, conv->out_channels,
                 state_of(compiler, candidate->input)->scale, scale);
        conv->scale = scale;
    }
    float *packed = nn_compiler_alloc(compiler, kernels->conv_weights(conv));
    if (packed != NULL) {
        kernels->conv_pack(conv, plain, packed);
    }
    conv->weights = packed;
    return packed != NULL;
}

static bool copy_depthwise(struct nn_compiler *compiler, struct nn_conv *conv, const float *plain)
{
    const size_t count = (size_t)conv->tap_count * (size_t)conv->out_channels;
    float *weights = nn_compiler_alloc(compiler, count);
    if (weights != NULL) {
        memcpy(weights, plain, count * sizeof *weights);
    }
    conv->weights = weights;
    return weights != NULL;
}

bool nn_compiler_build_conv(struct nn_compiler *compiler,
                            const struct nn_fusion_candidate *candidate, struct nn_step *step)
{
    const struct nn_op *op = candidate->root;
    const struct nn_map *in = &compiler->maps[candidate->input], *out = &compiler->maps[op->output];
    const bool depthwise = op->kind == NN_OP_DEPTHWISE,
               phased = candidate->phases != NN_PHASES_NONE;
    const struct shape shape = { depthwise ? 1 : in->channels, out->channels,
                                 candidate->phases == NN_PHASES_ROWS ? 2 : 1 };
    struct nn_conv *conv = &step->conv;
    *conv = (struct nn_conv){ .in_channels = in->channels,
                              .out_channels = shape.out * shape.copies,
                              .out_height = phased ? in->height : out->height,
                              .out_width = phased ? in->width : out->width,
                              .stride = phased ? 1 : op->window.stride,
                              .type = state_of(compiler, candidate->input)->type,
                              .out_type = state_of(compiler, candidate->output)->type };
    set_taps(compiler, candidate, conv);
    const size_t count = (size_t)conv->tap_count * (size_t)shape.in * (size_t)conv->out_channels;
    float *plain = mc_memory_alloc(count * sizeof *plain);
    float *bias = nn_compiler_alloc(compiler, padded(conv->out_channels));
    bool good = plain != NULL && bias != NULL && set_activations(compiler, candidate, &shape, conv);
    if (good) {
        fold(candidate, &shape, plain, bias);
        conv->bias = bias;
        good = depthwise ? copy_depthwise(compiler, conv, plain)
                         : pack(compiler, candidate, conv, plain);
    }
    mc_memory_free(plain);
    const struct nn_map *size = phased ? in : out;
    step->macs = (uint64_t)count * (uint64_t)size->height * (uint64_t)size->width;
    return good;
}
