// Several threads compute what one does: bit by bit, except with OpenBLAS, which rounds
// differently when a product has fewer rows.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/keypoint.h"
#include "nn/model.h"
#include "nn/thread_pool.h"

enum { RUNS = 3 };

static void fill(struct nn_runner *runner, int run)
{
    struct nn_tensor input = nn_runner_input(runner);
    for (int y = 0; y < input.height; y++) {
        for (int x = 0; x < input.width; x++) {
            for (int c = 0; c < 3; c++) {
                nn_tensor_at(&input, y, x)[c] =
                    (float)((y * 31 + x * 17 + c * 7 + run * 5) % 101) / 101 - 0.5f;
            }
        }
    }
}

static void check(unsigned flags, enum nn_precision precision, float tolerance)
{
    struct mc_error err = { 0 };
    struct nn_model *model = nn_model_create_random("lednet", 64, flags, precision, &err);
    assert_non_null(model);
    struct nn_runner *alone = nn_runner_create(model, &err);
    struct nn_runner *pooled = nn_runner_create(model, &err);
    assert_non_null(alone);
    assert_non_null(pooled);
    for (int threads = 1; threads <= 4; threads++) {
        assert_true(nn_runner_set_threads(pooled, threads, &err));
        for (int run = 0; run < RUNS; run++) {
            struct mc_keypoint want[NN_KEYPOINTS_MAX], got[NN_KEYPOINTS_MAX];
            fill(alone, run);
            fill(pooled, run);
            nn_runner_run(alone, want);
            nn_runner_run(pooled, got);
            for (int i = 0; i < 68; i++) {
                assert_true(fabsf(want[i].x - got[i].x) <= tolerance);
                assert_true(fabsf(want[i].y - got[i].y) <= tolerance);
                assert_true(fabsf(want[i].c - got[i].c) <= tolerance);
            }
        }
    }
    nn_runner_destroy(alone);
    nn_runner_destroy(pooled);
    nn_model_destroy(model);
}

static void results_do_not_depend_on_the_thread_count(void **state)
{
    (void)state;
    unsigned have = 0;
    assert_true(mc_cpu_flags(&have, NULL));
    unsigned variants[MC_CPU_VARIANTS_MAX];
    const int count = mc_cpu_variants(have, variants);
    for (int i = 0; i < count; i++) {
        check(variants[i], NN_PRECISION_F32, variants[i] == MC_CPU_BLAS ? 0.05f : 0);
    }
    check(have, NN_PRECISION_INT8, 0);
    check(have, NN_PRECISION_BF16, 0);
}

static void counts_out_of_range_are_refused(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_null(nn_thread_pool_create(0, &err));
    assert_string_equal(err.message, "threads: must be 1 to 16, got 0");
    assert_null(nn_thread_pool_create(NN_THREADS_MAX + 1, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_do_not_depend_on_the_thread_count),
        cmocka_unit_test(counts_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
