#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "protocol/decode.h"
#include "protocol/encode.h"
#include "tools/fleet/fenced_record.h"
#include "tools/fleet/home_assistant.h"
#include "tools/fleet/report.h"

static void a_state_comes_back(void **state)
{
    (void)state;
    char text[FLEET_REPORT_BYTES];
    const struct fleet_state_report sent = { .stream = "front \"door\"",
                                             .state = PROTOCOL_STREAM_STALLED,
                                             .reason = "no frame",
                                             .publisher = "hall-3",
                                             .fence = PROTOCOL_COUNT_MAX,
                                             .repeated_ms = 2000 };
    struct fleet_state_report got;
    const size_t length = fleet_state_report_write(text, &sent);
    assert_true(length > 0);
    assert_true(fleet_state_report_read(&got, text, length, NULL));
    assert_string_equal(got.stream, sent.stream);
    assert_string_equal(got.reason, sent.reason);
    assert_string_equal(got.publisher, sent.publisher);
    assert_true(got.state == sent.state && got.fence == sent.fence && got.repeated_ms == 2000);
}

static void counts_come_back(void **state)
{
    (void)state;
    char text[FLEET_REPORT_BYTES];
    const struct fleet_stats_report sent = { .stream = "a",
                                             .publisher = "b",
                                             .records = 5,
                                             .dropped = 4,
                                             .published = 3,
                                             .refused = 6,
                                             .lost = 2,
                                             .missed = 1,
                                             .rate = 29.97 };
    struct fleet_stats_report got;
    const size_t length = fleet_stats_report_write(text, &sent);
    assert_true(fleet_stats_report_read(&got, text, length, NULL));
    assert_true(got.records == 5 && got.dropped == 4 && got.published == 3 && got.refused == 6 &&
                got.lost == 2 && got.missed == 1 && got.rate > 29.96 && got.rate < 29.98);
}

static void hostile_states_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"type\":\"state\"}",
        "{\"type\":\"stats\",\"stream\":\"a\",\"state\":\"live\"}",
        "{\"type\":\"state\",\"stream\":\"\",\"state\":\"live\"}",
        "{\"type\":\"state\",\"stream\":7,\"state\":\"live\"}",
        "{\"type\":\"state\",\"stream\":\"a\\u0000b\",\"state\":\"live\"}",
        "{\"type\":\"state\",\"stream\":\"a\\nb\",\"state\":\"live\"}",
        "{\"type\":\"state\",\"stream\":\"a\",\"state\":\"live\",\"fence\":-1}",
        "{\"type\":\"state\",\"stream\":\"a\",\"state\":\"live\",\"fence\":9007199254740992}",
        "{\"type\":\"state\",\"stream\":\"a\",\"state\":\"live\",\"fence\":\"7\"}",
        "{\"type\":\"state\",\"stream\":\"a\",\"state\":\"live\",\"repeated_ms\":60001}",
        "{\"type\":\"state\",\"stream\":\"a\",\"state\":\"live\",\"reason\":[]}",
        "{\"type\":\"state\",\"stream\":\"a\",\"stream\":\"b\",\"state\":\"live\"}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fleet_state_report report;
        struct mc_error err = { 0 };
        if (fleet_state_report_read(&report, wrong[i], strlen(wrong[i]), &err)) {
            fail_msg("%s was taken", wrong[i]);
        }
        assert_true(err.message[0] != '\0');
    }
    static char longest[FLEET_REPORT_BYTES + 1];
    struct fleet_state_report report;
    memset(longest, ' ', sizeof longest);
    memcpy(longest, "{\"type\":\"state\",\"stream\":\"a\",\"state\":\"live\"}", 44);
    assert_false(fleet_state_report_read(&report, longest, sizeof longest, NULL));
    assert_true(fleet_state_report_read(&report, longest, sizeof longest - 1, NULL));
}

static void a_state_of_a_later_version_is_another(void **state)
{
    (void)state;
    static const char text[] =
        "{\"type\":\"state\",\"stream\":\"a\",\"state\":\"resting\",\"new\":1}";
    struct fleet_state_report report;
    assert_true(fleet_state_report_read(&report, text, strlen(text), NULL));
    assert_int_equal(report.state, PROTOCOL_STREAM_OTHER);
    assert_int_equal(report.repeated_ms, FLEET_REPEAT_MS);
}

static void a_record_gets_its_fence(void **state)
{
    (void)state;
    static struct protocol_record record;
    static struct protocol_message message;
    struct protocol_buffer encoded, fenced;
    char tail[PROTOCOL_TAIL_BYTES];
    record = (struct protocol_record){ .stream = "m", .seq = 9, .face_count = 0 };
    protocol_buffer_init(&encoded, PROTOCOL_MESSAGE_BYTES);
    protocol_buffer_init(&fenced, PROTOCOL_MESSAGE_BYTES);
    protocol_encode_record(&encoded, PROTOCOL_CBOR, &record, PROTOCOL_INCLUDE_ALL);
    protocol_buffer_bytes(&encoded, tail, protocol_encode_tail(tail, PROTOCOL_CBOR, 3));
    const char *bytes = encoded.data + 4; // after its length
    const size_t length = encoded.length - 4;
    assert_true(fleet_fenced_record(&fenced, bytes, length, 1234567890123));
    assert_true(protocol_decode_message(PROTOCOL_CBOR, fenced.data, fenced.length, &message, NULL));
    assert_true(message.record.fence == 1234567890123 && message.record.seq == 9);
    assert_int_equal(message.missed, 3);
    assert_false(fleet_fenced_record(&fenced, bytes, length - 1, 1));
    assert_false(fleet_fenced_record(&fenced, bytes, 0, 1));
    assert_false(fleet_fenced_record(&fenced, "{}", 2, 1));
    protocol_buffer_finish(&encoded);
    protocol_buffer_finish(&fenced);
}

// Each entity is JSON, has a name of its own, and reads a topic that exists.
static void home_assistant_is_told_of_each_entity(void **state)
{
    (void)state;
    const struct fleet_entity_place place = { .prefix = "homeassistant",
                                              .site = "home",
                                              .stream = "front door",
                                              .availability = "mocap/publishers/home/desk" };
    char names[FLEET_ENTITY_COUNT][128];
    for (int i = 0; i < FLEET_ENTITY_COUNT; i++) {
        char topic[FLEET_ENTITY_TOPIC_BYTES], text[FLEET_ENTITY_BYTES];
        const size_t length = fleet_entity_write(topic, text, i, &place);
        json_t *root = json_loadb(text, length, 0, NULL);
        assert_non_null(root);
        snprintf(names[i], sizeof names[i], "%s",
                 json_string_value(json_object_get(root, "unique_id")));
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(names[i], names[k]);
        }
        assert_non_null(strstr(topic, "/mocap_home__front_20door/"));
        assert_null(strchr(topic, '='));
        const char *source = json_string_value(json_object_get(root, "state_topic"));
        assert_true(strcmp(source, "mocap/v1/home/front=20door/presence") == 0 ||
                    strcmp(source, "mocap/v1/home/front=20door/state") == 0);
        json_decref(root);
    }
}

static void presence_has_what_the_first_face_does(void **state)
{
    (void)state;
    static struct protocol_record record;
    char text[FLEET_PRESENCE_BYTES];
    fleet_presence_write(text, &record);
    assert_string_equal(text, "{\"presence\":\"OFF\",\"faces\":0}");
    record.face_count = 2;
    record.faces[0].has_pose = true;
    record.faces[0].pose.euler[0] = -3.4f;
    record.faces[0].pose.euler[1] = 12.6f;
    const size_t length = fleet_presence_write(text, &record);
    assert_string_equal(text, "{\"presence\":\"ON\",\"faces\":2,\"yaw\":13,\"pitch\":-3}");
    assert_int_equal(length, strlen(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_comes_back),
        cmocka_unit_test(counts_come_back),
        cmocka_unit_test(hostile_states_are_refused),
        cmocka_unit_test(a_state_of_a_later_version_is_another),
        cmocka_unit_test(a_record_gets_its_fence),
        cmocka_unit_test(home_assistant_is_told_of_each_entity),
        cmocka_unit_test(presence_has_what_the_first_face_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
