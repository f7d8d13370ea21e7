// Convolutions of every instruction set against plain C, over a grid of shapes. Sums in
// another order than plain C's may differ by rounding: by at most a few units in the last
// place of the sum of all magnitudes.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "nn/kernels/kernels.h"
#include "nn/kernels/number.h"
#include "tests/larger.h"
#include "tests/nn/kernels/maps.h"

struct shape {
    int height, width, in, out;
    int kernel_height, kernel_width, stride, dilation_y, dilation_x;
    bool relu, residual, partner, broadcast;
    bool pre_slope, slope; // PReLU before and after the residual
    int lacks;             // channels that the residual doesn't have
    enum nn_type type, out_type;
};

static void describe(char *text, size_t size, const char *kernels, const struct shape *s)
{
    int length =
        snprintf(text, size,
                 "%s, type %d to %d: %dx%dx%d to %d, kernel %dx%d, stride %d, dilation %dx%d%s%s%s",
                 kernels, s->type, s->out_type, s->width, s->height, s->in, s->out, s->kernel_width,
                 s->kernel_height, s->stride, s->dilation_x, s->dilation_y, s->relu ? ", relu" : "",
                 s->residual ? ", residual" : "", s->partner ? ", partner" : "");
    if (s->pre_slope || s->slope || s->lacks > 0) {
        snprintf(text + length, size - (size_t)length, ", slopes %d and %d, %d channels less",
                 s->pre_slope, s->slope, s->lacks);
    }
}

static int tap_count(const struct shape *s)
{
    return s->kernel_height * s->kernel_width;
}

static void set_taps(struct nn_tap *taps, const struct shape *s)
{
    for (int i = 0; i < tap_count(s); i++) {
        taps[i].dy = (i / s->kernel_width - s->kernel_height / 2) * s->dilation_y;
        taps[i].dx = (i % s->kernel_width - s->kernel_width / 2) * s->dilation_x;
    }
}

// The constants of a convolution: noise.
struct constants {
    float *weights, *bias, *scale, *pre_slope, *slope;
};

static float *alloc_floats(size_t count)
{
    float *floats = mc_memory_alloc(count * sizeof *floats);
    assert_non_null(floats);
    return floats;
}

static struct constants constants_create(const struct shape *s)
{
    const size_t weight_count = (size_t)tap_count(s) * (size_t)s->in * (size_t)s->out;
    const size_t padded = (size_t)s->out + 32;
    struct constants constants = { alloc_floats(weight_count), alloc_floats(padded),
                                   alloc_floats(padded), alloc_floats(padded),
                                   alloc_floats(padded) };
    for (size_t i = 0; i < weight_count; i++) {
        constants.weights[i] = s->type == NN_U8 ? (float)pick(-127, 127) : noise();
    }
    for (int i = 0; i < s->out; i++) {
        constants.bias[i] = noise();
        constants.scale[i] = 1e-5f * (2 + noise());
        constants.pre_slope[i] = noise();
        constants.slope[i] = noise();
    }
    return constants;
}

static void constants_destroy(struct constants *constants)
{
    mc_memory_free(constants->weights);
    mc_memory_free(constants->bias);
    mc_memory_free(constants->scale);
    mc_memory_free(constants->pre_slope);
    mc_memory_free(constants->slope);
}

static struct map noisy_map(enum nn_type type, int height, int width, int channels)
{
    return typed_map_create(type, height, width, channels, pick(0, 3), pick(0, 3));
}

static void check_conv(const struct nn_kernels *plain, const struct nn_kernels *chosen,
                       const struct shape *s)
{
    char what[240];
    describe(what, sizeof what, chosen->name, s);
    struct nn_tap taps[NN_TAPS_MAX];
    set_taps(taps, s);
    struct constants constants = constants_create(s);
    const int height = (s->height + s->stride - 1) / s->stride;
    const int width = (s->width + s->stride - 1) / s->stride;
    struct map in = noisy_map(s->type, s->height, s->width, s->in);
    struct map residual = noisy_map(s->out_type, height, width, s->out);
    struct map partner = noisy_map(s->out_type, height, width, s->out);
    struct map want = noisy_map(s->out_type, height, width, s->partner ? 2 * s->out : s->out);
    struct map got = map_copy(&want);
    const struct nn_conv conv = { .in_channels = s->in,
                                  .out_channels = s->out,
                                  .out_height = height,
                                  .out_width = width,
                                  .stride = s->stride,
                                  .tap_count = tap_count(s),
                                  .taps = taps,
                                  .type = s->type,
                                  .out_type = s->out_type,
                                  .bias = constants.bias,
                                  .scale = constants.scale,
                                  .pre_slope = s->pre_slope ? constants.pre_slope : NULL,
                                  .slope = s->slope ? constants.slope : NULL,
                                  .relu = s->relu };
    struct nn_conv_maps maps = { .in = in.view, .out = want.view, .partner_first = pick(0, 1) };
    if (s->residual) {
        maps.residual = residual.view;
        maps.residual.channels -= s->lacks;
        if (s->broadcast) {
            maps.residual.pixel_stride = maps.residual.row_stride = 0;
        }
    }
    if (s->partner) {
        maps.partner = partner.view;
    }
    run_conv(plain, conv, constants.weights, &maps);
    maps.out = got.view;
    run_conv(chosen, conv, constants.weights, &maps);
    // A sum may be rounded to the neighbouring byte or bfloat16.
    float sum = 1 + 0.25f * sqrtf((float)(tap_count(s) * s->in));
    assert_same(&want, &got, 4e-6f * sum + want.view.scale * 1.01f, what);
    map_destroy(&in);
    map_destroy(&residual);
    map_destroy(&partner);
    map_destroy(&want);
    map_destroy(&got);
    constants_destroy(&constants);
}

// Combinations of types that occur: float32 becomes another type at the start of a network,
// and the other type becomes float32 at its end.
static void pick_types(struct shape *shape)
{
    static const enum nn_type combinations[][2] = { { NN_F32, NN_F32 },  { NN_F32, NN_BF16 },
                                                    { NN_F32, NN_U8 },   { NN_BF16, NN_BF16 },
                                                    { NN_BF16, NN_F32 }, { NN_U8, NN_U8 },
                                                    { NN_U8, NN_F32 } };
    const enum nn_type *types = combinations[pick(0, 6)];
    shape->type = types[0];
    shape->out_type = types[1];
    if (shape->type != NN_F32) {
        shape->in = (shape->in + 3) / 4 * 4; // whole words
    }
    shape->broadcast = false;
}

// Shapes of LEDNet's blocks, full tiles, and dilations larger than the map.
static const struct shape fixed_shapes[] = {
    { 64, 64, 16, 16, 3, 1, 1, 1, 1, true, false, false, false, false, false, 0, NN_F32, NN_F32 },
    { 64, 64, 16, 16, 1, 3, 1, 1, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
    { 32, 32, 32, 32, 3, 1, 1, 1, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
    { 32, 32, 32, 32, 1, 3, 1, 1, 1, true, false, false, false, false, false, 0, NN_F32, NN_F32 },
    { 16, 16, 64, 64, 3, 1, 1, 17, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
    { 16, 16, 64, 64, 1, 3, 1, 1, 9, true, false, false, false, false, false, 0, NN_F32, NN_F32 },
    { 8, 8, 64, 64, 1, 3, 1, 1, 17, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
    { 33, 31, 29, 33, 3, 1, 1, 2, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
    { 31, 33, 40, 29, 1, 3, 1, 1, 3, false, true, false, true, false, false, 0, NN_F32, NN_F32 },
    { 31, 33, 40, 29, 1, 3, 1, 1, 1, false, true, false, true, true, true, 5, NN_F32, NN_F32 },
    { 128, 128, 3, 29, 3, 3, 2, 1, 1, true, false, false, false, false, false, 0, NN_F32, NN_F32 },
    { 16, 16, 128, 1, 7, 7, 2, 1, 1, true, false, false, false, false, false, 0, NN_F32, NN_F32 },
    { 8, 8, 1, 1, 5, 5, 2, 1, 1, true, false, false, false, false, false, 0, NN_F32, NN_F32 },
    // Winograd's tiles, whole and cut, of each kind.
    { 37, 5, 64, 48, 3, 1, 1, 1, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
    { 5, 61, 96, 80, 1, 3, 1, 1, 3, true, true, false, false, false, false, 0, NN_F32, NN_F32 },
    { 6, 41, 64, 17, 1, 3, 1, 1, 7, false, false, true, false, true, true, 0, NN_F32, NN_F32 },
    { 30, 6, 40, 31, 3, 1, 1, 5, 1, true, true, true, false, false, false, 9, NN_F32, NN_F32 },
    { 64, 64, 16, 16, 3, 1, 1, 1, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
    // im2col.
    { 4, 5, 128, 33, 3, 3, 1, 1, 1, true, true, false, false, false, false, 0, NN_F32, NN_F32 },
    { 8, 8, 128, 48, 3, 3, 2, 1, 1, true, false, false, false, false, false, 0, NN_F32, NN_F32 },
    { 5, 4, 256, 20, 3, 3, 1, 1, 1, true, false, true, false, false, false, 0, NN_BF16, NN_BF16 },
    { 4, 4, 510, 20, 3, 3, 1, 1, 1, true, true, false, false, false, false, 0, NN_U8, NN_U8 },
    { 16, 16, 64, 68, 1, 1, 1, 1, 1, false, false, false, false, false, false, 0, NN_F32, NN_F32 },
};

static void check_random_shapes(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    static const int channels[] = { 1,  2,  3,  13, 16, 17, 20, 29, 32,
                                    33, 40, 48, 56, 60, 64, 68, 96, 128 };
    enum { CHANNELS = sizeof channels / sizeof channels[0] };
    static const struct {
        int height, width, stride;
    } kernels[] = { { 1, 1, 1 }, { 3, 1, 1 }, { 1, 3, 1 }, { 5, 1, 1 }, { 1, 5, 1 }, { 3, 3, 1 },
                    { 3, 3, 2 }, { 7, 7, 2 }, { 7, 7, 1 }, { 5, 5, 2 }, { 2, 2, 2 }, { 1, 1, 2 } };
    enum { KERNELS = sizeof kernels / sizeof kernels[0] };
    for (int i = 0; i < 3 * CHANNELS * KERNELS; i++) {
        struct shape shape = {
            .in = channels[i % CHANNELS],
            .out = channels[pick(0, CHANNELS - 1)],
            .height = pick(1, 19),
            .width = pick(1, 19),
            .kernel_height = kernels[i % KERNELS].height,
            .kernel_width = kernels[i % KERNELS].width,
            .stride = kernels[i % KERNELS].stride,
            .dilation_y = pick(0, 2) > 0 ? 1 : pick(2, 20),
            .relu = pick(0, 1),
            .residual = pick(0, 1),
            .partner = pick(0, 2) == 0,
            .broadcast = pick(0, 4) == 0,
            .pre_slope = pick(0, 3) == 0,
            .slope = pick(0, 2) == 0,
        };
        shape.lacks = pick(0, 3) == 0 ? pick(0, shape.out - 1) : 0;
        shape.dilation_x = shape.dilation_y;
        check_conv(plain, chosen, &shape);
        pick_types(&shape);
        check_conv(plain, chosen, &shape);
    }
}

static void check_fixed_shapes(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (size_t i = 0; i < sizeof fixed_shapes / sizeof fixed_shapes[0]; i++) {
        check_conv(plain, chosen, &fixed_shapes[i]);
        for (int type = NN_BF16; type < NN_TYPE_COUNT; type++) {
            struct shape narrow = fixed_shapes[i];
            narrow.type = narrow.in % 4 == 0 ? (enum nn_type)type : NN_F32;
            narrow.out_type = (enum nn_type)type;
            check_conv(plain, chosen, &narrow);
        }
    }
}

// The largest error of a 3x1 or 1x3 convolution, over the largest output; noise is its input,
// above zero as after a ReLU, and its weights. The definition is in double precision.
static double error_1d(const struct nn_kernels *kernels, int channels, int edge, int dilation,
                       bool vertical)
{
    enum { ACROSS = 2 };
    const int height = vertical ? edge : ACROSS, width = vertical ? ACROSS : edge;
    struct nn_tap taps[3];
    for (int t = 0; t < 3; t++) {
        const int at = (t - 1) * dilation;
        taps[t] = (struct nn_tap){ vertical ? at : 0, vertical ? 0 : at };
    }
    float *weights = alloc_floats((size_t)(3 * channels * channels));
    float *bias = alloc_floats((size_t)channels + 32);
    memset(bias, 0, ((size_t)channels + 32) * sizeof *bias);
    for (int i = 0; i < 3 * channels * channels; i++) {
        weights[i] = noise();
    }
    struct map in = map_create(height, width, channels, 0, 0);
    struct map out = map_create(height, width, channels, 0, 0);
    for (int i = 0; i < height * width * channels; i++) {
        ((float *)in.view.data)[i] = 4 * (noise() + 0.5f);
    }
    const struct nn_conv conv = { .in_channels = channels,
                                  .out_channels = channels,
                                  .out_height = height,
                                  .out_width = width,
                                  .stride = 1,
                                  .tap_count = 3,
                                  .taps = taps,
                                  .bias = bias };
    const struct nn_conv_maps maps = { .in = in.view, .out = out.view };
    run_conv(kernels, conv, weights, &maps);
    double worst = 0, most = 0;
    for (int i = 0; i < height * width * channels; i++) {
        const int y = i / channels / width, x = i / channels % width, co = i % channels;
        double sum = 0;
        for (int t = 0; t < 3; t++) {
            const int iy = y + taps[t].dy, ix = x + taps[t].dx;
            for (int ci = 0; nn_tensor_has(&in.view, iy, ix) && ci < channels; ci++) {
                sum += (double)nn_tensor_at(&in.view, iy, ix)[ci] *
                       (double)weights[(t * channels + ci) * channels + co];
            }
        }
        worst = test_larger(worst, fabs(sum - (double)nn_tensor_at(&out.view, y, x)[co]));
        most = fmax(most, fabs(sum));
    }
    map_destroy(&in);
    map_destroy(&out);
    mc_memory_free(weights);
    mc_memory_free(bias);
    return worst / most;
}

static void check_errors_1d(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    (void)plain;
    static const int channels[] = { 16, 24, 32, 64, 128 };
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        for (int edge = 4; edge <= 36; edge += 8) {
            for (int dilation = 1; dilation <= 4; dilation += 3) {
                assert_true(error_1d(chosen, channels[i], edge, dilation, true) < 1e-5);
                assert_true(error_1d(chosen, channels[i], edge, dilation, false) < 1e-5);
            }
        }
    }
}

// A copy of the map in float32, with the same numbers.
static struct map as_f32(const struct map *map)
{
    const struct nn_tensor *view = &map->view;
    struct map copy = map_create(view->height, view->width, view->channels, 0, 0);
    for (int i = 0; i < view->height * view->width; i++) {
        const int y = i / view->width, x = i % view->width;
        for (int c = 0; c < view->channels; c++) {
            nn_tensor_at(&copy.view, y, x)[c] =
                nn_number_get(view->type, view->scale, nn_tensor_pixel(view, y, x), c);
        }
    }
    return copy;
}

// Stores float32 numbers in the type of another map of that shape.
static void store(const struct map *from, const struct map *to)
{
    const struct nn_tensor *view = &to->view;
    for (int i = 0; i < view->height * view->width; i++) {
        const int y = i / view->width, x = i % view->width;
        for (int c = 0; c < view->channels; c++) {
            nn_number_set(view->type, 1 / view->scale, nn_tensor_pixel(view, y, x), c,
                          nn_tensor_at(&from->view, y, x)[c]);
        }
    }
}

// A depthwise convolution is a full one of float32 whose other weights are zero, up to the
// rounding to bytes.
static void check_depthwise(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    enum { CHANNELS_MAX = 40, TAPS = 9 };
    static float weights[TAPS * CHANNELS_MAX], full[TAPS * CHANNELS_MAX * CHANNELS_MAX];
    for (int i = 0; i < 100; i++) {
        const int channels = pick(1, CHANNELS_MAX), stride = pick(1, 2), dilation = pick(1, 4);
        const int height = pick(1, 9), width = pick(1, 9);
        struct nn_tap taps[TAPS];
        float bias[2 * CHANNELS_MAX], slope[2 * CHANNELS_MAX];
        memset(full, 0, sizeof full);
        for (int t = 0; t < TAPS; t++) {
            taps[t] = (struct nn_tap){ (t / 3 - 1) * dilation, (t % 3 - 1) * dilation };
            for (int c = 0; c < channels; c++) {
                weights[t * channels + c] = noise();
                full[(t * channels + c) * channels + c] = weights[t * channels + c];
            }
        }
        for (int c = 0; c < 2 * CHANNELS_MAX; c++) {
            bias[c] = noise();
            slope[c] = noise();
        }
        struct nn_conv conv = { .in_channels = channels,
                                .out_channels = channels,
                                .stride = stride,
                                .tap_count = TAPS,
                                .taps = taps,
                                .bias = bias,
                                .pre_slope = pick(0, 1) ? slope : NULL,
                                .slope = pick(0, 1) ? slope : NULL,
                                .relu = pick(0, 1) };
        conv.type = pick(0, 1) ? NN_U8 : NN_F32;
        conv.out_type = pick(0, 1) ? NN_U8 : NN_F32;
        struct map in =
            typed_map_create(conv.type, height, width, channels, pick(0, 3), pick(0, 3));
        struct map got =
            typed_map_create(conv.out_type, (height + stride - 1) / stride,
                             (width + stride - 1) / stride, channels, pick(0, 3), pick(0, 3));
        struct map residual = map_copy(&got), want = map_copy(&got);
        struct nn_conv_maps maps = { .in = in.view, .out = got.view };
        if (pick(0, 1)) {
            maps.residual = residual.view;
        }
        struct map plain_in = as_f32(&in), plain_residual = as_f32(&residual),
                   plain_out = as_f32(&residual);
        struct nn_conv_maps plain_maps = { .in = plain_in.view, .out = plain_out.view };
        if (maps.residual.data != NULL) {
            plain_maps.residual = plain_residual.view;
        }
        conv.weights = weights;
        chosen->depthwise(&conv, &maps, all_rows(&got.view));
        conv.type = conv.out_type = NN_F32;
        run_conv(plain, conv, full, &plain_maps);
        store(&plain_out, &want);
        assert_same(&want, &got, 1e-5f + 1.01f * got.view.scale, "depthwise");
        map_destroy(&plain_in);
        map_destroy(&plain_residual);
        map_destroy(&plain_out);
        map_destroy(&in);
        map_destroy(&want);
        map_destroy(&residual);
        map_destroy(&got);
    }
}

static void convolutions_equal_plain_c(void **state)
{
    (void)state;
    each_level(check_random_shapes);
    each_level(check_fixed_shapes);
}

// Winograd's F(4, 3) lets rounding errors grow; 1e-4 would be noticed in results.
static void errors_of_1d_convolutions_are_below_1e_5_of_the_largest_output(void **state)
{
    (void)state;
    each_level(check_errors_1d);
}

static void depthwise_equals_full_with_zeros(void **state)
{
    (void)state;
    each_level(check_depthwise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_equal_plain_c),
        cmocka_unit_test(errors_of_1d_convolutions_are_below_1e_5_of_the_largest_output),
        cmocka_unit_test(depthwise_equals_full_with_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
