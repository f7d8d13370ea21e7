// Every kernel of every level against plain C, over a grid of shapes. Sums are
// taken in another order than plain C does, so they may differ by rounding: by
// at most a few units in the last place of the sum of all magnitudes.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "nn/kernels.h"

static unsigned seed = 1;

static float noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
}

static int pick(int least, int most)
{
    seed = seed * 1664525u + 1013904223u;
    return least + (int)((seed >> 8) % (unsigned)(most - least + 1));
}

// A map of noise inside a larger block of noise, at any alignment.
struct map {
    float *block;
    size_t floats;
    struct nn_tensor view;
};

static struct map map_create(int height, int width, int channels, int gap, int lead)
{
    struct map map;
    size_t pixel = (size_t)(channels + gap);
    map.floats = pixel * (size_t)height * (size_t)width + (size_t)lead + 64;
    map.block = mc_memory_alloc(map.floats * sizeof *map.block);
    assert_non_null(map.block);
    for (size_t i = 0; i < map.floats; i++) {
        map.block[i] = noise();
    }
    map.view = nn_tensor_dense(map.block + lead, height, width, channels);
    map.view.pixel_stride = pixel;
    map.view.row_stride = pixel * (size_t)width;
    return map;
}

static struct map map_copy(const struct map *map)
{
    struct map copy = *map;
    copy.block = mc_memory_alloc(map->floats * sizeof *copy.block);
    assert_non_null(copy.block);
    memcpy(copy.block, map->block, map->floats * sizeof *copy.block);
    copy.view.data = copy.block + ((float *)map->view.data - map->block);
    return copy;
}

static void map_destroy(struct map *map)
{
    mc_memory_free(map->block);
}

// Equal within rounding in the view, and exactly outside: nothing strays.
static void assert_same(const struct map *want, const struct map *got, float tolerance,
                        const char *what)
{
    for (size_t i = 0; i < want->floats; i++) {
        ptrdiff_t at = (want->block + i) - (float *)want->view.data;
        bool inside = at >= 0 && (size_t)at < want->view.row_stride * (size_t)want->view.height &&
                      (size_t)at % want->view.pixel_stride < (size_t)want->view.channels;
        float limit = inside ? tolerance : 0;
        if (!(fabsf(want->block[i] - got->block[i]) <= limit)) {
            fail_msg("%s: float %td is %g, wants %g (%s)", what, at, (double)got->block[i],
                     (double)want->block[i], inside ? "inside" : "outside");
        }
    }
}

static struct nn_rows all_rows(const struct nn_tensor *map)
{
    return (struct nn_rows){ 0, map->height };
}

struct shape {
    int height, width, in, out;
    int kernel_height, kernel_width, stride, dilation_y, dilation_x;
    bool relu, residual, partner, broadcast;
};

static void run_conv(const struct nn_kernels *kernels, struct nn_conv conv, const float *plain,
                     const struct nn_conv_maps *maps)
{
    float *packed = mc_memory_alloc(kernels->conv_weights(&conv) * sizeof *packed);
    // No more scratch than was asked for, so that ASan sees an overrun.
    float *scratch = malloc(kernels->conv_scratch(&conv) * sizeof *scratch + 1);
    assert_non_null(packed);
    assert_non_null(scratch);
    kernels->conv_pack(&conv, plain, packed);
    conv.weights = packed;
    // In parts, as threads would: cut anywhere.
    int cut = pick(0, maps->out.height);
    kernels->conv(&conv, maps, (struct nn_rows){ cut, maps->out.height }, scratch);
    kernels->conv(&conv, maps, (struct nn_rows){ 0, cut }, scratch);
    mc_memory_free(packed);
    free(scratch);
}

static void check_conv(const struct nn_kernels *plain, const struct nn_kernels *chosen,
                       const struct shape *s)
{
    char what[160];
    snprintf(what, sizeof what, "%s: %dx%dx%d to %d, kernel %dx%d, stride %d, dilation %dx%d%s%s%s",
             chosen->name, s->width, s->height, s->in, s->out, s->kernel_width, s->kernel_height,
             s->stride, s->dilation_x, s->dilation_y, s->relu ? ", relu" : "",
             s->residual ? ", residual" : "", s->partner ? ", partner" : "");
    struct nn_tap taps[NN_TAPS_MAX];
    const int tap_count = s->kernel_height * s->kernel_width;
    for (int i = 0; i < tap_count; i++) {
        taps[i].dy = (i / s->kernel_width - s->kernel_height / 2) * s->dilation_y;
        taps[i].dx = (i % s->kernel_width - s->kernel_width / 2) * s->dilation_x;
    }
    size_t weight_count = (size_t)tap_count * (size_t)s->in * (size_t)s->out;
    float *weights = mc_memory_alloc(weight_count * sizeof *weights);
    float *bias = mc_memory_alloc(((size_t)s->out + 32) * sizeof *bias);
    for (size_t i = 0; i < weight_count; i++) {
        weights[i] = noise();
    }
    for (int i = 0; i < s->out; i++) {
        bias[i] = noise();
    }
    int height = (s->height + s->stride - 1) / s->stride;
    int width = (s->width + s->stride - 1) / s->stride;
    struct map in = map_create(s->height, s->width, s->in, pick(0, 3), pick(0, 3));
    struct map residual = map_create(height, width, s->out, pick(0, 3), pick(0, 3));
    struct map partner = map_create(height, width, s->out, pick(0, 3), pick(0, 3));
    struct map want =
        map_create(height, width, s->partner ? 2 * s->out : s->out, pick(0, 3), pick(0, 3));
    struct map got = map_copy(&want);
    struct nn_conv conv = { .in_channels = s->in,
                            .out_channels = s->out,
                            .stride = s->stride,
                            .tap_count = tap_count,
                            .taps = taps,
                            .bias = bias,
                            .relu = s->relu };
    struct nn_conv_maps maps = { .in = in.view, .out = want.view, .partner_first = pick(0, 1) };
    if (s->residual) {
        maps.residual = residual.view;
        if (s->broadcast) {
            maps.residual.pixel_stride = maps.residual.row_stride = 0;
        }
    }
    if (s->partner) {
        maps.partner = partner.view;
    }
    run_conv(plain, conv, weights, &maps);
    maps.out = got.view;
    run_conv(chosen, conv, weights, &maps);
    float sum = 1 + 0.25f * sqrtf((float)(tap_count * s->in));
    assert_same(&want, &got, 4e-6f * sum, what);
    map_destroy(&in);
    map_destroy(&residual);
    map_destroy(&partner);
    map_destroy(&want);
    map_destroy(&got);
    mc_memory_free(weights);
    mc_memory_free(bias);
}

static void check_convs(const struct nn_kernels *plain, const struct nn_kernels *chosen)
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
        };
        shape.dilation_x = shape.dilation_y;
        check_conv(plain, chosen, &shape);
    }
    // The shapes of LEDNet's blocks, whole tiles and dilations beyond the map.
    static const struct shape blocks[] = {
        { 64, 64, 16, 16, 3, 1, 1, 1, 1, true, false, false, false },
        { 64, 64, 16, 16, 1, 3, 1, 1, 1, true, true, true, false },
        { 32, 32, 32, 32, 3, 1, 1, 1, 1, true, true, true, false },
        { 32, 32, 32, 32, 1, 3, 1, 1, 1, true, false, false, false },
        { 16, 16, 64, 64, 3, 1, 1, 17, 1, true, true, true, false },
        { 16, 16, 64, 64, 1, 3, 1, 1, 9, true, false, false, false },
        { 8, 8, 64, 64, 1, 3, 1, 1, 17, true, true, true, false },
        { 128, 128, 3, 29, 3, 3, 2, 1, 1, true, false, false, false },
        { 16, 16, 128, 1, 7, 7, 2, 1, 1, true, false, false, false },
        { 8, 8, 1, 1, 5, 5, 2, 1, 1, true, false, false, false },
        { 16, 16, 64, 68, 1, 1, 1, 1, 1, false, false, false, false },
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        check_conv(plain, chosen, &blocks[i]);
    }
}

static void check_combine(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 200; i++) {
        int channels = pick(1, 70), size = pick(1, 4);
        int height = pick(1, 6), width = pick(1, 6);
        float scale[96], shift[96];
        for (int c = 0; c < 96; c++) {
            scale[c] = noise();
            shift[c] = noise();
        }
        bool normed = pick(0, 1), relu = pick(0, 1);
        struct map in = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map large =
            map_create(height * size, width * size, channels, pick(0, 3), pick(0, 3));
        struct map residual = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map want = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        const struct nn_tensor *added = pick(0, 1) ? &residual.view : NULL;
        plain->combine(&in.view, normed ? scale : NULL, shift, added, relu, &want.view,
                       all_rows(&want.view));
        chosen->combine(&in.view, normed ? scale : NULL, shift, added, relu, &got.view,
                        all_rows(&got.view));
        assert_same(&want, &got, 1e-6f, "combine");
        plain->max_pool(&large.view, size, normed ? scale : NULL, shift, relu, &want.view,
                        all_rows(&want.view));
        chosen->max_pool(&large.view, size, normed ? scale : NULL, shift, relu, &got.view,
                         all_rows(&got.view));
        assert_same(&want, &got, 1e-6f, "max_pool");
        map_destroy(&in);
        map_destroy(&large);
        map_destroy(&residual);
        map_destroy(&want);
        map_destroy(&got);
    }
}

static void check_others(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 200; i++) {
        int channels = pick(1, 70), height = pick(1, 9), width = pick(1, 9);
        struct map in = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map other = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map factor = map_create(height, width, 1, pick(0, 3), pick(0, 3));
        struct map want = map_create(height, width, 2 * channels, pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        plain->shuffle(&in.view, &other.view, &want.view, all_rows(&want.view));
        chosen->shuffle(&in.view, &other.view, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 0, "shuffle");
        want.view.channels = got.view.channels = channels;
        const struct nn_tensor *added = pick(0, 1) ? &other.view : NULL;
        plain->scale(&in.view, &factor.view, added, &want.view, all_rows(&want.view));
        chosen->scale(&in.view, &factor.view, added, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 1e-6f, "scale");
        map_destroy(&want);
        map_destroy(&got);

        int high = pick(1, 20), wide = pick(1, 20);
        want = map_create(high, wide, channels, pick(0, 3), pick(0, 3));
        got = map_copy(&want);
        struct map skip = map_create(high, wide, channels, pick(0, 3), pick(0, 3));
        added = pick(0, 1) ? &skip.view : NULL;
        plain->bilinear(&in.view, added, &want.view, all_rows(&want.view));
        chosen->bilinear(&in.view, added, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 2e-6f, "bilinear");
        map_destroy(&want);
        map_destroy(&got);
        map_destroy(&skip);

        want = map_create(1, 1, channels, 0, pick(0, 3));
        got = map_copy(&want);
        plain->global_pool(&in.view, &want.view);
        chosen->global_pool(&in.view, &got.view);
        assert_same(&want, &got, 1e-5f, "global_pool");
        map_destroy(&want);
        map_destroy(&got);
        map_destroy(&in);
        map_destroy(&other);
        map_destroy(&factor);
    }
}

static void each_level(void (*check)(const struct nn_kernels *, const struct nn_kernels *))
{
    unsigned have = 0;
    assert_true(mc_cpu_flags(&have, NULL));
    const unsigned levels[] = { MC_CPU_BLAS, MC_CPU_BLAS | MC_CPU_AVX2,
                                MC_CPU_BLAS | MC_CPU_AVX2 | MC_CPU_AVX512 };
    struct nn_kernels plain;
    nn_kernels_init(&plain, 0);
    assert_string_equal(plain.name, "scalar");
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if ((levels[i] & ~have) == 0) {
            struct nn_kernels chosen;
            nn_kernels_init(&chosen, levels[i]);
            check(&plain, &chosen);
        }
    }
}

static void convolutions_equal_plain_c(void **state)
{
    (void)state;
    each_level(check_convs);
}

static void combines_and_pools_equal_plain_c(void **state)
{
    (void)state;
    each_level(check_combine);
}

static void the_others_equal_plain_c(void **state)
{
    (void)state;
    each_level(check_others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_equal_plain_c),
        cmocka_unit_test(combines_and_pools_equal_plain_c),
        cmocka_unit_test(the_others_equal_plain_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
