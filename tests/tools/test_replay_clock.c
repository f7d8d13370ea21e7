#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/mocapctl/replay_clock.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

static const int64_t NOW = 1000 * SECOND;

static void records_keep_their_distances(void **state)
{
    (void)state;
    struct mocapctl_replay_clock clock = { .speed = 2 };
    const int64_t first = 77000 * SECOND;
    assert_int_equal(mocapctl_replay_clock_due_ns(&clock, first, NOW), NOW);
    // When it is asked does not matter any more.
    assert_int_equal(mocapctl_replay_clock_due_ns(&clock, first + SECOND, NOW + 5),
                     NOW + SECOND / 2);
    assert_int_equal(mocapctl_replay_clock_due_ns(&clock, first + DAY, NOW), NOW + DAY / 2);
}

static void a_record_that_is_out_of_order_is_due_before(void **state)
{
    (void)state;
    struct mocapctl_replay_clock clock = { .speed = 1 };
    mocapctl_replay_clock_due_ns(&clock, 50 * SECOND, NOW);
    assert_int_equal(mocapctl_replay_clock_due_ns(&clock, 49 * SECOND, NOW), NOW - SECOND);
}

static void any_time_stamp_is_taken(void **state)
{
    (void)state;
    const int64_t stamps[] = { 5 * SECOND, INT64_MAX, INT64_MIN, INT64_MAX, 0, -1, INT64_MIN };
    struct mocapctl_replay_clock clock = { .speed = 0.001 };
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++) {
        const int64_t due = mocapctl_replay_clock_due_ns(&clock, stamps[i], NOW);
        assert_true(due >= NOW - 1000 && due <= NOW);
    }
    // It goes on from there.
    mocapctl_replay_clock_due_ns(&clock, 3 * SECOND, NOW);
    assert_int_equal(mocapctl_replay_clock_due_ns(&clock, 4 * SECOND, NOW), NOW + 1000 * SECOND);
}

static void a_slow_replay_does_not_overflow(void **state)
{
    (void)state;
    struct mocapctl_replay_clock clock = { .speed = 0.001 };
    int64_t due = 0;
    for (int day = 0; day < 200000; day++) {
        const int64_t next = mocapctl_replay_clock_due_ns(&clock, day * (DAY / 2), NOW);
        assert_true(next >= due);
        due = next;
    }
    assert_int_equal(due, INT64_C(1) << 62);
}

static void the_latency_is_kept_where_it_makes_sense(void **state)
{
    (void)state;
    assert_int_equal(mocapctl_replay_clock_arrival_ns(7, 12, NOW), NOW - 5);
    assert_int_equal(mocapctl_replay_clock_arrival_ns(12, 7, NOW), NOW);
    assert_int_equal(mocapctl_replay_clock_arrival_ns(INT64_MIN, INT64_MAX, NOW), NOW);
    assert_int_equal(mocapctl_replay_clock_arrival_ns(INT64_MAX, INT64_MIN, NOW), NOW);
    assert_int_equal(mocapctl_replay_clock_arrival_ns(INT64_MAX, INT64_MAX, NOW), NOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_keep_their_distances),
        cmocka_unit_test(a_record_that_is_out_of_order_is_due_before),
        cmocka_unit_test(any_time_stamp_is_taken),
        cmocka_unit_test(a_slow_replay_does_not_overflow),
        cmocka_unit_test(the_latency_is_kept_where_it_makes_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
