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
            int wait = pipeline_backoff_next_ms(&backoff);
            assert_in_range(wait, low < 22500 ? low : 22500, 30000);
            low = low < 15000 ? low * 2 : 30000;
        }
        pipeline_backoff_reset(&backoff);
        assert_in_range(pipeline_backoff_next_ms(&backoff), 500, 750);
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
        same += pipeline_backoff_next_ms(&a) == pipeline_backoff_next_ms(&b);
    }
    assert_in_range(same, 0, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_grow_from_half_a_second_to_half_a_minute),
        cmocka_unit_test(seeds_spread_the_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
