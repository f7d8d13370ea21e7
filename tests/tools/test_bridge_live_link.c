#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bridge/output.h"

enum { UUID_BYTES = 36, DATAGRAM_BYTES = 67 }; // without values, of a name of six characters

struct device {
    char uuid[UUID_BYTES + 1];
    char subject[BRIDGE_SUBJECT_BYTES];
    size_t size;
};

// Who the datagram of a target with these settings says that it is from.
static struct device ask(const struct bridge_settings *settings)
{
    static struct bridge_packets packets;
    static const struct mocap_record record;
    const struct bridge_output *output = &bridge_output_live_link;
    const struct bridge_view view = { .record = &record };
    struct device device = { .size = 0 };
    void *state = calloc(1, output->state_bytes);
    assert_non_null(state);
    const struct bridge_output_target target = { settings, &bridge_skeleton_default, state };
    for (int i = 0; i < 2; i++) {
        bridge_packets_clear(&packets);
        output->write(&target, &view, &packets);
        assert_int_equal(packets.count, 1);
        const unsigned char *bytes = packets.bytes;
        assert_int_equal(bytes[4], UUID_BYTES);
        assert_true(i == 0 || memcmp(device.uuid, bytes + 5, UUID_BYTES) == 0);
        memcpy(device.uuid, bytes + 5, UUID_BYTES);
        const size_t length = bytes[5 + UUID_BYTES + 3];
        assert_in_range(length, 1, sizeof device.subject - 1);
        memcpy(device.subject, bytes + 5 + UUID_BYTES + 4, length);
        device.size = packets.used;
    }
    free(state);
    return device;
}

static struct bridge_settings settings_of(const char *stream, int face, const char *subject)
{
    struct bridge_settings settings = bridge_settings_default;
    strcpy(settings.stream, stream);
    settings.face = face;
    strcpy(settings.subject, subject);
    return settings;
}

static void subjects_are_named_by_face_or_as_asked(void **state)
{
    (void)state;
    static const struct {
        int face;
        const char *subject, *wanted;
    } cases[] = {
        { 0, "", "mocapd" },
        { 1, "", "mocapd" },
        { 2, "", "mocap2" },
        { 2, "Anna", "Anna" },
        { 0, "left eye", "left eye" },
        { 0, "1234567890123456789012345678901", "1234567890123456789012345678901" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bridge_settings settings = settings_of("", cases[i].face, cases[i].subject);
        const struct device device = ask(&settings);
        assert_string_equal(device.subject, cases[i].wanted);
        assert_int_equal(device.size, DATAGRAM_BYTES + strlen(cases[i].wanted) - 6);
    }
}

static void devices_differ_by_stream_face_and_subject(void **state)
{
    (void)state;
    const struct bridge_settings settings[] = {
        settings_of("", 0, ""),      settings_of("", 1, ""),      settings_of("", 2, ""),
        settings_of("left", 0, ""),  settings_of("right", 0, ""), settings_of("left", 2, ""),
        settings_of("left", 0, "a"), settings_of("left", 0, "b"), settings_of("", 0, "left"),
        settings_of("a", 0, "ab"),   settings_of("aa", 0, "b"),
    };
    enum { COUNT = sizeof settings / sizeof settings[0] };
    struct device devices[COUNT];
    for (int i = 0; i < COUNT; i++) {
        devices[i] = ask(&settings[i]);
        const struct device again = ask(&settings[i]); // as after another start
        assert_string_equal(again.uuid, devices[i].uuid);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(devices[i].uuid, devices[k].uuid);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects_are_named_by_face_or_as_asked),
        cmocka_unit_test(devices_differ_by_stream_face_and_subject),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
