#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/stats.h"

static void a_duration_falls_into_the_first_bucket_that_holds_it(void **state)
{
    (void)state;
    struct pipeline_histogram histogram = { 0 };
    pipeline_histogram_add(&histogram, 0);
    pipeline_histogram_add(&histogram, MC_NS_PER_MS); // a bound belongs to its bucket
    pipeline_histogram_add(&histogram, MC_NS_PER_MS + 1);
    pipeline_histogram_add(&histogram, 2 * MC_NS_PER_SECOND);
    assert_int_equal(histogram.counts[0], 1);
    assert_int_equal(histogram.counts[1], 1);
    assert_int_equal(histogram.counts[2], 1);
    assert_int_equal(histogram.counts[PIPELINE_HISTOGRAM_BOUNDS], 1);
    assert_true(histogram.sum_s > 2.0019 && histogram.sum_s < 2.0021);
}

static void bounds_rise(void **state)
{
    (void)state;
    for (int i = 1; i < PIPELINE_HISTOGRAM_BOUNDS; i++) {
        assert_true(pipeline_histogram_bounds[i] > pipeline_histogram_bounds[i - 1]);
    }
}

static void drops_add_up(void **state)
{
    (void)state;
    const struct pipeline_stats stats = { .dropped = { 1, 20, 300 } };
    assert_int_equal(pipeline_stats_dropped(&stats), 321);
    assert_string_equal(pipeline_drop_name(PIPELINE_DROP_LATE), "late");
    assert_string_equal(pipeline_stage_name(PIPELINE_STAGE_INFER), "infer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_falls_into_the_first_bucket_that_holds_it),
        cmocka_unit_test(bounds_rise),
        cmocka_unit_test(drops_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
