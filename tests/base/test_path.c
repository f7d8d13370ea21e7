#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static void a_path_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    char path[16];
    struct mc_error err = { 0 };
    assert_false(mc_path_data(path, sizeof path, "a.bin", &err));
    assert_int_equal(err.code, MC_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "a.bin"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_files_are_found_from_the_executable),
        cmocka_unit_test(a_path_that_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
