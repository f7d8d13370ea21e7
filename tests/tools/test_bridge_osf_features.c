#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bridge/osf_features.h"

static struct bridge_feature_history history;

static int set_up(void **state)
{
    (void)state;
    memset(&history, 0, sizeof history);
    return 0;
}

static void what_stays_is_zero(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_float_equal(bridge_feature_normalise(&history, 0.4f, 0.1f), 0, 1e-6);
    }
}

static void the_farthest_is_one(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        bridge_feature_normalise(&history, 0.4f, 0.1f);
    }
    assert_float_equal(bridge_feature_normalise(&history, 0.8f, 0.1f), 1, 1e-6);
    assert_float_equal(bridge_feature_normalise(&history, 0.6f, 0.1f), 0.5f, 1e-6);
    assert_float_equal(bridge_feature_normalise(&history, 0.2f, 0.1f), -1, 1e-6);
    assert_float_equal(bridge_feature_normalise(&history, 0.45f, 0.1f), 0.125f, 1e-6);
}

static void noise_is_small(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        const float value = bridge_feature_normalise(&history, i % 2 == 0 ? 0.4f : 0.41f, 0.1f);
        assert_true(fabsf(value) < 0.11f);
    }
}

// The median of a window, against one that is sorted anew each time.
static int by_value(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void the_window_slides(void **state)
{
    (void)state;
    enum { COUNT = 3 * BRIDGE_FEATURES_WINDOW };
    static float values[COUNT], window[BRIDGE_FEATURES_WINDOW];
    unsigned seed = 1;
    for (int i = 0; i < COUNT; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 24); // many are equal
        bridge_feature_normalise(&history, values[i], 1);
    }
    memcpy(window, values + COUNT - BRIDGE_FEATURES_WINDOW, sizeof window);
    qsort(window, BRIDGE_FEATURES_WINDOW, sizeof window[0], by_value);
    assert_memory_equal(history.sorted, window, sizeof window);
}

static void what_is_no_number_is_left_out(void **state)
{
    (void)state;
    assert_float_equal(bridge_feature_normalise(&history, NAN, 0.1f), 0, 0);
    assert_float_equal(bridge_feature_normalise(&history, INFINITY, 0.1f), 0, 0);
    assert_int_equal(history.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_stays_is_zero, set_up),
        cmocka_unit_test_setup(the_farthest_is_one, set_up),
        cmocka_unit_test_setup(noise_is_small, set_up),
        cmocka_unit_test_setup(the_window_slides, set_up),
        cmocka_unit_test_setup(what_is_no_number_is_left_out, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
