// bench blocks: what the networks' building blocks cost in place of a full 3x3
// convolution, at the sizes and widths of LEDNet's three stages.
#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "nn/compiler/compile.h"
#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/kernels/kernels.h"
#include "nn/networks/blocks.h"
#include "tools/lab/bench.h"
#include "tools/lab/steps.h"

enum { STAGES = 3, RUNS = 200, EDGE_MIN = 8 };

static const float epsilon = 1e-3f;

typedef int block_fn(struct nn_graph *graph, int map);

static int channels_of(const struct nn_graph *graph, int map)
{
    return nn_graph_map(graph, map).channels;
}

static int full(struct nn_graph *graph, int map)
{
    return nn_block_conv_bn_relu(graph, map, "full", channels_of(graph, map), 3, 1, epsilon);
}

static int paired(struct nn_graph *graph, int map, int dilation)
{
    const struct nn_pair pair = { .kernel = 3, .dilation = dilation };
    return nn_graph_relu(graph, nn_block_pair(graph, map, "pair", pair, epsilon));
}

static int pair_1(struct nn_graph *graph, int map)
{
    return paired(graph, map, 1);
}

static int pair_2(struct nn_graph *graph, int map)
{
    return paired(graph, map, 2);
}

static int pair_9(struct nn_graph *graph, int map)
{
    return paired(graph, map, 9);
}

static int depthwise(struct nn_graph *graph, int map)
{
    const int channels = channels_of(graph, map);
    map = nn_graph_relu(graph, nn_block_depthwise(graph, map, "d", 3, 3, 1, 1, epsilon));
    return nn_block_conv_bn_relu(graph, map, "b", channels, 1, 1, epsilon);
}

static int two_full(struct nn_graph *graph, int map)
{
    const int channels = channels_of(graph, map);
    int y = nn_block_conv_bn_relu(graph, map, "a", channels, 3, 1, epsilon);
    y = nn_block_conv_bn(graph, y, "b", channels, 3, 1, epsilon);
    return nn_graph_relu(graph, nn_graph_add(graph, y, map));
}

static int res1d(struct nn_graph *graph, int map)
{
    return nn_block_res1d(graph, map, 3, 1, epsilon);
}

static int split_shuffle(struct nn_graph *graph, int map)
{
    return nn_block_split_shuffle(graph, map, 1, epsilon);
}

// The same block, whose halves lie one behind the other at the end.
static int split_concat(struct nn_graph *graph, int map)
{
    static const char *const names[2][2] = { { "la", "lb" }, { "ra", "rb" } };
    const int half = channels_of(graph, map) / 2;
    int halves[2];
    for (int i = 0; i < 2; i++) {
        const struct nn_pair pair = { .kernel = 3, .dilation = 1, .mirrored = i == 1 };
        const int part = nn_graph_slice(graph, map, i * half, half);
        int y = nn_graph_relu(graph, nn_block_pair(graph, part, names[i][0], pair, epsilon));
        y = nn_block_pair(graph, y, names[i][1], pair, epsilon);
        halves[i] = nn_graph_relu(graph, nn_graph_add(graph, y, part));
    }
    return nn_graph_concat(graph, halves[0], halves[1]);
}

static int dense(struct nn_graph *graph, int map)
{
    enum { GROWTH = 40 }; // EDANet's
    return nn_block_dense(graph, map, GROWTH, 1, epsilon);
}

static const struct {
    const char *name;
    block_fn *append;
} blocks[] = {
    { "3x3", full },
    { "3x1, 1x3", pair_1 },
    { "3x1, 1x3, dilation 2", pair_2 },
    { "3x1, 1x3, dilation 9", pair_9 },
    { "depthwise 3x3, 1x1", depthwise },
    { "residual of two 3x3", two_full },
    { "residual of two pairs", res1d },
    { "split, pairs, concat", split_concat },
    { "split, pairs, shuffle", split_shuffle },
    { "dense, 40 new channels", dense },
};

enum { BLOCK_COUNT = sizeof blocks / sizeof blocks[0] };

struct cost {
    double us;
    uint64_t macs, macs_done; // as usually counted; without taps outside the map and the like
};

static bool measure_steps(const struct nn_program *program, long runs, struct cost *cost,
                          struct mc_error *err)
{
    double *us = calloc((size_t)program->step_count + 1, sizeof *us);
    const bool good = us != NULL ? lab_steps_measure(program, 1, runs, us, err)
                                 : mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    cost->macs_done = program->macs;
    for (int i = 0; i < program->step_count && good; i++) {
        cost->us += us[i];
    }
    free(us);
    return good;
}

static bool measure_block(block_fn *append, int edge, int channels, unsigned flags, long runs,
                          struct cost *cost, struct mc_error *err)
{
    struct nn_weights *weights = nn_weights_create_random(1, err);
    struct nn_graph *graph =
        weights == NULL ? NULL : nn_graph_create(weights, edge, edge, channels, err);
    struct nn_program *program = NULL;
    *cost = (struct cost){ 0 };
    if (graph != NULL) {
        const struct nn_compile_options options = { .precision = NN_PRECISION_F32 };
        struct nn_kernels kernels;
        nn_kernels_init(&kernels, flags);
        nn_graph_output(graph, append(graph, 0));
        cost->macs = nn_graph_macs(graph);
        program = nn_compile(graph, &kernels, &options, err);
    }
    const bool good = program != NULL && measure_steps(program, runs, cost, err);
    nn_program_destroy(program);
    nn_graph_destroy(graph);
    nn_weights_destroy(weights);
    return good;
}

static void print_row(int row, const struct cost costs[STAGES], bool json)
{
    printf(json ? "%s{\"block\":\"%s\",\"stages\":[" : "%s%-24s", json && row > 0 ? "," : "",
           blocks[row].name);
    for (int i = 0; i < STAGES; i++) {
        const struct cost *cost = &costs[i];
        if (json) {
            printf("%s{\"us\":%.3f,\"macs\":%.0f,\"macs_done\":%.0f}", i > 0 ? "," : "", cost->us,
                   (double)cost->macs, (double)cost->macs_done);
        } else {
            printf(" %9.2f %7.2f %7.1f", cost->us, (double)cost->macs / 1e6,
                   2e-3 * (double)cost->macs / cost->us);
        }
    }
    printf(json ? "]}" : "\n");
}

static void print_head(const int edges[STAGES], const int channels[STAGES])
{
    printf("%-24s", "block");
    for (int i = 0; i < STAGES; i++) {
        char shape[32];
        snprintf(shape, sizeof shape, "%dx%dx%d", edges[i], edges[i], channels[i]);
        printf(" %25s", shape);
    }
    printf("\n%-24s", "");
    for (int i = 0; i < STAGES; i++) {
        printf(" %9s %7s %7s", "us", "MMACs", "GFLOP/s");
    }
    printf("\n");
}

struct options {
    int size; // of the network's input, pixels
    long runs;
    bool json;
};

static bool measure(const struct options *options, struct mc_error *err)
{
    static const int channels[STAGES] = { 32, 64, 128 };
    struct cost costs[BLOCK_COUNT][STAGES];
    int edges[STAGES];
    unsigned flags;
    bool good = mc_cpu_flags(&flags, err);
    for (int i = 0; i < STAGES; i++) {
        edges[i] = options->size >> (i + 1);
        for (int row = 0; row < BLOCK_COUNT && good; row++) {
            good = measure_block(blocks[row].append, edges[i], channels[i], flags, options->runs,
                                 &costs[row][i], err);
        }
    }
    if (!good) {
        return false;
    }
    if (options->json) {
        printf("[");
    } else {
        print_head(edges, channels);
    }
    for (int row = 0; row < BLOCK_COUNT; row++) {
        print_row(row, costs[row], options->json);
    }
    printf(options->json ? "]\n" : "");
    return true;
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct mc_error err = { 0 };
    return lab_bench_status(measure(options, &err), &err);
}

static bool check(void *chosen, struct mc_error *err)
{
    const struct options *options = chosen;
    return options->size % EDGE_MIN == 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--size must be a multiple of %d, got %d",
                        EDGE_MIN, options->size);
}

static const struct mc_option table[] = {
    { "size", 0, "S", "size of the network's input, pixels; default: 128", MC_OPTION_INT,
      .min = EDGE_MIN, .max = 4096, MC_OPTION_FIELD(struct options, size) },
    { "runs", 'n', "N", "run each block N times; default: 200", MC_OPTION_INT, .min = 1,
      .max = 1000000, MC_OPTION_FIELD(struct options, runs) },
    { "json", 0, NULL, "print JSON", MC_OPTION_BOOL, MC_OPTION_FIELD(struct options, json) },
    { 0 },
};

static const struct options defaults = { .size = 128, .runs = RUNS };

const struct mc_command lab_bench_blocks_command = {
    .name = "blocks",
    .summary = "time the blocks that networks are built from, each alone",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
