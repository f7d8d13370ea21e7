// Which streams of a publisher are wanted.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tools/fleet/publisher.h"
#include "tools/fleet/wants.h"

static struct fleet_wants wants;

static int set_up(void **state)
{
    (void)state;
    return fleet_wants_init(&wants) ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    fleet_wants_finish(&wants);
    return 0;
}

static void a_message_wants_a_stream_for_a_while(void **state)
{
    (void)state;
    const int64_t now_ns = mc_clock_now_ns();
    const int64_t after_ns = now_ns + (FLEET_WANT_MS + 60000) * MC_NS_PER_MS;
    fleet_wants_add(&wants, "door");
    assert_false(fleet_wants_record(&wants, "door", now_ns));
    assert_true(fleet_wants_take(&wants, "mocap.v1.t.door.want", "cbor", 4));
    assert_true(fleet_wants_record(&wants, "door", now_ns));
    assert_false(fleet_wants_json(&wants, "door", now_ns));
    assert_true(fleet_wants_take(&wants, "mocap.v1.t.door.want", "json", 4));
    assert_true(fleet_wants_json(&wants, "door", now_ns));
    assert_false(fleet_wants_record(&wants, "door", after_ns));
    assert_false(fleet_wants_json(&wants, "door", after_ns));
    // While it is met, it is no news.
    fleet_wants_set_met(&wants, "door", true);
    assert_false(fleet_wants_take(&wants, "mocap.v1.t.door.want", "cbor", 4));
    fleet_wants_set_met(&wants, "door", false);
    assert_true(fleet_wants_take(&wants, "mocap.v1.t.door.want", "cbor", 4));
}

static void what_is_not_of_this_publisher_is_ignored(void **state)
{
    (void)state;
    static const char *const subjects[] = { "mocap.v1.t.other.want", "door", "", "mocap.v1.t" };
    fleet_wants_add(&wants, "door");
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        assert_false(fleet_wants_take(&wants, subjects[i], "", 0));
        fleet_wants_take_refusal(&wants, subjects[i]);
    }
    fleet_wants_set_met(&wants, "other", true);
    fleet_wants_remove(&wants, "other");
    assert_false(fleet_wants_record(&wants, "other", 0));
    assert_false(fleet_wants_record(&wants, "door", 0));
    assert_int_equal(fleet_wants_refused(&wants, "door"), 0);
    assert_int_equal(fleet_wants_refused(&wants, "other"), 0);
}

static void only_refused_records_count(void **state)
{
    (void)state;
    fleet_wants_add(&wants, "door");
    fleet_wants_take_refusal(&wants, "mocap.v1.t.door.record");
    fleet_wants_take_refusal(&wants, "mocap.v1.t.door.state");
    fleet_wants_take_refusal(&wants, "mocap.v1.t.door.record");
    fleet_wants_add(&wants, "door"); // is there already
    assert_int_equal(fleet_wants_refused(&wants, "door"), 2);
}

static void a_stream_that_is_removed_leaves_the_others(void **state)
{
    (void)state;
    char name[32], subject[64];
    for (int i = 0; i <= PROTOCOL_STREAMS_MAX; i++) { // one too many
        snprintf(name, sizeof name, "n%d", i);
        snprintf(subject, sizeof subject, "mocap.v1.t.n%d.want", i);
        fleet_wants_add(&wants, name);
        assert_int_equal(fleet_wants_take(&wants, subject, "", 0), i < PROTOCOL_STREAMS_MAX);
    }
    fleet_wants_remove(&wants, "n3");
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(fleet_wants_record(&wants, name, 0), i != 3);
    }
    fleet_wants_add(&wants, "n3"); // anew
    assert_false(fleet_wants_record(&wants, "n3", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_wants_a_stream_for_a_while, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_of_this_publisher_is_ignored, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_refused_records_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_that_is_removed_leaves_the_others, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
