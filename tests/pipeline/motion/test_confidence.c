#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/motion/confidence.h"

static void the_networks_order_holds(void **state)
{
    (void)state;
    float before = 0;
    for (int i = 1; i <= 100; i++) {
        const float now = pipeline_confidence_of((float)i / 100, 0);
        assert_true(now > before && now <= 1);
        before = now;
    }
}

// The network's 0.96 is a landmark in plain view, its 0.88 one that is covered.
static void a_covered_landmark_is_much_less_likely(void **state)
{
    (void)state;
    assert_true(pipeline_confidence_of(0.96f, 0.5f) > 0.9f);
    assert_true(pipeline_confidence_of(0.88f, 0.5f) < 0.6f);
    assert_true(pipeline_confidence_of(0.5f, 0.5f) < 0.05f);
}

static void a_landmark_off_the_head_is_less_likely(void **state)
{
    (void)state;
    const float near = pipeline_confidence_of(0.95f, 0);
    assert_true(pipeline_confidence_of(0.95f, 1.9f) == near); // heads differ
    assert_true(pipeline_confidence_of(0.95f, 5) < 0.9f * near);
    assert_true(pipeline_confidence_of(0.95f, INFINITY) > 0);
}

static void what_is_no_confidence_is_none(void **state)
{
    (void)state;
    assert_true(pipeline_confidence_of(NAN, 0) == 0);
    assert_true(pipeline_confidence_of(-INFINITY, 0) == 0);
    assert_true(pipeline_confidence_of(0, NAN) == 0);
    assert_true(pipeline_confidence_of(INFINITY, NAN) <= 1);
    assert_true(pipeline_confidence_of(1, 0) > 0.99f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_networks_order_holds),
        cmocka_unit_test(a_covered_landmark_is_much_less_likely),
        cmocka_unit_test(a_landmark_off_the_head_is_less_likely),
        cmocka_unit_test(what_is_no_confidence_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
