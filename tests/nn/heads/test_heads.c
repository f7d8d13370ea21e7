#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nn/heads/heads.h"
#include "nn/kernels/kernels.h"

enum { MAPS = 3, EDGE = 32 };

static float cells[EDGE * EDGE * MAPS];
static float scratch[1024];
static struct nn_kernels kernels;

static struct nn_tensor maps_of_zero(void)
{
    struct nn_tensor maps = nn_tensor_dense(cells, EDGE, EDGE, MAPS);
    for (int i = 0; i < EDGE * EDGE * MAPS; i++) {
        cells[i] = 0;
    }
    return maps;
}

static void a_single_peak_is_the_keypoint(void **state)
{
    (void)state;
    struct nn_tensor maps = maps_of_zero();
    nn_tensor_at(&maps, 3, 20)[1] = 100;
    struct mc_keypoint keypoints[MAPS];
    nn_head_landmark(&kernels, &maps, 4, 2, keypoints, scratch);
    assert_true(fabsf(keypoints[1].x - 20.5f * 4) < 1e-3f);
    assert_true(fabsf(keypoints[1].y - 3.5f * 2) < 1e-3f);
    assert_true(keypoints[1].c > 0.99f);
}

static void a_flat_map_gives_the_centre_with_low_confidence(void **state)
{
    (void)state;
    struct nn_tensor maps = maps_of_zero();
    struct mc_keypoint keypoints[MAPS];
    nn_head_landmark(&kernels, &maps, 1, 1, keypoints, scratch);
    for (int i = 0; i < MAPS; i++) {
        assert_true(fabsf(keypoints[i].x - 16) < 1e-3f && fabsf(keypoints[i].y - 16) < 1e-3f);
        assert_true(keypoints[i].c < 0.15f);
    }
}

static void a_map_without_a_finite_sum_has_no_confidence(void **state)
{
    (void)state;
    struct nn_tensor maps = maps_of_zero();
    struct mc_keypoint keypoints[MAPS];
    nn_tensor_at(&maps, 3, 20)[1] = INFINITY;
    nn_head_landmark(&kernels, &maps, 1, 1, keypoints, scratch);
    assert_true(keypoints[1].c == 0);
    assert_true(keypoints[0].c > 0);
}

// Two equal peaks: the expected position lies between them.
static void confidence_falls_with_the_spread(void **state)
{
    (void)state;
    float last = 1;
    for (int apart = 1; apart < 30; apart++) {
        struct nn_tensor maps = maps_of_zero();
        nn_tensor_at(&maps, 5, 0)[0] = 50;
        nn_tensor_at(&maps, 5, apart)[0] = 50;
        struct mc_keypoint keypoints[MAPS];
        nn_head_landmark(&kernels, &maps, 1, 1, keypoints, scratch);
        assert_true(fabsf(keypoints[0].x - ((float)apart / 2 + 0.5f)) < 1e-3f);
        assert_true(keypoints[0].c < last);
        last = keypoints[0].c;
    }
}

static void large_logits_do_not_overflow(void **state)
{
    (void)state;
    struct nn_tensor maps = maps_of_zero();
    for (int i = 0; i < EDGE * EDGE; i++) {
        cells[i * MAPS] = (float)i - 3e4f;
        cells[i * MAPS + 1] = 1e29f;
        cells[i * MAPS + 2] = -1e29f;
    }
    struct mc_keypoint keypoints[MAPS];
    nn_head_landmark(&kernels, &maps, 1, 1, keypoints, scratch);
    for (int i = 0; i < MAPS; i++) {
        assert_true(isfinite(keypoints[i].x) && isfinite(keypoints[i].y));
        assert_true(keypoints[i].c >= 0 && keypoints[i].c <= 1);
    }
    assert_true(keypoints[0].y > 31.4f);
}

int main(void)
{
    nn_kernels_init(&kernels, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_peak_is_the_keypoint),
        cmocka_unit_test(a_flat_map_gives_the_centre_with_low_confidence),
        cmocka_unit_test(a_map_without_a_finite_sum_has_no_confidence),
        cmocka_unit_test(confidence_falls_with_the_spread),
        cmocka_unit_test(large_logits_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
