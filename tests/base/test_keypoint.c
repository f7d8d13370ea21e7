#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/keypoint.h"

static void box_spans_all_keypoints(void **state)
{
    (void)state;
    const struct mc_keypoint keypoints[] = { { 3, -2, 1 }, { 1, 5, 0 }, { 2, 1, 1 } };
    float box[4];
    mc_keypoints_box(keypoints, 3, box);
    assert_true(box[0] == 1 && box[1] == -2 && box[2] == 2 && box[3] == 7);
}

static void box_of_one_keypoint_is_empty(void **state)
{
    (void)state;
    const struct mc_keypoint keypoint = { 4, 9, 1 };
    float box[4];
    mc_keypoints_box(&keypoint, 1, box);
    assert_true(box[0] == 4 && box[1] == 9 && box[2] == 0 && box[3] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(box_spans_all_keypoints),
        cmocka_unit_test(box_of_one_keypoint_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
