#include "tests/nn/kernels/maps.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "nn/kernels/number.h"

static unsigned seed = 1;

float noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
}

int pick(int least, int most)
{
    seed = seed * 1664525u + 1013904223u;
    return least + (int)((seed >> 8) % (unsigned)(most - least + 1));
}

struct map typed_map_create(enum nn_type type, int height, int width, int channels, int gap,
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

struct map map_create(int height, int width, int channels, int gap, int lead)
{
    return typed_map_create(NN_F32, height, width, channels, gap, lead);
}

struct map map_copy(const struct map *map)
{
    struct map copy = *map;
    copy.block = mc_memory_alloc(map->bytes);
    assert_non_null(copy.block);
    memcpy(copy.block, map->block, map->bytes);
    copy.view.data = copy.block + ((char *)map->view.data - map->block);
    return copy;
}

void map_destroy(struct map *map)
{
    mc_memory_free(map->block);
}

void assert_same(const struct map *want, const struct map *got, float tolerance, const char *what)
{
    const struct nn_tensor *view = &want->view;
    const size_t size = nn_type_size(view->type);
    for (size_t i = 0; i < want->bytes / size; i++) {
        ptrdiff_t at = (ptrdiff_t)i - ((char *)view->data - want->block) / (ptrdiff_t)size;
        bool inside = at >= 0 && (size_t)at < view->row_stride * (size_t)view->height &&
                      (size_t)at % view->pixel_stride < (size_t)view->channels;
        float a = nn_number_get(view->type, view->scale, want->block, (int)i);
        float b = nn_number_get(view->type, view->scale, got->block, (int)i);
        // bfloat16 has eight bits of precision, so neighbours differ by up to 1/128.
        float limit = view->type == NN_BF16 ? tolerance + fabsf(a) / 128 : tolerance;
        if (!(fabsf(a - b) <= (inside ? limit : 0))) {
            fail_msg("%s: number %td is %g, want %g (%s)", what, at, (double)b, (double)a,
                     inside ? "inside" : "outside");
        }
    }
}

struct nn_rows all_rows(const struct nn_tensor *map)
{
    return (struct nn_rows){ 0, map->height };
}

void run_conv(const struct nn_kernels *kernels, struct nn_conv conv, const float *plain,
              const struct nn_conv_maps *maps)
{
    float *packed = mc_memory_alloc(kernels->conv_weights(&conv) * sizeof *packed);
    // Exactly the scratch that was asked for, so that ASan sees an overrun.
    float *scratch = malloc(kernels->conv_scratch(&conv) * sizeof *scratch + 1);
    assert_non_null(packed);
    assert_non_null(scratch);
    kernels->conv_pack(&conv, plain, packed);
    conv.weights = packed;
    // In two parts, as by threads, divided anywhere.
    int cut = pick(0, maps->out.height);
    kernels->conv(&conv, maps, (struct nn_rows){ cut, maps->out.height }, scratch);
    kernels->conv(&conv, maps, (struct nn_rows){ 0, cut }, scratch);
    mc_memory_free(packed);
    free(scratch);
}

void each_level(void (*check)(const struct nn_kernels *, const struct nn_kernels *))
{
    unsigned have = 0;
    assert_true(mc_cpu_flags(&have, NULL));
    unsigned variants[MC_CPU_VARIANTS_MAX];
    const int count = mc_cpu_variants(have, variants);
    struct nn_kernels plain;
    nn_kernels_init(&plain, 0);
    assert_string_equal(plain.name, "scalar");
    for (int i = 1; i < count; i++) {
        struct nn_kernels chosen;
        nn_kernels_init(&chosen, variants[i]);
        check(&plain, &chosen);
    }
}
