#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/source/lateness.h"

static const int64_t ms = MC_NS_PER_MS;

static void frames_on_time_are_fresh(void **state)
{
    (void)state;
    struct pipeline_lateness age;
    pipeline_lateness_reset(&age);
    for (int i = 0; i < 1000; i++) {
        int64_t jitter = (i * 37 % 11) * 20 * ms;
        assert_int_equal(pipeline_lateness_judge(&age, i * 0.04, 5000 * ms + i * 40 * ms + jitter),
                         PIPELINE_AGE_FRESH);
    }
}

// A server that stands still lets go of its last frame when it is given up.
static void the_frame_held_over_a_stall_is_late(void **state)
{
    (void)state;
    struct pipeline_lateness age;
    pipeline_lateness_reset(&age);
    pipeline_lateness_judge(&age, 0.00, 100 * ms);
    pipeline_lateness_judge(&age, 0.04, 140 * ms);
    assert_int_equal(pipeline_lateness_judge(&age, 0.08, 3180 * ms), PIPELINE_AGE_LATE);
    assert_int_equal(pipeline_lateness_judge(&age, 3.12, 3220 * ms), PIPELINE_AGE_FRESH);
}

// A link below the stream's rate: ever later, and nothing will mend it.
static void a_backlog_becomes_hopeless(void **state)
{
    (void)state;
    struct pipeline_lateness age;
    pipeline_lateness_reset(&age);
    int late = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t arrival = i * 60 * ms;
        switch (pipeline_lateness_judge(&age, i * 0.04, arrival)) {
        case PIPELINE_AGE_HOPELESS:
            // A third of the time is lost: late after 3 s and a little, hopeless 5 s later.
            assert_in_range(arrival, 8000 * ms, 8500 * ms);
            assert_true(late > 0);
            return;
        case PIPELINE_AGE_LATE:
            late++;
            break;
        default:
            assert_int_equal(late, 0);
        }
    }
    fail();
}

static void a_clock_that_drifts_is_no_lateness(void **state)
{
    (void)state;
    struct pipeline_lateness age;
    pipeline_lateness_reset(&age);
    for (int64_t i = 0; i < 1000000; i++) { // eleven hours, half a thousandth slow
        assert_int_equal(pipeline_lateness_judge(&age, (double)i * 0.04, i * 40020000),
                         PIPELINE_AGE_FRESH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_on_time_are_fresh),
        cmocka_unit_test(the_frame_held_over_a_stall_is_late),
        cmocka_unit_test(a_backlog_becomes_hopeless),
        cmocka_unit_test(a_clock_that_drifts_is_no_lateness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
