// The locator's head on maps drawn by the test, and the whole locator against vectors from
// tests/golden/make_locator.py.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "nn/compiler/compile.h"
#include "nn/compiler/program.h"
#include "nn/graph/graph.h"
#include "nn/graph/weights.h"
#include "nn/heads/head_locator.h"
#include "nn/networks/backbone.h"
#include "tests/nn/golden.h"

enum { GRID = 20, CELL = 8 };

static const float least = 0.5f;

struct maps {
    float numbers[GRID * GRID * NN_LOCATOR_CHANNELS];
    struct nn_tensor tensor;
};

// Maps without a face.
static void maps_init(struct maps *maps)
{
    memset(maps, 0, sizeof *maps);
    maps->tensor = (struct nn_tensor){
        .data = maps->numbers,
        .height = GRID,
        .width = GRID,
        .channels = NN_LOCATOR_CHANNELS,
        .pixel_stride = NN_LOCATOR_CHANNELS,
        .row_stride = GRID * NN_LOCATOR_CHANNELS,
    };
    for (int i = 0; i < GRID * GRID; i++) {
        maps->numbers[i * NN_LOCATOR_CHANNELS + NN_LOCATOR_SCORE] = -6;
    }
}

// Makes the cell at row y, column x predict a face with this centre and size, in cells.
static void draw(struct maps *maps, int y, int x, float logit, float middle_x, float middle_y,
                 float width, float height)
{
    float *cell = nn_tensor_at(&maps->tensor, y, x);
    cell[NN_LOCATOR_SCORE] = logit;
    cell[NN_LOCATOR_X] = middle_x - ((float)x + 0.5f);
    cell[NN_LOCATOR_Y] = middle_y - ((float)y + 0.5f);
    cell[NN_LOCATOR_WIDTH] = logf(width);
    cell[NN_LOCATOR_HEIGHT] = logf(height);
}

static int locate(const struct maps *maps, struct nn_detection *detections)
{
    return nn_head_locator(&maps->tensor, CELL, CELL, least, detections);
}

static void empty_maps_have_no_face(void **state)
{
    (void)state;
    static struct maps maps;
    maps_init(&maps);
    struct nn_detection detections[NN_DETECTIONS_MAX];
    assert_int_equal(locate(&maps, detections), 0);
}

static void a_box_is_where_its_cell_predicts(void **state)
{
    (void)state;
    static struct maps maps;
    maps_init(&maps);
    draw(&maps, 7, 4, 3, 4.75f, 7.25f, 3, 4);
    struct nn_detection detections[NN_DETECTIONS_MAX];
    assert_int_equal(locate(&maps, detections), 1);
    assert_float_equal(detections[0].x, (4.75f - 1.5f) * CELL, 1e-3);
    assert_float_equal(detections[0].y, (7.25f - 2) * CELL, 1e-3);
    assert_float_equal(detections[0].width, 3 * CELL, 1e-3);
    assert_float_equal(detections[0].height, 4 * CELL, 1e-3);
    assert_float_equal(detections[0].score, 1 / (1 + expf(-3)), 1e-5);
}

// Also if all its cells are equal, and at corners.
static void a_hill_is_one_face(void **state)
{
    (void)state;
    static struct maps maps;
    struct nn_detection detections[NN_DETECTIONS_MAX];
    for (int corner = 0; corner < GRID; corner += GRID - 3) {
        maps_init(&maps);
        for (int y = 0; y < 3; y++) {
            for (int x = 0; x < 3; x++) {
                draw(&maps, corner + y, corner + x, 2, (float)corner + 1.5f, (float)corner + 1.5f,
                     5, 6);
            }
        }
        assert_int_equal(locate(&maps, detections), 1);
    }
}

static void of_overlapping_boxes_the_highest_scoring_is_kept(void **state)
{
    (void)state;
    static struct maps maps;
    maps_init(&maps);
    draw(&maps, 8, 8, 1, 9, 8.5f, 6, 7);
    draw(&maps, 8, 10, 2, 9.5f, 8.5f, 6, 7);
    draw(&maps, 10, 9, 1.5f, 9, 9, 2, 2); // wholly within
    draw(&maps, 8, 17, 0.5f, 17, 8, 5, 6);
    struct nn_detection detections[NN_DETECTIONS_MAX];
    assert_int_equal(locate(&maps, detections), 2);
    assert_float_equal(detections[0].x, (9.5f - 3) * CELL, 1e-3);
    assert_float_equal(detections[1].x, (17 - 2.5f) * CELL, 1e-3);
}

static void detections_are_sorted_by_score_and_limited_in_number(void **state)
{
    (void)state;
    static struct maps maps;
    maps_init(&maps);
    for (int i = 0; i < 25; i++) {
        int y = i / 5 * 4, x = i % 5 * 4;
        draw(&maps, y, x, 0.1f + (float)(i * 7 % 25) / 10, (float)x + 0.5f, (float)y + 0.5f, 2, 2);
    }
    struct nn_detection detections[NN_DETECTIONS_MAX];
    assert_int_equal(locate(&maps, detections), NN_DETECTIONS_MAX);
    for (int i = 0; i < NN_DETECTIONS_MAX; i++) {
        assert_float_equal(detections[i].score, 1 / (1 + expf(-2.5f + (float)i / 10)), 1e-4);
    }
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    static struct maps maps;
    maps_init(&maps);
    draw(&maps, 3, 3, 50, 3.5f, 3.5f, 1, 1);
    float *cell = nn_tensor_at(&maps.tensor, 3, 3);
    cell[NN_LOCATOR_WIDTH] = 1e30f;
    cell[NN_LOCATOR_HEIGHT] = -1e30f;
    struct nn_detection detections[NN_DETECTIONS_MAX];
    assert_int_equal(locate(&maps, detections), 1);
    assert_true(isfinite(detections[0].width) && detections[0].height > 0);
}

static void the_network_equals_pytorch(void **state)
{
    (void)state;
    struct nn_weights *file = golden_open(MOCAPD_SOURCE_DIR "/tests/golden/locator.safetensors");
    struct nn_weights *weights = nn_weights_create_random(7, NULL);
    assert_non_null(file);
    assert_non_null(weights);
    struct mc_error err = { 0 };
    struct nn_graph *graph = nn_graph_create(weights, 32, 64, 3, &err);
    assert_non_null(graph);
    int map = nn_lednet_slim(graph, 0, 32);
    nn_graph_scope_open(graph, "head");
    map = nn_graph_conv(graph, map, "face", NN_LOCATOR_CHANNELS,
                        (struct nn_window){ 3, 3, 1, 1, 1, 1, 1 }, true);
    nn_graph_output(graph, nn_graph_scope_close(graph, map));
    unsigned flags = 0;
    assert_true(mc_cpu_flags(&flags, &err));
    struct nn_kernels kernels;
    nn_kernels_init(&kernels, flags);
    struct nn_program *program =
        nn_compile(graph, &kernels, &(struct nn_compile_options){ 0 }, &err);
    if (program == NULL) {
        fail_msg("%s", err.message);
    }
    float *arena = mc_memory_alloc(program->arena_floats * sizeof *arena);
    assert_non_null(arena);
    struct nn_tensor input = nn_view_tensor(&program->input, arena);
    golden_fill(&input, golden_get(file, "input")->data);
    nn_program_run(program, arena);
    struct nn_tensor maps = nn_view_tensor(&program->outputs[0], arena);
    golden_compare("maps", &maps, golden_get(file, "maps"), 1e-4, 0);
    mc_memory_free(arena);
    nn_program_destroy(program);
    nn_graph_destroy(graph);
    nn_weights_destroy(weights);
    nn_weights_destroy(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_maps_have_no_face),
        cmocka_unit_test(a_box_is_where_its_cell_predicts),
        cmocka_unit_test(a_hill_is_one_face),
        cmocka_unit_test(of_overlapping_boxes_the_highest_scoring_is_kept),
        cmocka_unit_test(detections_are_sorted_by_score_and_limited_in_number),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(the_network_equals_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
