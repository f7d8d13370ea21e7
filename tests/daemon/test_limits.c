// The limits of connections that hold when few files may be open.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "daemon/defaults.h"
#include "daemon/limits.h"
#include "daemon/options.h"

static struct server_limits limits_with(int max_connections, int per_user, int files)
{
    struct mc_error err = { 0 };
    struct daemon_options options = daemon_options_default;
    options.max_connections = max_connections;
    options.max_connections_per_user = per_user;
    assert_non_null(daemon_options_add_stream(&options, "a", &err));
    assert_true(daemon_defaults_fill(&options, &err));
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit limit = { (rlim_t)files, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct server_limits limits = daemon_limits(&options);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    return limits;
}

static void no_user_may_hold_all_connections(void **state)
{
    (void)state;
    static const int files[] = { 60, 100, 128, 512 };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        for (int per_user = 0; per_user <= 1000; per_user += 500) {
            const struct server_limits limits = limits_with(1000, per_user, files[i]);
            assert_in_range(limits.connections, 2, files[i]);
            assert_in_range(limits.connections_per_user, 1, limits.connections - 1);
        }
    }
}

static void what_was_asked_for_holds_where_there_are_enough(void **state)
{
    (void)state;
    const struct server_limits limits = limits_with(20, 20, 512);
    assert_int_equal(limits.connections, 20);
    assert_int_equal(limits.connections_per_user, 20);
    assert_int_equal(limits_with(20, 0, 512).connections_per_user, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_user_may_hold_all_connections),
        cmocka_unit_test(what_was_asked_for_holds_where_there_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
