// Every backbone: its size against the papers', its results against vectors. Our own vectors
// come from tests/golden/make.py, with the same pseudo-random weights; PyTorch's come from the
// shared golden folder, if it is there.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/networks/backbone.h"
#include "tests/larger.h"
#include "tests/nn/golden.h"

#define GOLDEN MOCAPD_SOURCE_DIR "/tests/golden/networks.safetensors"
#define SHARED MOCAPD_SOURCE_DIR "/../shared/golden/"

static const double tolerance = 1e-4; // of the largest number of each map

// Published sizes, of networks with 20 classes and the input's size. Where the authors
// published none, our own, so that no change goes unnoticed.
static void sizes_equal_the_papers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int features;
        size_t parameters;
        double macs; // at 64 x 64, millions
    } nets[] = {
        { "lednet", 20, 923083, 87.58 },       { "erfnet", 20, 2064256, 207.91 },
        { "edanet", 20, 689936, 69.04 },       { "esnet", 20, 1659136, 187.99 },
        { "enet", 20, 351804, 31.69 },         { "enet-orig", 20, 364376, 30.71 },
        { "hourglass", 35, 14129568, 988.55 },
    };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        struct nn_weights *weights = nn_weights_create_random(1, NULL);
        struct nn_graph *graph = nn_graph_create(weights, 64, 64, 3, NULL);
        assert_non_null(graph);
        nn_backbone_find(nets[i].name)->append(graph, 0, nets[i].features);
        assert_true(nn_graph_check(graph, NULL));
        printf("%s: %zu parameters, %.2f million multiply-adds\n", nets[i].name,
               nn_weights_parameter_count(weights), (double)nn_graph_macs(graph) / 1e6);
        assert_int_equal(nn_weights_parameter_count(weights), nets[i].parameters);
        assert_true(fabs((double)nn_graph_macs(graph) / 1e6 - nets[i].macs) < 0.01);
        nn_graph_destroy(graph);
        nn_weights_destroy(weights);
    }
}

// ---- our own vectors ---------------------------------------------------------------

enum { HEIGHT = 32, WIDTH = 64, FEATURES = 5 };

static void check_own(unsigned cpu_flags)
{
    struct nn_weights *file = golden_open(GOLDEN);
    assert_non_null(file);
    for (int i = 0; nn_backbone_at(i) != NULL; i++) {
        const struct nn_backbone *backbone = nn_backbone_at(i);
        struct nn_weights *weights = nn_weights_create_random(7, NULL);
        assert_non_null(weights);
        struct golden_net net =
            golden_net_create(backbone, weights, HEIGHT, WIDTH, FEATURES, false, cpu_flags);
        golden_net_run(&net, golden_get(file, "input")->data);
        struct nn_tensor out = golden_net_output(&net, 0);
        golden_compare(backbone->name, &out, golden_get(file, backbone->name), tolerance, 0);
        golden_net_destroy(&net);
        nn_weights_destroy(weights);
    }
    nn_weights_destroy(file);
}

static void all_equal_our_own_vectors(void **state)
{
    (void)state;
    golden_each_level(check_own);
}

// ---- PyTorch's ----------------------------------------------------------------------

static void check_pytorch(unsigned cpu_flags)
{
    static const struct {
        const char *name, *file;
        int features;
    } nets[] = {
        { "lednet", "lednet", 32 },
        { "erfnet", "erfnet", 32 },
        { "edanet", "edanet", 32 },
        { "esnet", "esnet", 32 },
        { "enet", "enet", 32 },
        { "enet-orig", "enet_orig", 32 },
        { "hourglass", "fomm_small", 11 },
    };
    struct nn_weights *inputs = golden_open(SHARED "inputs.safetensors");
    for (size_t i = 0; i < sizeof nets / sizeof nets[0] && inputs != NULL; i++) {
        char path[4096];
        snprintf(path, sizeof path, SHARED "%s_backbone.safetensors", nets[i].file);
        struct nn_weights *file = golden_open(path);
        if (file == NULL) {
            continue;
        }
        struct golden_net net = golden_net_create(nn_backbone_find(nets[i].name), file, 64, 64,
                                                  nets[i].features, false, cpu_flags);
        golden_net_run(&net, golden_get(inputs, "x64")->data);
        struct nn_tensor out = golden_net_output(&net, 0);
        golden_compare(nets[i].name, &out, golden_get(file, "out64"), tolerance, 0);
        golden_net_destroy(&net);
        nn_weights_destroy(file);
    }
    nn_weights_destroy(inputs);
}

static void all_equal_pytorch(void **state)
{
    (void)state;
    golden_each_level(check_pytorch);
}

// ---- fusing -------------------------------------------------------------------------

// Fusion must not change results. With every block's map as a result little is fused; that
// program is compared with the usual one. In plain C they differ only by the sums of weights
// where a convolution absorbs a resize.
static void fusing_changes_nothing(void **state)
{
    (void)state;
    static float planar[3 * 64 * 64];
    for (int i = 0; i < 3 * 64 * 64; i++) {
        planar[i] = (float)(i * 37 % 101) / 101;
    }
    for (int i = 0; nn_backbone_at(i) != NULL; i++) {
        const struct nn_backbone *backbone = nn_backbone_at(i);
        struct nn_weights *weights = nn_weights_create_random(3, NULL);
        struct golden_net unfused = golden_net_create(backbone, weights, 64, 64, 12, true, 0);
        struct golden_net fused = golden_net_create(backbone, weights, 64, 64, 12, false, 0);
        golden_net_run(&unfused, planar);
        golden_net_run(&fused, planar);
        struct nn_tensor a = golden_net_output(&unfused, unfused.program->output_count - 1);
        struct nn_tensor b = golden_net_output(&fused, 0);
        double worst = 0, largest = 0;
        for (int p = 0; p < 64 * 64 * 12; p++) {
            const double x = (double)nn_tensor_at(&a, p / 12 / 64, p / 12 % 64)[p % 12];
            const double y = (double)nn_tensor_at(&b, p / 12 / 64, p / 12 % 64)[p % 12];
            worst = test_larger(worst, fabs(x - y));
            largest = fmax(largest, fabs(x));
        }
        printf("%s: largest difference %g of %g\n", backbone->name, worst, largest);
        assert_true(worst <= 1e-5 * largest);
        golden_net_destroy(&unfused);
        golden_net_destroy(&fused);
        nn_weights_destroy(weights);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_equal_the_papers),
        cmocka_unit_test(all_equal_our_own_vectors),
        cmocka_unit_test(all_equal_pytorch),
        cmocka_unit_test(fusing_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
