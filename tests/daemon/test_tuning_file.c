// Settings that were changed survive a restart, and a spoilt file is an error that names its place.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/profile_store.h"
#include "daemon/tuning_file.h"

static struct daemon_profile_store store;
static struct mc_error err;

static int make_store(void **state)
{
    (void)state;
    snprintf(store.directory, sizeof store.directory, "/tmp/mocapd-tuning-XXXXXX");
    return mkdtemp(store.directory) == NULL;
}

static int remove_store(void **state)
{
    (void)state;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/a.settings", store.directory);
    unlink(path);
    return rmdir(store.directory);
}

static void spoil(const char *text)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/a.settings", store.directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void what_was_kept_is_read_again(void **state)
{
    (void)state;
    struct protocol_settings read;
    assert_true(daemon_tuning_file_read(&store, "a", &read, &err));
    assert_int_equal(read.given, 0);
    struct protocol_settings kept = { .given = 15, .smooth = true, .smooth_min_cutoff = 0.5f };
    kept.smooth_beta = 7;
    kept.gains.known = UINT64_C(1) << PROTOCOL_JAW_OPEN;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        kept.gains.values[i] = i == PROTOCOL_JAW_OPEN ? 1.5f : 1;
    }
    assert_true(daemon_tuning_file_write(&store, "a", &kept, &err));
    assert_true(daemon_tuning_file_read(&store, "a", &read, &err));
    assert_int_equal(read.given, 15);
    assert_true(read.smooth);
    assert_float_equal(read.smooth_min_cutoff, 0.5f, 0);
    assert_float_equal(read.smooth_beta, 7, 0);
    assert_float_equal(read.fov, 0, 0);
    assert_true(read.gains.known == UINT64_C(1) << PROTOCOL_JAW_OPEN);
    assert_float_equal(read.gains.values[PROTOCOL_JAW_OPEN], 1.5f, 0);
    kept.given = PROTOCOL_SETTING_BETA; // what is not given is not there
    kept.gains.known = 0;
    assert_true(daemon_tuning_file_write(&store, "a", &kept, &err));
    assert_true(daemon_tuning_file_read(&store, "a", &read, &err));
    assert_int_equal(read.given, PROTOCOL_SETTING_BETA);
    assert_true(read.gains.known == 0);
    kept.given = 0;
    kept.gains.known = UINT64_C(1) << PROTOCOL_JAW_OPEN;
    assert_true(daemon_tuning_file_write(&store, "a", &kept, &err));
    assert_true(daemon_tuning_file_read(&store, "a", &read, &err));
    assert_int_equal(read.given, 0);
    assert_true(read.gains.known == kept.gains.known);
    const struct protocol_settings nothing = { 0 };
    assert_true(daemon_tuning_file_write(&store, "a", &nothing, &err));
    assert_true(daemon_tuning_file_read(&store, "a", &read, &err));
    assert_int_equal(read.given, 0);
}

static void spoilt_files_are_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } files[] = {
        { "smooth = yes\nsmooth = no\n", "a.settings:2:1: smooth must be given once" },
        { "smooth-beta = -1\n", "a.settings:1:1: smooth-beta must be" },
        { "fov = 200\n", "a.settings:1:1: fov must be" },
        { "gain.jawOpen = 4\n", "a.settings:1:1: gain.jawOpen must be" },
        { "gain.earWiggle = 1\n", "a.settings:1:1: must be smooth" },
        { "[stream a]\n", "a.settings:1:" },
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct protocol_settings read;
        spoil(files[i].text);
        assert_false(daemon_tuning_file_read(&store, "a", &read, &err));
        assert_non_null(strstr(err.message, files[i].expected));
    }
}

static void without_a_directory_nothing_is_kept(void **state)
{
    (void)state;
    const struct daemon_profile_store none = { "" };
    struct protocol_settings read, change = { .given = PROTOCOL_SETTING_SMOOTH };
    assert_true(daemon_tuning_file_read(&none, "a", &read, &err));
    assert_int_equal(read.given, 0);
    assert_false(daemon_tuning_file_write(&none, "a", &change, &err));
    change.given = 0; // nothing is to be kept, and nothing is
    assert_true(daemon_tuning_file_write(&none, "a", &change, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_kept_is_read_again, make_store, remove_store),
        cmocka_unit_test_setup_teardown(spoilt_files_are_errors, make_store, remove_store),
        cmocka_unit_test(without_a_directory_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
