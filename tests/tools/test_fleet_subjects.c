#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/fleet/home_assistant.h"
#include "tools/fleet/subjects.h"

static void names_that_subjects_cannot_hold_are_escaped(void **state)
{
    (void)state;
    char subject[FLEET_SUBJECT_BYTES], topic[FLEET_SUBJECT_BYTES];
    fleet_subject_write(subject, "hall 1", "front.door/*", FLEET_RECORD);
    assert_string_equal(subject, "mocap.v1.hall=201.front=2Edoor=2F=2A.record");
    fleet_subject_write(subject, "s", NULL, FLEET_STATE);
    assert_string_equal(subject, "mocap.v1.s.*.state");
    fleet_topic_write(topic, "s", "a+b#", "presence");
    assert_string_equal(topic, "mocap/v1/s/a=2Bb=23/presence");
}

static void every_name_comes_back(void **state)
{
    (void)state;
    char longest[PROTOCOL_NAME_BYTES];
    memset(longest, '.', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const names[] = {
        "main", "front door", "a.b.c", "*", ">", "=20", "Küche", longest
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int kind = 0; kind < FLEET_SUBJECT_KIND_COUNT; kind++) {
            char subject[FLEET_SUBJECT_BYTES];
            struct fleet_subject read;
            fleet_subject_write(subject, names[i], longest, (enum fleet_subject_kind)kind);
            assert_true(fleet_subject_read(&read, subject, NULL));
            assert_string_equal(read.site, names[i]);
            assert_string_equal(read.stream, longest);
            assert_int_equal(read.kind, kind);
        }
    }
}

static void names_have_no_control_characters(void **state)
{
    (void)state;
    static const char *const wrong[] = { "",         "a\nb",     "\x1b[2J", "a\x7f",
                                         "\xc2\x9b", "\xc2\x80", "\xff" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(fleet_name_valid(wrong[i]));
    }
    assert_true(fleet_name_valid("front door"));
    assert_true(fleet_name_valid("T\xc3\xbcr \xc2\xa0"));
}

static void other_subjects_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "mocap",
        "mocap.v2.s.a.record",
        "mocap.v1.s.a",
        "mocap.v1.s.a.other",
        "mocap.v1.s.a.record.json.more",
        "mocap.v1..a.record",
        "mocap.v1.s..record",
        "mocap.v1.s.a=.record",
        "mocap.v1.s.a=2.record",
        "mocap.v1.s.a=2e.record", // lower case: a name has one token
        "mocap.v1.s.a=41.record", // 'A' needs no escape
        "mocap.v1.s.a=00.record",
        "mocap.v1.s.a=FF.record", // not UTF-8
        "mocap.v1.s.=C3.record",
        "mocap.v1.=E2=82.a.record",
        "mocap.v1.s.a=0A.record",
        "mocap.v1.s.a b.record",
        "mocap.v1.s.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.record",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fleet_subject read;
        struct mc_error err = { 0 };
        if (fleet_subject_read(&read, wrong[i], &err)) {
            fail_msg("%s was taken", wrong[i]);
        }
        assert_true(err.message[0] != '\0');
    }
}

static void home_assistant_tells_all_streams_apart(void **state)
{
    (void)state;
    static const char *const places[][2] = {
        { "s", "a b" },   { "s", "a_20b" }, { "s", "a=20b" }, { "s", "a__20b" }, { "x", "5Fy c" },
        { "x_y", "20c" }, { "x_", "y" },    { "x", "_y" },    { "x__y", "z" },   { "x", "y__z" },
    };
    enum { COUNT = sizeof places / sizeof places[0] };
    char topics[COUNT][FLEET_ENTITY_TOPIC_BYTES], text[FLEET_ENTITY_BYTES];
    for (size_t i = 0; i < COUNT; i++) {
        const struct fleet_entity_place place = { "ha", places[i][0], places[i][1], "up" };
        assert_true(fleet_entity_write(topics[i], text, 0, &place) > 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(topics[i], topics[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_subjects_cannot_hold_are_escaped),
        cmocka_unit_test(every_name_comes_back),
        cmocka_unit_test(names_have_no_control_characters),
        cmocka_unit_test(other_subjects_are_refused),
        cmocka_unit_test(home_assistant_tells_all_streams_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
