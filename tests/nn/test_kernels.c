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
#include "nn/antialias.h"
#include "nn/kernels.h"
#include "nn/number.h"

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

// A map of noise inside a larger block of noise, at any alignment of its numbers.
struct map {
    char *block;
    size_t bytes;
    struct nn_tensor view;
};

static struct map typed_map_create(enum nn_type type, int height, int width, int channels, int gap,
                                   int lead)
{
    struct map map;
    size_t size = nn_type_size(type), pixel = (size_t)(channels + gap);
    map.bytes = (pixel * (size_t)height * (size_t)width + (size_t)lead + 64) * size;
    map.block = mc_memory_alloc(map.bytes);
    assert_non_null(map.block);
    for (size_t i = 0; i < map.bytes / size; i++) {
        nn_number_set(type, 1, map.block, (int)i, type == NN_U8 ? (float)pick(0, 255) : noise());
    }
    map.view = nn_tensor_dense((float *)map.block, height, width, channels);
    map.view.data = map.block + (size_t)lead * size;
    map.view.pixel_stride = pixel;
    map.view.row_stride = pixel * (size_t)width;
    map.view.type = type;
    map.view.scale = type == NN_U8 ? 0.01f + 0.01f * fabsf(noise()) : 0;
    return map;
}

static struct map map_create(int height, int width, int channels, int gap, int lead)
{
    return typed_map_create(NN_F32, height, width, channels, gap, lead);
}

static struct map map_copy(const struct map *map)
{
    struct map copy = *map;
    copy.block = mc_memory_alloc(map->bytes);
    assert_non_null(copy.block);
    memcpy(copy.block, map->block, map->bytes);
    copy.view.data = copy.block + ((char *)map->view.data - map->block);
    return copy;
}

static void map_destroy(struct map *map)
{
    mc_memory_free(map->block);
}

// Equal within tolerance in the view, and exactly outside: nothing strays.
static void assert_same(const struct map *want, const struct map *got, float tolerance,
                        const char *what)
{
    const struct nn_tensor *view = &want->view;
    const size_t size = nn_type_size(view->type);
    for (size_t i = 0; i < want->bytes / size; i++) {
        ptrdiff_t at = (ptrdiff_t)i - ((char *)view->data - want->block) / (ptrdiff_t)size;
        bool inside = at >= 0 && (size_t)at < view->row_stride * (size_t)view->height &&
                      (size_t)at % view->pixel_stride < (size_t)view->channels;
        float a = nn_number_get(view->type, view->scale, want->block, (int)i);
        float b = nn_number_get(view->type, view->scale, got->block, (int)i);
        // bfloat16 has eight bits, so neighbours are a 256th apart.
        float limit = view->type == NN_BF16 ? tolerance + fabsf(a) / 128 : tolerance;
        if (!(fabsf(a - b) <= (inside ? limit : 0))) {
            fail_msg("%s: number %td is %g, wants %g (%s)", what, at, (double)b, (double)a,
                     inside ? "inside" : "outside");
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
    bool inner, slope; // PReLU before and after the residual
    int lacks;         // channels that the residual hasn't
    enum nn_type type, out_type;
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
    char what[240];
    snprintf(what, sizeof what,
             "%s, type %d to %d: %dx%dx%d to %d, kernel %dx%d, stride %d, dilation %dx%d%s%s%s",
             chosen->name, s->type, s->out_type, s->width, s->height, s->in, s->out,
             s->kernel_width, s->kernel_height, s->stride, s->dilation_x, s->dilation_y,
             s->relu ? ", relu" : "", s->residual ? ", residual" : "",
             s->partner ? ", partner" : "");
    if (s->inner || s->slope || s->lacks > 0) {
        size_t length = strlen(what);
        snprintf(what + length, sizeof what - length, ", slopes %d and %d, %d channels less",
                 s->inner, s->slope, s->lacks);
    }
    struct nn_tap taps[NN_TAPS_MAX];
    const int tap_count = s->kernel_height * s->kernel_width;
    for (int i = 0; i < tap_count; i++) {
        taps[i].dy = (i / s->kernel_width - s->kernel_height / 2) * s->dilation_y;
        taps[i].dx = (i % s->kernel_width - s->kernel_width / 2) * s->dilation_x;
    }
    size_t weight_count = (size_t)tap_count * (size_t)s->in * (size_t)s->out;
    float *weights = mc_memory_alloc(weight_count * sizeof *weights);
    float *bias = mc_memory_alloc(((size_t)s->out + 32) * sizeof *bias);
    float *scale = mc_memory_alloc(((size_t)s->out + 32) * sizeof *scale);
    float *inner = mc_memory_alloc(((size_t)s->out + 32) * sizeof *inner);
    float *slope = mc_memory_alloc(((size_t)s->out + 32) * sizeof *slope);
    for (size_t i = 0; i < weight_count; i++) {
        weights[i] = s->type == NN_U8 ? (float)pick(-127, 127) : noise();
    }
    for (int i = 0; i < s->out; i++) {
        bias[i] = noise();
        scale[i] = 1e-5f * (2 + noise());
        inner[i] = noise();
        slope[i] = noise();
    }
    int height = (s->height + s->stride - 1) / s->stride;
    int width = (s->width + s->stride - 1) / s->stride;
    struct map in = typed_map_create(s->type, s->height, s->width, s->in, pick(0, 3), pick(0, 3));
    struct map residual =
        typed_map_create(s->out_type, height, width, s->out, pick(0, 3), pick(0, 3));
    struct map partner =
        typed_map_create(s->out_type, height, width, s->out, pick(0, 3), pick(0, 3));
    struct map want = typed_map_create(s->out_type, height, width, s->partner ? 2 * s->out : s->out,
                                       pick(0, 3), pick(0, 3));
    struct map got = map_copy(&want);
    struct nn_conv conv = { .in_channels = s->in,
                            .out_channels = s->out,
                            .out_height = height,
                            .out_width = width,
                            .stride = s->stride,
                            .tap_count = tap_count,
                            .taps = taps,
                            .type = s->type,
                            .out_type = s->out_type,
                            .bias = bias,
                            .scale = scale,
                            .inner = s->inner ? inner : NULL,
                            .slope = s->slope ? slope : NULL,
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
    run_conv(plain, conv, weights, &maps);
    maps.out = got.view;
    run_conv(chosen, conv, weights, &maps);
    // A sum may round to the next byte or bfloat16 instead.
    float sum = 1 + 0.25f * sqrtf((float)(tap_count * s->in));
    assert_same(&want, &got, 4e-6f * sum + want.view.scale * 1.01f, what);
    map_destroy(&in);
    map_destroy(&residual);
    map_destroy(&partner);
    map_destroy(&want);
    map_destroy(&got);
    mc_memory_free(weights);
    mc_memory_free(bias);
    mc_memory_free(scale);
    mc_memory_free(inner);
    mc_memory_free(slope);
}

// Types that meet in a network: float32 becomes another type at its entrance, and
// comes back at its end.
static void pick_types(struct shape *shape)
{
    static const enum nn_type pairs[][2] = { { NN_F32, NN_F32 },  { NN_F32, NN_BF16 },
                                             { NN_F32, NN_U8 },   { NN_BF16, NN_BF16 },
                                             { NN_BF16, NN_F32 }, { NN_U8, NN_U8 },
                                             { NN_U8, NN_F32 } };
    const enum nn_type *pair = pairs[pick(0, 6)];
    shape->type = pair[0];
    shape->out_type = pair[1];
    if (shape->type != NN_F32) {
        shape->in = (shape->in + 3) / 4 * 4; // whole words
    }
    shape->broadcast = false;
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
            .inner = pick(0, 3) == 0,
            .slope = pick(0, 2) == 0,
        };
        shape.lacks = pick(0, 3) == 0 ? pick(0, shape.out - 1) : 0;
        shape.dilation_x = shape.dilation_y;
        check_conv(plain, chosen, &shape);
        pick_types(&shape);
        check_conv(plain, chosen, &shape);
    }
    // The shapes of LEDNet's blocks, whole tiles and dilations beyond the map.
    static const struct shape blocks[] = {
        { 64, 64, 16, 16, 3, 1, 1, 1, 1, true, false, false, false, false, false, 0, NN_F32,
          NN_F32 },
        { 64, 64, 16, 16, 1, 3, 1, 1, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
        { 32, 32, 32, 32, 3, 1, 1, 1, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
        { 32, 32, 32, 32, 1, 3, 1, 1, 1, true, false, false, false, false, false, 0, NN_F32,
          NN_F32 },
        { 16, 16, 64, 64, 3, 1, 1, 17, 1, true, true, true, false, false, false, 0, NN_F32,
          NN_F32 },
        { 16, 16, 64, 64, 1, 3, 1, 1, 9, true, false, false, false, false, false, 0, NN_F32,
          NN_F32 },
        { 8, 8, 64, 64, 1, 3, 1, 1, 17, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
        { 33, 31, 29, 33, 3, 1, 1, 2, 1, true, true, true, false, false, false, 0, NN_F32, NN_F32 },
        { 31, 33, 40, 29, 1, 3, 1, 1, 3, false, true, false, true, false, false, 0, NN_F32,
          NN_F32 },
        { 31, 33, 40, 29, 1, 3, 1, 1, 1, false, true, false, true, true, true, 5, NN_F32, NN_F32 },
        { 128, 128, 3, 29, 3, 3, 2, 1, 1, true, false, false, false, false, false, 0, NN_F32,
          NN_F32 },
        { 16, 16, 128, 1, 7, 7, 2, 1, 1, true, false, false, false, false, false, 0, NN_F32,
          NN_F32 },
        { 8, 8, 1, 1, 5, 5, 2, 1, 1, true, false, false, false, false, false, 0, NN_F32, NN_F32 },
        // Windows gathered.
        { 4, 5, 128, 33, 3, 3, 1, 1, 1, true, true, false, false, false, false, 0, NN_F32, NN_F32 },
        { 8, 8, 128, 48, 3, 3, 2, 1, 1, true, false, false, false, false, false, 0, NN_F32,
          NN_F32 },
        { 5, 4, 256, 20, 3, 3, 1, 1, 1, true, false, true, false, false, false, 0, NN_BF16,
          NN_BF16 },
        { 4, 4, 510, 20, 3, 3, 1, 1, 1, true, true, false, false, false, false, 0, NN_U8, NN_U8 },
        { 16, 16, 64, 68, 1, 1, 1, 1, 1, false, false, false, false, false, false, 0, NN_F32,
          NN_F32 },
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        check_conv(plain, chosen, &blocks[i]);
        for (int type = NN_BF16; type < NN_TYPE_COUNT; type++) {
            struct shape narrow = blocks[i];
            narrow.type = narrow.in % 4 == 0 ? (enum nn_type)type : NN_F32;
            narrow.out_type = (enum nn_type)type;
            check_conv(plain, chosen, &narrow);
        }
    }
}

// Pools from and to every type.
// A norm and an activation, or not; the slopes are the shifts.
static struct nn_finish pick_finish(const float *scale, const float *shift)
{
    const bool normed = pick(0, 1);
    return (struct nn_finish){ .scale = normed ? scale : NULL,
                               .shift = normed ? shift : NULL,
                               .slope = pick(0, 1) ? shift : NULL,
                               .relu = pick(0, 1) };
}

static void check_pools(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 300; i++) {
        int channels = pick(1, 70), size = pick(1, 3), height = pick(1, 6), width = pick(1, 6);
        float scale[96], shift[96];
        for (int c = 0; c < 96; c++) {
            scale[c] = noise();
            shift[c] = noise();
        }
        enum nn_type from = (enum nn_type)pick(0, NN_TYPE_COUNT - 1);
        enum nn_type to = pick(0, 1) ? from : (enum nn_type)pick(0, NN_TYPE_COUNT - 1);
        struct map in =
            typed_map_create(from, height * size, width * size, channels, pick(0, 3), pick(0, 3));
        struct map want = typed_map_create(to, height, width, channels, pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        const struct nn_finish finish = pick_finish(scale, shift);
        const struct nn_pool pool = { size, size, 0 };
        plain->max_pool(&in.view, &pool, &finish, &want.view, all_rows(&want.view));
        chosen->max_pool(&in.view, &pool, &finish, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 1e-6f + want.view.scale * 1.01f, "max_pool");
        map_destroy(&want);
        map_destroy(&got);

        want = map_create(1, 1, channels, 0, pick(0, 3));
        got = map_copy(&want);
        plain->global_pool(&in.view, &want.view);
        chosen->global_pool(&in.view, &got.view);
        assert_same(&want, &got, 1e-5f, "global_pool");
        map_destroy(&want);
        map_destroy(&got);
        map_destroy(&in);
    }
}

static void check_combine(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 200; i++) {
        int channels = pick(1, 70), height = pick(1, 6), width = pick(1, 6);
        float scale[96], shift[96];
        for (int c = 0; c < 96; c++) {
            scale[c] = noise();
            shift[c] = noise();
        }
        const struct nn_finish finish = pick_finish(scale, shift);
        struct map in = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map residual = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        residual.view.channels -= pick(0, 2) == 0 ? pick(0, channels - 1) : 0;
        struct map want = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        const struct nn_tensor *added = pick(0, 1) ? &residual.view : NULL;
        plain->combine(&in.view, &finish, added, &want.view, all_rows(&want.view));
        chosen->combine(&in.view, &finish, added, &got.view, all_rows(&got.view));
        assert_same(&want, &got, 1e-6f, "combine");
        map_destroy(&in);
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

        float a[4 * 70], b[4 * 70];
        const float temperature = pick(0, 1) ? 1 : 0.1f;
        plain->heat_sums(&in.view, temperature, a, NULL);
        chosen->heat_sums(&in.view, temperature, b, NULL);
        for (int c = 0; c < 4 * channels; c++) {
            assert_true(fabsf(a[c] - b[c]) <= 2e-5f * fabsf(a[c]));
        }

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

        map_destroy(&in);
        map_destroy(&other);
        map_destroy(&factor);
    }
}

// The operators that only some networks have. Plain C is checked against what it
// should be, where that can be said in a line.
static void check_rarer(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 100; i++) {
        int channels = pick(1, 40), height = pick(1, 6), width = pick(1, 6);
        struct map in = map_create(2 * height, 2 * width, channels, pick(0, 3), pick(0, 3));
        struct map small = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map index = map_copy(&small);
        nn_tensor_at(&in.view, 1, 1)[0] = nn_tensor_at(&in.view, 0, 1)[0]; // one of equals
        struct map want = map_copy(&small), got = map_copy(&small);
        const struct nn_rows rows = all_rows(&small.view);

        plain->average_pool(&in.view, 2, &want.view, rows);
        chosen->average_pool(&in.view, 2, &got.view, rows);
        assert_same(&want, &got, 1e-6f, "average_pool");
        const struct nn_pool padded = { 3, 2, 1 };
        const struct nn_finish nothing = { 0 };
        plain->max_pool(&in.view, &padded, &nothing, &want.view, rows);
        chosen->max_pool(&in.view, &padded, &nothing, &got.view, rows);
        assert_same(&want, &got, 0, "padded max_pool");

        plain->pool_index(&in.view, &index.view, rows);
        chosen->pool_index(&in.view, &got.view, rows);
        assert_same(&index, &got, 0, "pool_index");
        const struct nn_pool pool = { 2, 2, 0 };
        plain->max_pool(&in.view, &pool, &nothing, &want.view, rows);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                const int at = (int)nn_tensor_at(&index.view, y, x)[0];
                assert_true(nn_tensor_at(&in.view, 2 * y + at / 2, 2 * x + at % 2)[0] ==
                            nn_tensor_at(&want.view, y, x)[0]);
            }
        }

        struct map large = map_copy(&in), other = map_copy(&in);
        const struct nn_rows twice = all_rows(&in.view);
        plain->unpool(&small.view, &index.view, &large.view, twice);
        chosen->unpool(&small.view, &index.view, &other.view, twice);
        assert_same(&large, &other, 0, "unpool");
        plain->pool_index(&large.view, &want.view, rows);
        plain->nearest(&small.view, &large.view, twice);
        chosen->nearest(&small.view, &other.view, twice);
        assert_same(&large, &other, 0, "nearest");
        plain->average_pool(&large.view, 2, &want.view, rows);
        assert_same(&small, &want, 1e-6f, "nearest, then average");

        plain->sigmoid(&in.view, &large.view, twice);
        chosen->sigmoid(&in.view, &other.view, twice);
        assert_same(&large, &other, 1e-6f, "sigmoid");
        float x = nn_tensor_at(&in.view, 0, 0)[0];
        assert_true(fabsf(nn_tensor_at(&large.view, 0, 0)[0] - 1 / (1 + expf(-x))) < 1e-6f);
        plain->multiply(&in.view, &other.view, &large.view, twice);
        chosen->multiply(&in.view, &other.view, &other.view, twice);
        assert_same(&large, &other, 0, "multiply");
        map_destroy(&in);
        map_destroy(&small);
        map_destroy(&index);
        map_destroy(&want);
        map_destroy(&got);
        map_destroy(&large);
        map_destroy(&other);
    }
}

// A depthwise convolution is a full one whose other weights are zero.
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
                                .inner = pick(0, 1) ? slope : NULL,
                                .slope = pick(0, 1) ? slope : NULL,
                                .relu = pick(0, 1) };
        struct map in = map_create(height, width, channels, pick(0, 3), pick(0, 3));
        struct map want = map_create((height + stride - 1) / stride, (width + stride - 1) / stride,
                                     channels, pick(0, 3), pick(0, 3));
        struct map residual = map_copy(&want), got = map_copy(&want);
        struct nn_conv_maps maps = { .in = in.view, .out = want.view };
        if (pick(0, 1)) {
            maps.residual = residual.view;
        }
        run_conv(plain, conv, full, &maps);
        maps.out = got.view;
        conv.weights = weights;
        chosen->depthwise(&conv, &maps, all_rows(&got.view));
        assert_same(&want, &got, 1e-5f, "depthwise");
        map_destroy(&in);
        map_destroy(&want);
        map_destroy(&residual);
        map_destroy(&got);
    }
}

// The Gaussian of both axes at once, as its definition says.
static void check_antialias(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    for (int i = 0; i < 20; i++) {
        const int factor = pick(2, 5), channels = pick(1, 5);
        struct map in = map_create(factor * pick(1, 6), factor * pick(1, 6), channels,
                                   pick(0, 1) * pick(0, 3), pick(0, 3));
        struct map want = map_create(in.view.height / factor, in.view.width / factor, channels,
                                     pick(0, 3), pick(0, 3));
        struct map got = map_copy(&want);
        float taps[NN_ANTIALIAS_TAPS_MAX];
        const int count = nn_antialias_taps(factor, taps), reach = count / 2;
        assert_int_equal(reach, 2 * (factor - 1));
        for (int p = 0; p < want.view.height * want.view.width * channels; p++) {
            const int c = p % channels, x = p / channels % want.view.width;
            const int y = p / channels / want.view.width;
            double sum = 0;
            for (int t = 0; t < count * count; t++) {
                const int iy = y * factor + t / count - reach, ix = x * factor + t % count - reach;
                if (iy >= 0 && iy < in.view.height && ix >= 0 && ix < in.view.width) {
                    sum += (double)taps[t / count] * (double)taps[t % count] *
                           (double)nn_tensor_at(&in.view, iy, ix)[c];
                }
            }
            nn_tensor_at(&want.view, y, x)[c] = (float)sum;
        }
        float *scratch = malloc((size_t)in.view.width * (size_t)channels * sizeof *scratch);
        assert_non_null(scratch);
        const struct nn_kernels *levels[] = { plain, chosen };
        for (int l = 0; l < 2; l++) {
            levels[l]->antialias(&in.view, factor, &got.view, all_rows(&got.view), scratch);
            assert_same(&want, &got, 1e-6f, "antialias");
        }
        free(scratch);
        map_destroy(&in);
        map_destroy(&want);
        map_destroy(&got);
    }
}

// What a sharp map sees of features, against the sums written out.
static void check_look(const struct nn_kernels *plain, const struct nn_kernels *chosen)
{
    enum { HEIGHT = 6, WIDTH = 7, DY = 2, DX = 1 };
    for (int i = 0; i < 60; i++) {
        const int count = pick(1, 11), channels = pick(1, 40);
        struct map maps = map_create(HEIGHT, WIDTH, count, pick(0, 3), pick(0, 3));
        struct map features = map_create(HEIGHT + 3, WIDTH + 3, channels, pick(0, 3), pick(0, 3));
        const float temperature = pick(0, 1) ? 1 : 0.002f; // then most weights are zero
        static float sums[4 * 11], weights[HEIGHT * WIDTH * 11], got[11 * 40];
        const struct nn_kernels *levels[] = { plain, chosen };
        for (int l = 0; l < 2; l++) {
            levels[l]->heat_sums(&maps.view, temperature, sums, weights);
            levels[l]->heat_look(weights, HEIGHT, WIDTH, count, &features.view, DY, DX, got);
            for (int j = 0; j < count * channels; j++) {
                const int k = j / channels, c = j % channels;
                double weight = 0, sum = 0;
                for (int p = 0; p < HEIGHT * WIDTH; p++) {
                    const float *pixel =
                        nn_tensor_at(&features.view, p / WIDTH + DY, p % WIDTH + DX);
                    weight += (double)weights[p * count + k];
                    sum += (double)weights[p * count + k] * (double)pixel[c];
                }
                assert_true(fabs(weight - (double)sums[4 * k]) < 1e-5 * weight);
                assert_true(fabs(sum - (double)got[j]) < 1e-5 * weight);
            }
        }
        map_destroy(&maps);
        map_destroy(&features);
    }
}

static void each_level(void (*check)(const struct nn_kernels *, const struct nn_kernels *))
{
    unsigned have = 0;
    assert_true(mc_cpu_flags(&have, NULL));
    const unsigned levels[] = { MC_CPU_BLAS, MC_CPU_AVX2, MC_CPU_AVX2 | MC_CPU_AVX_VNNI,
                                have & ~(unsigned)MC_CPU_AMX, have };
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
    each_level(check_pools);
}

static void the_others_equal_plain_c(void **state)
{
    (void)state;
    each_level(check_others);
    each_level(check_rarer);
    each_level(check_depthwise);
    each_level(check_antialias);
    each_level(check_look);
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
