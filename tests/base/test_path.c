#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"

static void data_files_are_found_from_the_executable(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_true(mc_path_data(path, sizeof path, "a.bin", NULL));
    assert_int_equal(path[0], '/');
    const char *tail = strstr(path, "/../share/mocapd/a.bin");
    assert_non_null(tail);
    assert_string_equal(tail, "/../share/mocapd/a.bin");
}

static void other_programs_are_beside_the_executable(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_true(mc_path_program(path, sizeof path, "test_base_path", NULL));
    assert_int_equal(path[0], '/');
    assert_int_equal(access(path, X_OK), 0);
}

static void configuration_is_in_etc_below_the_prefix(void **state)
{
    (void)state;
    char data[PATH_MAX], path[PATH_MAX], prefix[PATH_MAX];
    assert_true(mc_path_data(data, sizeof data, "a.bin", NULL));
    *strstr(data, "/../share/") = '\0';
    *strrchr(data, '/') = '\0';
    snprintf(prefix, sizeof prefix, "%s/etc/mocapd/a.conf", data);
    assert_true(mc_path_config(path, sizeof path, "a.conf"));
    assert_string_equal(path, prefix);
    assert_false(mc_path_config(path, strlen(prefix), "a.conf")); // one byte short
}

static void a_path_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    char path[16];
    struct mc_error err = { 0 };
    assert_false(mc_path_data(path, sizeof path, "a.bin", &err));
    assert_int_equal(err.code, MC_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "a.bin"));
}

static void the_state_directory_is_systemds_then_the_users(void **state)
{
    (void)state;
    char path[64];
    setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
    setenv("XDG_STATE_HOME", "/x", 1);
    setenv("HOME", "/home/u", 1);
    assert_true(mc_path_state(path, sizeof path, "f"));
    assert_string_equal(path, "/var/lib/a/f");
    unsetenv("STATE_DIRECTORY");
    assert_true(mc_path_state(path, sizeof path, "f"));
    assert_string_equal(path, "/x/mocapd/f");
    assert_false(mc_path_state(path, 11, "f")); // one byte short
    setenv("XDG_STATE_HOME", "relative", 1);
    assert_true(mc_path_state(path, sizeof path, "f"));
    assert_string_equal(path, "/home/u/.local/state/mocapd/f");
    unsetenv("HOME");
    assert_false(mc_path_state(path, sizeof path, "f"));
}

static void directories_are_made_with_those_above(void **state)
{
    (void)state;
    char root[] = "/tmp/mocapd-path-XXXXXX", path[64];
    struct mc_error err = { 0 };
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/a/b", root);
    assert_true(mc_path_make_directory(path, &err));
    assert_true(mc_path_make_directory(path, &err)); // it is there
    assert_int_equal(rmdir(path), 0);
    fclose(fopen(path, "w"));
    snprintf(path, sizeof path, "%s/a/b/c", root);
    assert_false(mc_path_make_directory(path, &err));
    assert_non_null(strstr(err.message, "/a/b"));
    snprintf(path, sizeof path, "%s/a/b", root);
    unlink(path);
    snprintf(path, sizeof path, "%s/a/b/file", root);
    assert_true(mc_path_make_parent(path, &err));
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/a/b", root);
    assert_int_equal(rmdir(path), 0);
    snprintf(path, sizeof path, "%s/a", root);
    rmdir(path);
    rmdir(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_files_are_found_from_the_executable),
        cmocka_unit_test(other_programs_are_beside_the_executable),
        cmocka_unit_test(configuration_is_in_etc_below_the_prefix),
        cmocka_unit_test(a_path_that_does_not_fit_is_an_error),
        cmocka_unit_test(the_state_directory_is_systemds_then_the_users),
        cmocka_unit_test(directories_are_made_with_those_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
