// Convolutions on their way from operators to what kernels run.
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/compiler/compiler.h"
#include "nn/compiler/program.h"

enum { BIAS_MULTIPLE = 32 };

// ---- phases -------------------------------------------------------------------------
//
// A convolution to twice the size is four at the size of its input, one for each
// of the pixels that an input pixel becomes. Along one axis, with y the input:
//   transposed, kernel 2      even outputs read y (w0), odd ones y (w1)
//   transposed, kernel 3      even outputs read y (w1), odd ones y (w2) and y + 1 (w0)
//   nearest, then kernel 3    even outputs read y - 1 (w0) and y (w1 + w2), odd ones
//                             y (w0 + w1) and y + 1 (w2): four products instead of nine

enum { LINE_MAX = 2 };

// Input rows (or columns) that one phase reads: how far away, and which rows of
// the kernel belong to it, as bits.
struct line {
    int count;
    int shift[LINE_MAX];
    unsigned rows[LINE_MAX];
};

static struct line line_of(const struct nn_draft *draft, int phase)
{
    static const struct line of_2[2] = { { 1, { 0 }, { 1 } }, { 1, { 0 }, { 2 } } };
    static const struct line of_3[2] = { { 1, { 0 }, { 2 } }, { 2, { 0, 1 }, { 4, 1 } } };
    static const struct line of_nearest[2] = { { 2, { -1, 0 }, { 1, 6 } },
                                               { 2, { 0, 1 }, { 3, 4 } } };
    return draft->doubles                           ? of_nearest[phase]
           : draft->root->window.kernel_height == 2 ? of_2[phase]
                                                    : of_3[phase];
}

static struct line row_line(const struct nn_draft *draft)
{
    return line_of(draft, draft->phases == NN_PHASES_ROWS ? draft->phase : draft->phase / 2);
}

// copy: which of the channels' copies, with NN_PHASES_ROWS.
static struct line column_line(const struct nn_draft *draft, int copy)
{
    return line_of(draft, draft->phases == NN_PHASES_ROWS ? copy : draft->phase % 2);
}

struct nn_view nn_compiler_phase_view(const struct nn_draft *draft, struct nn_view view)
{
    if (draft->phases == NN_PHASES_NONE) {
        return view;
    }
    const bool rows = draft->phases == NN_PHASES_ROWS;
    const int y = rows ? draft->phase : draft->phase / 2, x = rows ? 0 : draft->phase % 2;
    view.offset +=
        ((size_t)y * view.row_stride + (size_t)x * view.pixel_stride) * nn_type_size(view.type);
    view.height /= 2;
    view.width /= 2;
    view.row_stride *= 2;
    view.pixel_stride *= 2;
    view.channels *= rows ? 2 : 1;
    return view;
}

int nn_compiler_tap_count(const struct nn_draft *draft)
{
    if (draft->root->filter == NULL) {
        return 0;
    }
    if (draft->phases == NN_PHASES_NONE) {
        return draft->root->window.kernel_height * draft->root->window.kernel_width;
    }
    return row_line(draft).count * column_line(draft, 0).count;
}

// ---- weights ------------------------------------------------------------------------

// What is convolved: output channels are `copies` times the operator's.
struct shape {
    int in, out, copies;
};

// Where the weight for kernel position t lies among the operator's.
static size_t filter_index(const struct nn_op *op, const struct shape *shape, int ci, int co, int t)
{
    const int taps = op->window.kernel_height * op->window.kernel_width;
    const size_t row = op->kind == NN_OP_TRANSPOSED ? (size_t)ci * (size_t)shape->out + (size_t)co
                                                    : (size_t)co * (size_t)shape->in + (size_t)ci;
    return row * (size_t)taps + (size_t)t;
}

// The weight of one tap of a phase: the sum of what falls together there.
static float phase_weight(const struct nn_draft *draft, const struct shape *shape, int tap, int ci,
                          int co, int copy)
{
    const struct nn_op *op = draft->root;
    const struct line rows = row_line(draft), columns = column_line(draft, copy);
    const unsigned in_rows = rows.rows[tap / columns.count];
    const unsigned in_columns = columns.rows[tap % columns.count];
    const int width = op->window.kernel_width;
    double sum = 0;
    for (int i = 0; i < op->window.kernel_height * width; i++) {
        if ((in_rows >> i / width & 1) != 0 && (in_columns >> i % width & 1) != 0) {
            sum += (double)op->filter[filter_index(op, shape, ci, co, i)];
        }
    }
    return (float)sum;
}

// The convolution's weights with the norm folded in, as taps x in x (copies x out).
static void fold(const struct nn_draft *draft, const struct shape *shape, float *plain, float *bias)
{
    const struct nn_op *op = draft->root;
    const int taps = nn_compiler_tap_count(draft), all = shape->out * shape->copies;
    for (int i = 0; i < all; i++) {
        const int co = i % shape->out;
        float scale = draft->norm == NULL ? 1 : draft->norm->scale[co];
        float shift = draft->norm == NULL ? 0 : draft->norm->shift[co];
        bias[i] = (op->bias == NULL ? 0 : op->bias[co]) * scale + shift;
        for (int ci = 0; ci < shape->in; ci++) {
            for (int t = 0; t < taps; t++) {
                float weight = draft->phases == NN_PHASES_NONE
                                   ? op->filter[filter_index(op, shape, ci, co, t)]
                                   : phase_weight(draft, shape, t, ci, co, i / shape->out);
                plain[((size_t)t * (size_t)shape->in + (size_t)ci) * (size_t)all + (size_t)i] =
                    weight * scale;
            }
        }
    }
}

static void set_taps(struct nn_compiler *compiler, const struct nn_draft *draft,
                     struct nn_conv *conv)
{
    struct nn_tap *taps = compiler->program->taps + compiler->tap_count;
    const struct nn_window *window = &draft->root->window;
    conv->taps = taps;
    conv->tap_count = nn_compiler_tap_count(draft);
    compiler->tap_count += conv->tap_count;
    if (draft->phases == NN_PHASES_NONE) {
        for (int i = 0; i < conv->tap_count; i++) {
            taps[i].dy = i / window->kernel_width * window->dilation_y - window->padding_y;
            taps[i].dx = i % window->kernel_width * window->dilation_x - window->padding_x;
        }
        return;
    }
    const struct line rows = row_line(draft), columns = column_line(draft, 0);
    for (int i = 0; i < conv->tap_count; i++) {
        taps[i].dy = rows.shift[i / columns.count];
        taps[i].dx = columns.shift[i % columns.count];
    }
}

// Weights to whole numbers of -127 to 127, symmetric, each output channel by its
// own scale; what one unit of the channel's sum is worth goes to scale.
static void quantise(float *plain, size_t rows, int out_channels, float in_scale, float *scale)
{
    for (int co = 0; co < out_channels; co++) {
        float most = 0;
        for (size_t row = 0; row < rows; row++) {
            most = fmaxf(most, fabsf(plain[row * (size_t)out_channels + (size_t)co]));
        }
        const float unit = most > 0 ? most / 127 : 1;
        for (size_t row = 0; row < rows; row++) {
            float *weight = &plain[row * (size_t)out_channels + (size_t)co];
            *weight = fmaxf(-127, fminf(127, nearbyintf(*weight / unit)));
        }
        scale[co] = unit * in_scale;
    }
}

static size_t padded(int channels)
{
    return ((size_t)channels + BIAS_MULTIPLE - 1) / BIAS_MULTIPLE * BIAS_MULTIPLE;
}

const float *nn_compiler_keep_slopes(struct nn_compiler *compiler, const struct nn_op *act,
                                     int channels, int copies)
{
    float *slopes = nn_compiler_keep(compiler, padded(channels * copies));
    for (int i = 0; i < channels * copies && slopes != NULL; i++) {
        slopes[i] = act->kind == NN_OP_PRELU ? act->scale[i % channels] : 0;
    }
    return slopes;
}

static bool set_activations(struct nn_compiler *compiler, const struct nn_draft *draft,
                            const struct shape *shape, struct nn_conv *conv)
{
    conv->relu = nn_compiler_has_relu(draft);
    if (draft->act != NULL && !conv->relu) {
        conv->slope = nn_compiler_keep_slopes(compiler, draft->act, shape->out, shape->copies);
    }
    if (draft->inner != NULL) {
        conv->inner = nn_compiler_keep_slopes(compiler, draft->inner, shape->out, shape->copies);
    }
    return (draft->act == NULL || conv->relu || conv->slope != NULL) &&
           (draft->inner == NULL || conv->inner != NULL);
}

static const struct nn_map_state *state_of(const struct nn_compiler *compiler, int map)
{
    return &compiler->states[nn_compiler_owner(compiler, map)];
}

// Hands the plain weights to the kernel, as whole numbers where it wants them.
static bool pack(struct nn_compiler *compiler, const struct nn_draft *draft, struct nn_conv *conv,
                 float *plain)
{
    const struct nn_kernels *kernels = &compiler->program->kernels;
    if (conv->type == NN_U8) {
        float *scale = nn_compiler_keep(compiler, padded(conv->out_channels));
        if (scale == NULL) {
            return false;
        }
        quantise(plain, (size_t)conv->tap_count * (size_t)conv->in_channels, conv->out_channels,
                 state_of(compiler, draft->input)->scale, scale);
        conv->scale = scale;
    }
    float *packed = nn_compiler_keep(compiler, kernels->conv_weights(conv));
    if (packed != NULL) {
        kernels->conv_pack(conv, plain, packed);
    }
    conv->weights = packed;
    return packed != NULL;
}

static bool copy_depthwise(struct nn_compiler *compiler, struct nn_conv *conv, const float *plain)
{
    const size_t count = (size_t)conv->tap_count * (size_t)conv->out_channels;
    float *weights = nn_compiler_keep(compiler, count);
    if (weights != NULL) {
        memcpy(weights, plain, count * sizeof *weights);
    }
    conv->weights = weights;
    return weights != NULL;
}

bool nn_compiler_build_conv(struct nn_compiler *compiler, const struct nn_draft *draft,
                            struct nn_step *step)
{
    const struct nn_op *op = draft->root;
    const struct nn_map *in = &compiler->maps[draft->input], *out = &compiler->maps[op->output];
    const bool depthwise = op->kind == NN_OP_DEPTHWISE, phased = draft->phases != NN_PHASES_NONE;
    const struct shape shape = { depthwise ? 1 : in->channels, out->channels,
                                 draft->phases == NN_PHASES_ROWS ? 2 : 1 };
    struct nn_conv *conv = &step->conv;
    *conv = (struct nn_conv){ .in_channels = in->channels,
                              .out_channels = shape.out * shape.copies,
                              .out_height = phased ? in->height : out->height,
                              .out_width = phased ? in->width : out->width,
                              .stride = phased ? 1 : op->window.stride,
                              .type = state_of(compiler, draft->input)->type,
                              .out_type = state_of(compiler, draft->output)->type };
    set_taps(compiler, draft, conv);
    const size_t count = (size_t)conv->tap_count * (size_t)shape.in * (size_t)conv->out_channels;
    float *plain = mc_memory_alloc(count * sizeof *plain);
    float *bias = nn_compiler_keep(compiler, padded(conv->out_channels));
    bool good = plain != NULL && bias != NULL && set_activations(compiler, draft, &shape, conv);
    if (good) {
        fold(draft, &shape, plain, bias);
        conv->bias = bias;
        good =
            depthwise ? copy_depthwise(compiler, conv, plain) : pack(compiler, draft, conv, plain);
    }
    mc_memory_free(plain);
    const struct nn_map *size = phased ? in : out;
    step->macs = (uint64_t)count * (uint64_t)size->height * (uint64_t)size->width;
    return good;
}
