// Which worker takes a stream, and which stream goes elsewhere.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/fleet/placement.h"

static struct fleet_roster roster;
static uint64_t revision;

static int begin(void **state)
{
    revision = 0;
    memset(&roster, 0, sizeof roster);
    return 0;
}

static int finish(void **state)
{
    fleet_roster_finish(&roster);
    return 0;
}

static void put(const char *kind, const char *name, const char *value)
{
    char key[FLEET_KEY_BYTES];
    snprintf(key, sizeof key, "%s.%s", kind, name);
    assert_true(fleet_roster_put(&roster, key, ++revision, value, strlen(value), 0));
}

static void add_worker(const char *name, int capacity, const char *label)
{
    char value[200];
    snprintf(value, sizeof value, "{\"session\":\"%s\",\"capacity\":%d,\"labels\":[\"%s\"]}", name,
             capacity, label);
    put("worker", name, value);
}

static struct fleet_stream *add_stream(const char *name, const char *owner, const char *more)
{
    char value[200];
    snprintf(value, sizeof value, "{\"options\":{\"url\":\"demo:\"}%s}", more);
    put("stream", name, value);
    snprintf(value, sizeof value, "{\"worker\":\"%s\",\"session\":\"%s\"}", owner, owner);
    put("lease", name, value);
    fleet_roster_count(&roster, 1);
    return fleet_roster_stream(&roster, name);
}

static const char *taker(const struct fleet_stream *stream, int attempt)
{
    const struct fleet_worker *worker = fleet_placement_take(&roster, stream, attempt);
    return worker == NULL ? "" : worker->name;
}

static void labels_come_before_load_and_a_wish_before_labels(void **state)
{
    add_worker("a", 4, "room=1");
    add_worker("b", 4, "room=3");
    add_worker("c", 4, "room=4");
    add_stream("x", "b", "");
    add_stream("y", "c", "");
    add_stream("z", "c", "");
    assert_string_equal(taker(add_stream("n", "", ""), 0), "a");
    assert_string_equal(taker(add_stream("n", "", ",\"labels\":[\"room=3\"]"), 0), "b");
    assert_string_equal(taker(add_stream("n", "", ",\"labels\":[\"room=3\"],\"worker\":\"c\""), 0),
                        "c");
}

static void each_attempt_asks_another_worker_and_none_without_room(void **state)
{
    add_worker("a", 1, "room=1");
    add_worker("b", 4, "room=2");
    add_worker("c", 4, "room=3");
    add_stream("x", "a", "");
    const struct fleet_stream *stream = add_stream("n", "", "");
    char first[FLEET_NAME_BYTES];
    snprintf(first, sizeof first, "%s", taker(stream, 0));
    assert_string_not_equal(first, "a");
    assert_string_not_equal(taker(stream, 1), first);
    assert_string_not_equal(taker(stream, 1), "a");
    assert_string_equal(taker(stream, 2), first);
    put("worker", "b", "{\"session\":\"b\",\"ended\":true}");
    put("worker", "c", "{\"session\":\"c\",\"ended\":true}");
    fleet_roster_count(&roster, 1);
    assert_string_equal(taker(stream, 0), "");
}

static void orphans_of_one_worker_scatter_over_all_others(void **state)
{
    int taken[4] = { 0 };
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "w%d", i);
        add_worker(name, 1000, "room=1");
    }
    for (int i = 0; i < 400; i++) {
        char name[8];
        snprintf(name, sizeof name, "s%d", i);
        taken[taker(add_stream(name, "", ""), 0)[1] - '0']++;
    }
    for (int i = 0; i < 4; i++) {
        assert_in_range(taken[i], 70, 130);
    }
}

static void small_differences_move_nothing(void **state)
{
    struct fleet_worker *to;
    add_worker("a", 20, "room=1");
    add_worker("b", 20, "room=1");
    add_stream("s1", "a", "");
    add_stream("s2", "a", "");
    assert_null(fleet_placement_give(&roster, fleet_roster_worker(&roster, "a"), &to));
    add_stream("s3", "a", "");
    assert_non_null(fleet_placement_give(&roster, fleet_roster_worker(&roster, "a"), &to));
    assert_string_equal(to->name, "b");
    assert_null(fleet_placement_give(&roster, fleet_roster_worker(&roster, "b"), &to));
}

static void a_worker_over_its_capacity_gives_what_suits_it_least(void **state)
{
    struct fleet_worker *to;
    add_worker("a", 1, "room=1");
    add_worker("b", 20, "room=2");
    add_stream("s1", "a", ",\"labels\":[\"room=1\"]");
    add_stream("s2", "a", "");
    const struct fleet_stream *given =
        fleet_placement_give(&roster, fleet_roster_worker(&roster, "a"), &to);
    assert_non_null(given);
    assert_string_equal(given->name, "s2");
}

static void a_stream_does_not_leave_the_worker_it_was_moved_to(void **state)
{
    struct fleet_worker *to;
    add_worker("a", 20, "room=1");
    add_worker("b", 20, "room=2");
    for (int i = 0; i < 10; i++) {
        char name[8];
        snprintf(name, sizeof name, "s%d", i);
        add_stream(name, "a", ",\"worker\":\"a\",\"labels\":[\"room=2\"]");
    }
    assert_null(fleet_placement_give(&roster, fleet_roster_worker(&roster, "a"), &to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(labels_come_before_load_and_a_wish_before_labels, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(each_attempt_asks_another_worker_and_none_without_room,
                                        begin, finish),
        cmocka_unit_test_setup_teardown(orphans_of_one_worker_scatter_over_all_others, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(small_differences_move_nothing, begin, finish),
        cmocka_unit_test_setup_teardown(a_worker_over_its_capacity_gives_what_suits_it_least, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(a_stream_does_not_leave_the_worker_it_was_moved_to, begin,
                                        finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
