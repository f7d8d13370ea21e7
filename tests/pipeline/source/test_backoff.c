#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/source/backoff.h"

static void waits_grow_from_half_a_second_to_half_a_minute(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct pipeline_backoff backoff;
        pipeline_backoff_init(&backoff, seed);
        int low = 500;
        for (int i = 0; i < 40; i++) {
            int wait = pipeline_backoff_next_ms(&backoff, PIPELINE_FAULT_PASSING);
            assert_in_range(wait, low < 22500 ? low : 22500, 30000);
            low = low < 15000 ? low * 2 : 30000;
        }
        pipeline_backoff_reset(&backoff);
        assert_in_range(pipeline_backoff_next_ms(&backoff, PIPELINE_FAULT_PASSING), 500, 750);
    }
}

static void seeds_spread_the_waits(void **state)
{
    (void)state;
    struct pipeline_backoff a, b;
    pipeline_backoff_init(&a, 1000);
    pipeline_backoff_init(&b, 2001);
    int same = 0;
    for (int i = 0; i < 20; i++) {
        same += pipeline_backoff_next_ms(&a, PIPELINE_FAULT_PASSING) ==
                pipeline_backoff_next_ms(&b, PIPELINE_FAULT_PASSING);
    }
    assert_in_range(same, 0, 3);
}

// Cameras lock after five: two at first, and then one each five minutes.
static void refused_credentials_are_tried_twice_and_then_seldom(void **state)
{
    (void)state;
    struct pipeline_backoff backoff;
    pipeline_backoff_init(&backoff, 7);
    assert_in_range(pipeline_backoff_next_ms(&backoff, PIPELINE_FAULT_REFUSED), 500, 550);
    for (int i = 0; i < 20; i++) {
        assert_in_range(pipeline_backoff_next_ms(&backoff, PIPELINE_FAULT_REFUSED), 300000, 330000);
    }
    pipeline_backoff_reset(&backoff);
    assert_in_range(pipeline_backoff_next_ms(&backoff, PIPELINE_FAULT_REFUSED), 500, 550);
}

static void what_the_source_must_change_is_waited_for_longer(void **state)
{
    (void)state;
    static const enum pipeline_fault faults[] = { PIPELINE_FAULT_ABSENT, PIPELINE_FAULT_FORMAT };
    for (int f = 0; f < 2; f++) {
        struct pipeline_backoff backoff;
        pipeline_backoff_init(&backoff, 7);
        pipeline_backoff_next_ms(&backoff, PIPELINE_FAULT_PASSING);
        int low = 10000;
        for (int i = 0; i < 20; i++) {
            int wait = pipeline_backoff_next_ms(&backoff, faults[f]);
            assert_in_range(wait, low < 225000 ? low : 225000, 300000);
            low = low < 150000 ? low * 2 : 300000;
        }
        assert_in_range(pipeline_backoff_next_ms(&backoff, PIPELINE_FAULT_PASSING), 500, 750);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_grow_from_half_a_second_to_half_a_minute),
        cmocka_unit_test(seeds_spread_the_waits),
        cmocka_unit_test(refused_credentials_are_tried_twice_and_then_seldom),
        cmocka_unit_test(what_the_source_must_change_is_waited_for_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
