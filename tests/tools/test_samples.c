#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/lab/samples.h"

static void quantiles_lie_between_the_values(void **state)
{
    (void)state;
    static const double values[] = { 40, 10, 30, 20 };
    struct lab_samples samples = { 0 };
    for (int i = 0; i < 4; i++) {
        assert_true(lab_samples_add(&samples, values[i]));
    }
    assert_float_equal(lab_samples_quantile(&samples, 0), 10, 1e-9);
    assert_float_equal(lab_samples_quantile(&samples, 0.5), 25, 1e-9);
    assert_float_equal(lab_samples_quantile(&samples, 0.9), 37, 1e-9);
    assert_float_equal(lab_samples_quantile(&samples, 1), 40, 1e-9);
    lab_samples_finish(&samples);
}

static void nothing_measured_is_zero(void **state)
{
    (void)state;
    struct lab_samples samples = { 0 };
    assert_float_equal(lab_samples_quantile(&samples, 0.5), 0, 0);
}

static void samples_grow(void **state)
{
    (void)state;
    struct lab_samples samples = { 0 };
    for (int i = 1000; i > 0; i--) {
        assert_true(lab_samples_add(&samples, i));
    }
    assert_int_equal(samples.count, 1000);
    assert_float_equal(lab_samples_quantile(&samples, 0.5), 500.5, 1e-9);
    lab_samples_finish(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_lie_between_the_values),
        cmocka_unit_test(nothing_measured_is_zero),
        cmocka_unit_test(samples_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
