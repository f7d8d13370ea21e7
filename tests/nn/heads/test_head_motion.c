// The motion head, against its definition, and against PyTorch if the shared golden folder is
// there.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "nn/compiler/compile.h"
#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/heads/head_motion.h"
#include "nn/kernels/kernels.h"
#include "tests/larger.h"
#include "tests/nn/golden.h"

#define SHARED MOCAPD_SOURCE_DIR "/../shared/golden/"

static unsigned seed = 1;

static float noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
}

static void fill(float *numbers, int count, float scale)
{
    for (int i = 0; i < count; i++) {
        numbers[i] = scale * noise();
    }
}

static struct nn_kernels fastest(void)
{
    unsigned flags = 0;
    struct nn_kernels kernels;
    assert_true(mc_cpu_flags(&flags, NULL));
    nn_kernels_init(&kernels, flags);
    return kernels;
}

// The network's own coordinate of a position in the input.
static double axis(float position, int size)
{
    return 2 * ((double)position - 0.5) / (size - 1) - 1;
}

enum { KEYPOINTS = 3, CHANNELS = 11, KERNEL = 7, TAPS = KERNEL * KERNEL, MAP = 10, SIZE = 64 };
enum { FULL = MAP + KERNEL - 1, ROWS = 4 * KEYPOINTS };

static float features[FULL * FULL * CHANNELS], heat[MAP * MAP * KEYPOINTS];
static float weights[ROWS * CHANNELS * TAPS], bias[ROWS];

// The Jacobian map of the given row at y, x: the convolution.
static double jacobian_map(int row, int y, int x)
{
    double sum = (double)bias[row];
    for (int t = 0; t < TAPS; t++) {
        for (int c = 0; c < CHANNELS; c++) {
            sum += (double)weights[(row * CHANNELS + c) * TAPS + t] *
                   (double)features[((y + t / KERNEL) * FULL + x + t % KERNEL) * CHANNELS + c];
        }
    }
    return sum;
}

// The expected value of f under keypoint k's map.
static double expect(int k, double temperature, double (*f)(int row, int y, int x), int row)
{
    double most = -INFINITY, sum = 0, weight = 0;
    for (int i = 0; i < MAP * MAP; i++) {
        most = test_larger(most, (double)heat[i * KEYPOINTS + k]);
    }
    for (int i = 0; i < MAP * MAP; i++) {
        const double w = exp(((double)heat[i * KEYPOINTS + k] - most) / temperature);
        weight += w;
        sum += w * f(row, i / MAP, i % MAP);
    }
    return sum / weight;
}

static double x_axis(int row, int y, int x)
{
    (void)row;
    (void)y;
    return 2.0 * x / (MAP - 1) - 1;
}

static double y_axis(int row, int y, int x)
{
    (void)row;
    (void)x;
    return 2.0 * y / (MAP - 1) - 1;
}

static void averaged_features_give_averaged_maps(void **state)
{
    (void)state;
    const struct nn_kernels kernels = fastest();
    fill(features, FULL * FULL * CHANNELS, 2);
    fill(weights, ROWS * CHANNELS * TAPS, 0.3f);
    fill(bias, ROWS, 2);
    fill(heat, MAP * MAP * KEYPOINTS, 4);
    for (int sharp = 0; sharp < 2; sharp++) {
        const struct nn_motion_shape shape = { .keypoints = KEYPOINTS,
                                               .jacobians = true,
                                               .kernel = KERNEL,
                                               .channels = CHANNELS,
                                               .temperature = sharp ? 0.1f : 1 };
        struct nn_motion motion;
        assert_true(nn_motion_init(&motion, &shape, weights, bias, NULL));
        float *scratch = malloc(nn_motion_scratch(&motion, MAP, MAP) * sizeof *scratch);
        assert_non_null(scratch);
        const struct nn_tensor maps = nn_tensor_dense(heat, MAP, MAP, KEYPOINTS);
        const struct nn_tensor seen = nn_tensor_dense(features, FULL, FULL, CHANNELS);
        struct mc_keypoint keypoints[KEYPOINTS];
        float jacobians[KEYPOINTS][4];
        nn_head_motion(&kernels, &motion, &maps, &seen, SIZE, SIZE, keypoints, jacobians, scratch);
        for (int k = 0; k < KEYPOINTS; k++) {
            const double t = (double)shape.temperature;
            assert_true(fabs(axis(keypoints[k].x, SIZE) - expect(k, t, x_axis, 0)) < 1e-5);
            assert_true(fabs(axis(keypoints[k].y, SIZE) - expect(k, t, y_axis, 0)) < 1e-5);
            assert_true(keypoints[k].c > 0 && keypoints[k].c <= 1);
            for (int m = 0; m < 4; m++) {
                const double want = expect(k, t, jacobian_map, 4 * k + m);
                assert_true(fabs((double)jacobians[k][m] - want) < 1e-4);
            }
        }
        free(scratch);
        nn_motion_finish(&motion);
    }
}

// The same maps given directly, heat maps first.
static void direct_maps_give_the_same(void **state)
{
    (void)state;
    const struct nn_kernels kernels = fastest();
    static float both[MAP * MAP * 5 * KEYPOINTS];
    for (int i = 0; i < MAP * MAP; i++) {
        memcpy(&both[i * 5 * KEYPOINTS], &heat[i * KEYPOINTS], KEYPOINTS * sizeof(float));
        for (int row = 0; row < ROWS; row++) {
            both[i * 5 * KEYPOINTS + KEYPOINTS + row] = (float)jacobian_map(row, i / MAP, i % MAP);
        }
    }
    const struct nn_motion_shape shape = {
        .keypoints = KEYPOINTS, .jacobians = true, .direct = true, .temperature = 0.1f
    };
    struct nn_motion motion;
    assert_true(nn_motion_init(&motion, &shape, NULL, NULL, NULL));
    float *scratch = malloc(nn_motion_scratch(&motion, MAP, MAP) * sizeof *scratch);
    assert_non_null(scratch);
    const struct nn_tensor maps = nn_tensor_dense(both, MAP, MAP, 5 * KEYPOINTS);
    struct mc_keypoint keypoints[KEYPOINTS];
    float jacobians[KEYPOINTS][4];
    nn_head_motion(&kernels, &motion, &maps, &maps, SIZE, SIZE, keypoints, jacobians, scratch);
    for (int k = 0; k < KEYPOINTS; k++) {
        assert_true(fabs(axis(keypoints[k].x, SIZE) - expect(k, 0.1, x_axis, 0)) < 1e-5);
        for (int m = 0; m < 4; m++) {
            const double want = expect(k, 0.1, jacobian_map, 4 * k + m);
            assert_true(fabs((double)jacobians[k][m] - want) < 1e-4);
        }
    }
    free(scratch);
    nn_motion_finish(&motion);
}

// A heat map with a single peak puts the keypoint at that cell: the first and the last cell
// are the centres of the image's first and last pixels.
static void corners_map_to_corners(void **state)
{
    (void)state;
    const struct nn_kernels kernels = fastest();
    float map[MAP * MAP] = { 0 };
    map[MAP * MAP - 1] = 50;
    const struct nn_motion_shape shape = { .keypoints = 1, .direct = true, .temperature = 0.1f };
    struct nn_motion motion;
    assert_true(nn_motion_init(&motion, &shape, NULL, NULL, NULL));
    float *scratch = malloc(nn_motion_scratch(&motion, MAP, MAP) * sizeof *scratch);
    assert_non_null(scratch);
    const struct nn_tensor maps = nn_tensor_dense(map, MAP, MAP, 1);
    struct mc_keypoint keypoint;
    nn_head_motion(&kernels, &motion, &maps, &maps, SIZE, SIZE, &keypoint, NULL, scratch);
    assert_float_equal(keypoint.x, SIZE - 0.5f, 1e-4);
    assert_float_equal(keypoint.y, SIZE - 0.5f, 1e-4);
    assert_true(keypoint.c > 0.99f);
    free(scratch);
    nn_motion_finish(&motion);
}

// ---- PyTorch's ----------------------------------------------------------------------

struct heads {
    const char *net;
    int channels, keypoints;
    bool jacobians;
};

// PyTorch's features through our convolution and head.
static void check_file(const struct heads *heads, struct nn_weights *backbone,
                       struct nn_weights *head)
{
    struct nn_kernels kernels = fastest();
    struct nn_graph *graph = nn_graph_create(head, 64, 64, heads->channels, NULL);
    assert_non_null(graph);
    nn_graph_output(graph, nn_graph_conv(graph, 0, "kp", heads->keypoints,
                                         (struct nn_window){ 7, 7, 1, 0, 0, 1, 1 }, true));
    nn_graph_output(graph, 0);
    struct nn_program *program =
        nn_compile(graph, &kernels, &(struct nn_compile_options){ 0 }, NULL);
    assert_non_null(program);
    float *arena = mc_memory_alloc(program->arena_floats * sizeof *arena);
    assert_non_null(arena);
    const struct nn_tensor input = nn_view_tensor(&program->input, arena);
    golden_fill(&input, golden_get(backbone, "out64")->data);
    nn_program_run(program, arena);
    const struct nn_tensor maps = nn_view_tensor(&program->outputs[0], arena);
    golden_compare(heads->net, &maps, golden_get(head, "logits"), 1e-4, 0);

    const struct nn_motion_shape shape = { .keypoints = heads->keypoints,
                                           .jacobians = heads->jacobians,
                                           .kernel = 7,
                                           .channels = heads->channels,
                                           .temperature = 0.1f };
    struct nn_motion motion;
    assert_true(nn_motion_init(&motion, &shape,
                               heads->jacobians ? golden_get(head, "jac.weight")->data : NULL,
                               heads->jacobians ? golden_get(head, "jac.bias")->data : NULL, NULL));
    float *scratch =
        mc_memory_alloc(nn_motion_scratch(&motion, maps.height, maps.width) * sizeof *scratch);
    struct mc_keypoint keypoints[68];
    float jacobians[68][4];
    nn_head_motion(&kernels, &motion, &maps, &input, 64, 64, keypoints, jacobians, scratch);
    const float *values = golden_get(head, "value")->data;
    double worst = 0, worst_jacobian = 0;
    for (int k = 0; k < heads->keypoints; k++) {
        worst = test_larger(worst, fabs(axis(keypoints[k].x, 64) - (double)values[2 * k]));
        worst = test_larger(worst, fabs(axis(keypoints[k].y, 64) - (double)values[2 * k + 1]));
        for (int m = 0; m < 4 && heads->jacobians; m++) {
            const double want = (double)golden_get(head, "jacobian")->data[4 * k + m];
            worst_jacobian = test_larger(worst_jacobian, fabs((double)jacobians[k][m] - want));
        }
    }
    printf("%s: keypoints within %.1e, Jacobians within %.1e\n", heads->net, worst, worst_jacobian);
    assert_true(worst < 1e-4);
    assert_true(worst_jacobian < 1e-4);
    mc_memory_free(scratch);
    mc_memory_free(arena);
    nn_motion_finish(&motion);
    nn_program_destroy(program);
    nn_graph_destroy(graph);
}

static void keypoints_and_jacobians_equal_pytorch(void **state)
{
    (void)state;
    static const struct heads heads[] = {
        { "lednet", 32, 10, true },     { "lednet", 32, 68, false }, { "erfnet", 32, 10, true },
        { "esnet", 32, 10, true },      { "edanet", 32, 10, true },  { "enet", 32, 10, true },
        { "fomm_small", 11, 10, true },
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char path[4096];
        snprintf(path, sizeof path, SHARED "%s_backbone.safetensors", heads[i].net);
        struct nn_weights *backbone = golden_open(path);
        snprintf(path, sizeof path, SHARED "%s_head_%s.safetensors", heads[i].net,
                 heads[i].jacobians ? "kp10j" : "kp68");
        struct nn_weights *head = golden_open(path);
        if (backbone != NULL && head != NULL) {
            check_file(&heads[i], backbone, head);
        }
        nn_weights_destroy(backbone);
        nn_weights_destroy(head);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averaged_features_give_averaged_maps),
        cmocka_unit_test(direct_maps_give_the_same),
        cmocka_unit_test(corners_map_to_corners),
        cmocka_unit_test(keypoints_and_jacobians_equal_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
