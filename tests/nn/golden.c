#include "tests/nn/golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "nn/compiler/compile.h"
#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/networks/backbone.h"

struct nn_weights *golden_open(const char *path)
{
    if (access(path, R_OK) != 0) {
        printf("skipped: no %s\n", path);
        return NULL;
    }
    struct mc_error err = { 0 };
    struct nn_weights *file = nn_weights_load(path, &err);
    if (file == NULL) {
        fail_msg("%s", err.message);
    }
    return file;
}

const struct nn_weight *golden_get(const struct nn_weights *file, const char *name)
{
    const struct nn_weight *weight = nn_weights_find(file, name);
    if (weight == NULL) {
        fail_msg("the file has no tensor %s", name);
    }
    return weight;
}

void golden_fill(const struct nn_tensor *map, const float *planar)
{
    for (int c = 0; c < map->channels; c++) {
        for (int y = 0; y < map->height; y++) {
            for (int x = 0; x < map->width; x++) {
                nn_tensor_at(map, y, x)[c] = *planar++;
            }
        }
    }
}

void golden_compare(const char *name, const struct nn_tensor *map, const struct nn_weight *want,
                    double tolerance, double floor)
{
    size_t count = (size_t)map->height * (size_t)map->width * (size_t)map->channels;
    if (count != want->count) {
        fail_msg("%s: %zu numbers, want %zu", name, count, want->count);
    }
    double largest = 0, worst = 0;
    const float *planar = want->data;
    for (int c = 0; c < map->channels; c++) {
        for (int y = 0; y < map->height; y++) {
            for (int x = 0; x < map->width; x++, planar++) {
                double difference = fabs((double)nn_tensor_at(map, y, x)[c] - (double)*planar);
                largest = fmax(largest, fabs((double)*planar));
                worst = difference > worst || isnan(difference) ? difference : worst;
            }
        }
    }
    printf("%s: largest difference %.2e of %.3g\n", name, worst, largest);
    if (!(worst <= fmax(tolerance * largest, floor))) {
        fail_msg("%s: differs by %g, allowed %g", name, worst, fmax(tolerance * largest, floor));
    }
}

struct golden_net golden_net_create(const struct nn_backbone *backbone, struct nn_weights *weights,
                                    int height, int width, int features, bool blocks,
                                    unsigned cpu_flags)
{
    struct mc_error err = { 0 };
    struct golden_net net = { .graph = nn_graph_create(weights, height, width, 3, &err) };
    assert_non_null(net.graph);
    int map = backbone->append(net.graph, 0, features);
    int count;
    const struct nn_block *block = nn_graph_blocks(net.graph, &count);
    for (int i = 0; blocks && i < count; i++) {
        nn_graph_output(net.graph, block[i].map);
    }
    if (backbone->reduction > 1) {
        map = nn_graph_bilinear(net.graph, map, height, width);
    }
    nn_graph_output(net.graph, map);
    struct nn_kernels kernels;
    nn_kernels_init(&kernels, cpu_flags);
    net.program = nn_compile(net.graph, &kernels, &(struct nn_compile_options){ 0 }, &err);
    if (net.program == NULL) {
        fail_msg("%s: %s", backbone->name, err.message);
    }
    net.arena = mc_memory_alloc(net.program->arena_floats * sizeof(float));
    assert_non_null(net.arena);
    return net;
}

void golden_net_run(struct golden_net *net, const float *planar)
{
    // The arena's contents must not matter.
    memset(net->arena, 0xff, net->program->arena_floats * sizeof(float));
    struct nn_tensor input = nn_view_tensor(&net->program->input, net->arena);
    golden_fill(&input, planar);
    nn_program_run(net->program, net->arena);
}

struct nn_tensor golden_net_output(const struct golden_net *net, int index)
{
    return nn_view_tensor(&net->program->outputs[index], net->arena);
}

void golden_net_destroy(struct golden_net *net)
{
    mc_memory_free(net->arena);
    nn_program_destroy(net->program);
    nn_graph_destroy(net->graph);
}

void golden_each_level(void (*check)(unsigned cpu_flags))
{
    unsigned have = 0;
    assert_true(mc_cpu_flags(&have, NULL));
    unsigned variants[MC_CPU_VARIANTS_MAX];
    const int count = mc_cpu_variants(have, variants);
    for (int i = 0; i < count; i++) {
        printf("level %s, flags %#x\n", mc_cpu_level_name(variants[i]), variants[i]);
        check(variants[i]);
    }
}
