// Recordings of any length: the index has an entry a second, and all of them are of use.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "protocol/recording.h"

enum { DAYS = 13, SECONDS = DAYS * 24 * 3600, ITEM_BYTES = 19 };

static char directory[] = "/tmp/mocapd-test-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/long.cbor", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

// {"type":"other","n":number}, of ITEM_BYTES.
static void make_item(char item[ITEM_BYTES], uint32_t number)
{
    memcpy(item, "\xa2\x64type\x65other\x61n\x1a", 15);
    for (int i = 0; i < 4; i++) {
        item[15 + i] = (char)(number >> 8 * (3 - i));
    }
}

static void record(void)
{
    const struct protocol_hello hello = { .major = PROTOCOL_MAJOR, .minor = PROTOCOL_MINOR };
    struct mc_error err = { 0 };
    struct protocol_recorder *recorder = protocol_recorder_create(path, &hello, &err);
    assert_non_null(recorder);
    for (int i = 0; i < SECONDS; i++) {
        char item[ITEM_BYTES];
        make_item(item, (uint32_t)i);
        if (!protocol_recorder_add(recorder, item, sizeof item, (i + 1) * MC_NS_PER_SECOND, &err)) {
            fail_msg("%s", err.message);
        }
    }
    assert_true(protocol_recorder_finish(recorder, &err));
}

static void any_second_of_a_long_recording_is_found(void **state)
{
    (void)state;
    static const int seconds[] = { 0, 1, 1 << 20, (1 << 20) + 1, SECONDS - 1 };
    struct mc_error err = { 0 };
    record();
    struct protocol_recording *recording = protocol_recording_open(path, &err);
    assert_non_null(recording);
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        char wanted[ITEM_BYTES];
        const char *item;
        size_t length;
        if (!protocol_recording_seek(recording, seconds[i], &err)) {
            fail_msg("%d s: %s", seconds[i], err.message);
        }
        assert_int_equal(protocol_recording_next(recording, &item, &length, &err),
                         PROTOCOL_RECORDING_MESSAGE);
        make_item(wanted, (uint32_t)seconds[i]);
        assert_int_equal(length, sizeof wanted);
        assert_memory_equal(item, wanted, sizeof wanted);
    }
    protocol_recording_close(recording);
}

// An index that says that it has more entries than there are.
static void a_false_number_of_entries_is_damage(void **state)
{
    (void)state;
    const struct protocol_hello hello = { .major = PROTOCOL_MAJOR, .minor = PROTOCOL_MINOR };
    struct mc_error err = { 0 };
    struct protocol_recorder *recorder = protocol_recorder_create(path, &hello, &err);
    char item[ITEM_BYTES], bytes[4096];
    assert_non_null(recorder);
    make_item(item, 1);
    assert_true(protocol_recorder_add(recorder, item, sizeof item, 1, &err));
    assert_true(protocol_recorder_finish(recorder, &err));
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    const char *entries = memmem(bytes, size, "entries\x81", 8);
    assert_non_null(entries);
    assert_int_equal(fseek(file, entries + 7 - bytes, SEEK_SET), 0);
    fputc('\x97', file); // 23
    fclose(file);
    struct protocol_recording *recording = protocol_recording_open(path, &err);
    assert_non_null(recording);
    assert_false(protocol_recording_seek(recording, 5, &err));
    assert_string_equal(err.message, "the recording's index is damaged");
    protocol_recording_close(recording);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(any_second_of_a_long_recording_is_found, remove_file),
        cmocka_unit_test_teardown(a_false_number_of_entries_is_damage, remove_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
