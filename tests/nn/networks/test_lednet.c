// LEDNet against vectors: our own, from tests/golden/make.py with the same pseudo-random
// weights, and PyTorch's, if the shared golden folder is there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/networks/backbone.h"
#include "tests/nn/golden.h"

#define GOLDEN MOCAPD_SOURCE_DIR "/tests/golden/"
#define SHARED MOCAPD_SOURCE_DIR "/../shared/golden/"

static const double tolerance = 1e-4; // of the largest number of each map

static struct golden_net net_create(struct nn_weights *weights, int height, int width, int features,
                                    bool blocks, unsigned cpu_flags)
{
    return golden_net_create(nn_backbone_find("lednet"), weights, height, width, features, blocks,
                             cpu_flags);
}

static void check_own(unsigned cpu_flags)
{
    struct nn_weights *file = golden_open(GOLDEN "lednet.safetensors");
    assert_non_null(file);
    struct nn_weights *weights = nn_weights_create_random(7, NULL);
    assert_non_null(weights);
    struct golden_net net = net_create(weights, 32, 64, 20, true, cpu_flags);
    assert_int_equal(nn_weights_parameter_count(weights), 923083);
    const struct nn_weight *input = golden_get(file, "input");
    golden_net_run(&net, input->data);
    int count;
    const struct nn_block *blocks = nn_graph_blocks(net.graph, &count);
    for (int i = 0; i < count; i++) {
        struct nn_tensor map = golden_net_output(&net, i);
        golden_compare(blocks[i].name, &map, golden_get(file, blocks[i].name), tolerance, 0);
    }
    struct nn_tensor out = golden_net_output(&net, count);
    golden_compare("out", &out, golden_get(file, "out"), tolerance, 0);
    golden_net_destroy(&net);
    nn_weights_destroy(weights);
    nn_weights_destroy(file);
}

static void equals_our_own_vectors(void **state)
{
    (void)state;
    golden_each_level(check_own);
}

// With every block's map as a result.
static void check_blocks(unsigned cpu_flags)
{
    struct nn_weights *file = golden_open(SHARED "lednet_backbone.safetensors");
    struct nn_weights *want = golden_open(SHARED "lednet_blocks64.safetensors");
    struct nn_weights *inputs = golden_open(SHARED "inputs.safetensors");
    if (file != NULL && want != NULL && inputs != NULL) {
        struct golden_net net = net_create(file, 64, 64, 32, true, cpu_flags);
        golden_net_run(&net, golden_get(inputs, "x64")->data);
        int count;
        const struct nn_block *blocks = nn_graph_blocks(net.graph, &count);
        for (int i = 0; i < count; i++) {
            struct nn_tensor map = golden_net_output(&net, i);
            golden_compare(blocks[i].name, &map, golden_get(want, blocks[i].name), tolerance, 0);
        }
        struct nn_tensor out = golden_net_output(&net, count);
        golden_compare("out64", &out, golden_get(file, "out64"), tolerance, 0);
        golden_net_destroy(&net);
    }
    nn_weights_destroy(file);
    nn_weights_destroy(want);
    nn_weights_destroy(inputs);
}

static void equals_pytorch_block_by_block(void **state)
{
    (void)state;
    golden_each_level(check_blocks);
}

static void check_128(unsigned cpu_flags)
{
    struct nn_weights *file = golden_open(SHARED "lednet_backbone.safetensors");
    struct nn_weights *want = golden_open(SHARED "lednet_out128.safetensors");
    struct nn_weights *inputs = golden_open(SHARED "inputs.safetensors");
    if (file != NULL && want != NULL && inputs != NULL) {
        struct golden_net net = net_create(file, 128, 128, 32, false, cpu_flags);
        golden_net_run(&net, golden_get(inputs, "x128")->data);
        struct nn_tensor out = golden_net_output(&net, 0);
        golden_compare("out128", &out, golden_get(want, "out128"), tolerance, 0);
        golden_net_destroy(&net);
    }
    nn_weights_destroy(file);
    nn_weights_destroy(want);
    nn_weights_destroy(inputs);
}

static void equals_pytorch_at_128_pixels(void **state)
{
    (void)state;
    golden_each_level(check_128);
}

// Results must not depend on how maps share the arena or on what is fused.
static void fusing_changes_nothing(void **state)
{
    (void)state;
    struct nn_weights *weights = nn_weights_create_random(3, NULL);
    assert_non_null(weights);
    struct golden_net unfused = net_create(weights, 96, 96, 12, true, 0);
    struct golden_net fused = net_create(weights, 96, 96, 12, false, 0);
    assert_true(fused.program->arena_floats < unfused.program->arena_floats);
    static float planar[3 * 96 * 96];
    for (int i = 0; i < 3 * 96 * 96; i++) {
        planar[i] = (float)(i * 37 % 101) / 101;
    }
    golden_net_run(&unfused, planar);
    golden_net_run(&fused, planar);
    struct nn_tensor a = golden_net_output(&unfused, unfused.program->output_count - 1);
    struct nn_tensor b = golden_net_output(&fused, 0);
    for (int y = 0; y < 96; y++) {
        for (int x = 0; x < 96; x++) {
            assert_memory_equal(nn_tensor_at(&a, y, x), nn_tensor_at(&b, y, x), 12 * sizeof(float));
        }
    }
    golden_net_destroy(&unfused);
    golden_net_destroy(&fused);
    nn_weights_destroy(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_our_own_vectors),
        cmocka_unit_test(equals_pytorch_block_by_block),
        cmocka_unit_test(equals_pytorch_at_128_pixels),
        cmocka_unit_test(fusing_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
