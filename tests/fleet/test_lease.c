// One worker's lease, from the worker's side.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tools/fleet/lease.h"

#define MS MC_NS_PER_MS
#define START (INT64_C(1000) * MC_NS_PER_SECOND)

static struct fleet_lease held(void)
{
    struct fleet_lease lease;
    fleet_lease_start(&lease, "one", 0);
    fleet_lease_begin(&lease, START);
    fleet_lease_answer(&lease, FLEET_WRITTEN, 10, START + 5 * MS);
    return lease;
}

static void a_lease_is_proven_from_the_beginning_of_its_renewal(void **state)
{
    const struct fleet_lease lease = held();
    assert_true(fleet_lease_is_proven(&lease, START + FLEET_PROVEN_MS * MS - 1));
    assert_false(fleet_lease_is_proven(&lease, START + FLEET_PROVEN_MS * MS));
}

static void an_owner_stops_before_anybody_else_may_end_its_session(void **state)
{
    // Others see the key change at the earliest when the renewal begins.
    const struct fleet_lease lease = held();
    int64_t now_ns = START;
    while (fleet_lease_is_proven(&lease, now_ns)) {
        assert_false(fleet_lease_has_lapsed(START, now_ns));
        now_ns += MS;
    }
    assert_true(now_ns - START + FLEET_MARGIN_MS * MS <= FLEET_LEASE_MS * MS);
}

static void a_late_answer_proves_no_more_than_the_time_it_was_asked(void **state)
{
    struct fleet_lease lease = held();
    fleet_lease_begin(&lease, START + 750 * MS);
    fleet_lease_answer(&lease, FLEET_WRITTEN, 11, START + 5000 * MS);
    assert_false(fleet_lease_is_proven(&lease, START + 5000 * MS));
}

static void an_unknown_result_proves_nothing_and_ends_nothing(void **state)
{
    struct fleet_lease lease = held();
    fleet_lease_begin(&lease, START + 750 * MS);
    assert_false(fleet_lease_is_due(&lease, START + 800 * MS)); // one at a time
    fleet_lease_answer(&lease, FLEET_UNKNOWN, 0, START + 1750 * MS);
    assert_true(lease.is_held);
    assert_int_equal(lease.revision, 10);
    assert_int_equal(lease.proven_ns, START);
    assert_true(fleet_lease_is_due(&lease, START + 1950 * MS));
    // It was written after all, as the key shows.
    fleet_lease_see(&lease, 12, "one", false);
    assert_int_equal(lease.revision, 12);
    assert_int_equal(lease.proven_ns, START);
}

static void a_session_that_others_ended_is_lost(void **state)
{
    struct fleet_lease lease = held();
    fleet_lease_see(&lease, 11, "one", true);
    assert_false(lease.is_held);
    assert_false(fleet_lease_is_proven(&lease, START + MS));
    lease = held();
    fleet_lease_see(&lease, 11, "two", false); // a second worker of the same name
    assert_false(lease.is_held);
}

static void what_was_written_before_is_no_news(void **state)
{
    struct fleet_lease lease = held();
    fleet_lease_see(&lease, 9, "zero", true);
    assert_true(lease.is_held);
    fleet_lease_see(&lease, 10, "one", false);
    assert_int_equal(lease.revision, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_is_proven_from_the_beginning_of_its_renewal),
        cmocka_unit_test(an_owner_stops_before_anybody_else_may_end_its_session),
        cmocka_unit_test(a_late_answer_proves_no_more_than_the_time_it_was_asked),
        cmocka_unit_test(an_unknown_result_proves_nothing_and_ends_nothing),
        cmocka_unit_test(a_session_that_others_ended_is_lost),
        cmocka_unit_test(what_was_written_before_is_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
