// What a reader of the bucket knows, of entries good and bad.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/fleet/roster.h"

static bool put(struct fleet_roster *roster, const char *key, uint64_t revision, const char *value)
{
    return fleet_roster_put(roster, key, revision, value, value == NULL ? 0 : strlen(value), 5);
}

#define STREAM "{\"options\":{\"url\":\"demo:\",\"max-faces\":2}}"

static void a_stream_belongs_to_the_worker_whose_session_goes_on(void **state)
{
    struct fleet_roster roster = { 0 };
    assert_true(put(&roster, "stream.door", 1, STREAM));
    assert_true(put(&roster, "worker.w1", 2, "{\"session\":\"a\",\"capacity\":4}"));
    assert_true(put(&roster, "lease.door", 3, "{\"worker\":\"w1\",\"session\":\"a\"}"));
    fleet_roster_count(&roster, 7);
    const struct fleet_stream *door = fleet_roster_stream(&roster, "door");
    assert_ptr_equal(door->owner, fleet_roster_worker(&roster, "w1"));
    assert_int_equal(door->orphan_ns, -1);
    assert_int_equal(door->owner->streams, 1);
    assert_true(put(&roster, "worker.w1", 4, "{\"session\":\"b\",\"capacity\":4,\"after\":2}"));
    fleet_roster_count(&roster, 8);
    assert_null(door->owner);
    assert_int_equal(door->orphan_ns, 8);
    fleet_roster_finish(&roster);
}

// Another entry came between what the end was to replace and itself: a renewal.
static void streams_of_a_session_whose_end_raced_wait_for_a_lease(void **state)
{
    struct fleet_roster roster = { 0 };
    put(&roster, "stream.door", 1, STREAM);
    put(&roster, "worker.w1", 2, "{\"session\":\"a\",\"capacity\":4}");
    put(&roster, "lease.door", 3, "{\"worker\":\"w1\",\"session\":\"a\"}");
    put(&roster, "worker.w1", 4, "{\"session\":\"a\",\"capacity\":4,\"after\":2}");
    put(&roster, "worker.w1", 5, "{\"session\":\"a\",\"ended\":true,\"after\":2}");
    fleet_roster_count(&roster, 2999000000);
    assert_null(fleet_roster_stream(&roster, "door")->owner);
    assert_int_equal(fleet_roster_stream(&roster, "door")->orphan_ns, -1);
    fleet_roster_count(&roster, 3000000005);
    assert_int_equal(fleet_roster_stream(&roster, "door")->orphan_ns, 3000000005);
    fleet_roster_finish(&roster);
}

// What a reader that begins anew missed may have been a renewal that raced with the end.
static void an_end_that_is_read_after_a_gap_counts_as_raced(void **state)
{
    const char *end = "{\"session\":\"a\",\"ended\":true,\"after\":2}";
    for (int has_gap = 0; has_gap < 2; has_gap++) {
        struct fleet_roster roster = { 0 };
        put(&roster, "stream.door", 1, STREAM);
        put(&roster, "worker.w1", 2, "{\"session\":\"a\",\"capacity\":4,\"after\":0}");
        put(&roster, "lease.door", 3, "{\"worker\":\"w1\",\"session\":\"a\"}");
        fleet_roster_restart(&roster);
        if (has_gap == 0) {
            put(&roster, "worker.w1", 2, "{\"session\":\"a\",\"capacity\":4,\"after\":0}");
        }
        put(&roster, "worker.w1", 5, end);
        fleet_roster_count(&roster, 2999000000);
        const int64_t orphan_ns = fleet_roster_stream(&roster, "door")->orphan_ns;
        assert_int_equal(orphan_ns, has_gap == 0 ? 2999000000 : -1);
        fleet_roster_finish(&roster);
    }
}

static void older_entries_change_nothing(void **state)
{
    struct fleet_roster roster = { 0 };
    put(&roster, "lease.door", 9, "{\"worker\":\"w2\",\"session\":\"b\"}");
    put(&roster, "lease.door", 8, "{\"worker\":\"w1\",\"session\":\"a\"}");
    assert_string_equal(fleet_roster_stream(&roster, "door")->worker, "w2");
    put(&roster, "stream.door", 12, NULL);
    put(&roster, "stream.door", 11, STREAM);
    assert_null(fleet_roster_stream(&roster, "door")->options);
    fleet_roster_finish(&roster);
}

static void hostile_entries_are_not_understood(void **state)
{
    static const char *const keys[] = { "door",      "stream.",     "stream.a b", "stream.a.b",
                                        "lease.=zz", "worker.\xff", "other.door", "" };
    static const char *const values[] = {
        "",
        "[]",
        "7",
        "{",
        "{\"options\":{}}",
        "{\"options\":[1]}",
        "{\"options\":{\"url\":[]}}",
        "{\"options\":{\"url\":\"a\"},\"labels\":{}}",
        "{\"options\":{\"url\":\"a\"},\"labels\":[\"room\"]}",
        "{\"options\":{\"url\":\"a\"},\"labels\":[1]}",
        "{\"options\":{\"url\":\"a\"},\"worker\":7}",
        "{\"options\":{\"url\":\"a\"},\"options\":{\"url\":\"b\"}}",
        ("{\"options\":{\"url\":\"a\"},\"labels\":[\"a=1\",\"a=2\",\"a=3\",\"a=4\",\"a=5\",\"a=6\","
         "\"a=7\",\"a=8\",\"a=9\"]}"),
    };
    struct fleet_roster roster = { 0 };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_false(put(&roster, keys[i], i + 1, STREAM));
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_false(put(&roster, "stream.door", i + 1, values[i]));
    }
    assert_false(put(&roster, "worker.w1", 1, "{\"capacity\":3}"));
    assert_false(
        put(&roster, "worker.w1", 2, "{\"session\":\"0123456789012345678901234567890123\"}"));
    assert_false(put(&roster, "lease.door", 1, "{\"worker\":\"a\\u0001\"}"));
    fleet_roster_count(&roster, 1);
    for (int i = 0; i < roster.stream_count; i++) {
        assert_null(roster.streams[i]->options);
    }
    fleet_roster_finish(&roster);
}

// A worker that took such a stream could not even ask its mocapd.
static void options_that_no_request_can_hold_are_not_understood(void **state)
{
    struct fleet_roster roster = { 0 };
    char value[FLEET_OPTIONS_BYTES + 64];
    const int around = (int)strlen("{\"url\":\"\"}");
    const char *form = "{\"options\":{\"url\":\"%0*d\"}}";
    snprintf(value, sizeof value, form, FLEET_OPTIONS_BYTES - around, 0);
    assert_true(put(&roster, "stream.door", 1, value));
    put(&roster, "stream.door", 2, STREAM);
    snprintf(value, sizeof value, form, FLEET_OPTIONS_BYTES - around + 1, 0);
    assert_false(put(&roster, "stream.door", 3, value));
    assert_string_equal(fleet_roster_stream(&roster, "door")->options,
                        "{\"max-faces\":2,\"url\":\"demo:\"}");
    fleet_roster_finish(&roster);
}

// Otherwise it would be ended again and again.
static void the_end_of_a_worker_that_nobody_could_read_is_understood(void **state)
{
    static const char *const unreadable[] = { "junk", "[]", "{}", "{\"session\":\"\"}",
                                              "{\"session\":\"a\",\"labels\":[1]}" };
    for (size_t i = 0; i < sizeof unreadable / sizeof unreadable[0]; i++) {
        struct fleet_roster roster = { 0 };
        assert_false(put(&roster, "worker.w1", 1, unreadable[i]));
        assert_false(fleet_roster_worker(&roster, "w1")->has_ended);
        assert_true(put(&roster, "worker.w1", 2, "{\"session\":\"\",\"ended\":true,\"after\":1}"));
        assert_true(fleet_roster_worker(&roster, "w1")->has_ended);
        fleet_roster_finish(&roster);
    }
}

static void numbers_of_workers_are_bounded(void **state)
{
    struct fleet_roster roster = { 0 };
    put(&roster, "worker.w1", 1, "{\"session\":\"a\",\"capacity\":99999999999,\"busy\":-3}");
    assert_int_equal(fleet_roster_worker(&roster, "w1")->capacity, 10000);
    assert_true(fleet_roster_worker(&roster, "w1")->busy == 0);
    put(&roster, "worker.w1", 2, "{\"session\":\"a\",\"capacity\":-5}");
    assert_int_equal(fleet_roster_worker(&roster, "w1")->capacity, 0);
    fleet_roster_finish(&roster);
}

static void any_valid_name_has_a_key(void **state)
{
    char key[FLEET_KEY_BYTES], name[FLEET_NAME_BYTES];
    enum fleet_key_kind kind;
    fleet_key_write(key, FLEET_KEY_LEASE, "front door. \xc3\xbc");
    assert_string_equal(key, "lease.front=20door=2E=20=C3=BC");
    assert_true(fleet_key_read(key, &kind, name));
    assert_int_equal(kind, FLEET_KEY_LEASE);
    assert_string_equal(name, "front door. \xc3\xbc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_belongs_to_the_worker_whose_session_goes_on),
        cmocka_unit_test(streams_of_a_session_whose_end_raced_wait_for_a_lease),
        cmocka_unit_test(an_end_that_is_read_after_a_gap_counts_as_raced),
        cmocka_unit_test(older_entries_change_nothing),
        cmocka_unit_test(hostile_entries_are_not_understood),
        cmocka_unit_test(options_that_no_request_can_hold_are_not_understood),
        cmocka_unit_test(the_end_of_a_worker_that_nobody_could_read_is_understood),
        cmocka_unit_test(numbers_of_workers_are_bounded),
        cmocka_unit_test(any_valid_name_has_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
