// How many streams a machine says it can carry.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tools/fleet/capacity.h"

static void measure(struct fleet_capacity *capacity, int seconds, struct fleet_load load)
{
    for (int i = 0; i < seconds; i++) {
        fleet_capacity_measure(capacity, &load);
    }
}

static void an_idle_machine_says_a_dozen_for_each_processor(void **state)
{
    struct fleet_capacity capacity;
    fleet_capacity_init(&capacity, 2);
    measure(&capacity, 60, (struct fleet_load){ .busy = 0.02 });
    assert_int_equal(capacity.streams, 24);
    fleet_capacity_init(&capacity, 64);
    assert_int_equal(capacity.streams, FLEET_CAPACITY_MAX);
}

static void streams_that_cost_little_make_room_for_more(void **state)
{
    struct fleet_capacity capacity;
    fleet_capacity_init(&capacity, 2);
    measure(&capacity, 60, (struct fleet_load){ .busy = 0.25, .latency_ms = 20, .streams = 12 });
    assert_in_range(capacity.streams, 30, 37); // 12 take a quarter, so 36 take three
}

static void late_records_shed_a_stream_at_a_time(void **state)
{
    struct fleet_capacity capacity;
    fleet_capacity_init(&capacity, 2);
    const struct fleet_load late = { .busy = 0.97, .latency_ms = 400, .streams = 20 };
    measure(&capacity, 4, late);
    assert_int_equal(capacity.streams, 24); // not for a moment's sake
    measure(&capacity, 1, late);
    assert_int_equal(capacity.streams, 19);
    const struct fleet_load dropping = { .busy = 0.97, .dropped = 0.4, .streams = 19 };
    measure(&capacity, 5, dropping);
    assert_int_equal(capacity.streams, 18);
}

static void a_busy_machine_that_keeps_up_keeps_its_streams(void **state)
{
    struct fleet_capacity capacity;
    fleet_capacity_init(&capacity, 2);
    measure(&capacity, 60, (struct fleet_load){ .busy = 0.95, .latency_ms = 40, .streams = 20 });
    assert_int_equal(capacity.streams, 20); // but takes no more
}

static void one_stream_is_always_carried(void **state)
{
    struct fleet_capacity capacity;
    fleet_capacity_init(&capacity, 1);
    measure(&capacity, 60, (struct fleet_load){ .busy = 1, .latency_ms = 900, .streams = 1 });
    assert_int_equal(capacity.streams, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_machine_says_a_dozen_for_each_processor),
        cmocka_unit_test(streams_that_cost_little_make_room_for_more),
        cmocka_unit_test(late_records_shed_a_stream_at_a_time),
        cmocka_unit_test(a_busy_machine_that_keeps_up_keeps_its_streams),
        cmocka_unit_test(one_stream_is_always_carried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
