#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/web/web_options.h"

// Sets one option of fresh ones.
static bool set(struct web_options *options, struct mc_error *err, const char *name,
                const char *value)
{
    *options = web_options_default;
    *err = (struct mc_error){ 0 };
    const struct mc_options scope = { web_options_table, options };
    return mc_options_set(&scope, 1, name, value, err);
}

static void only_this_machine_reaches_it_by_default(void **state)
{
    (void)state;
    struct web_options options = web_options_default;
    struct mc_error err;
    assert_string_equal(options.listen.address, "127.0.0.1");
    assert_int_equal(options.listen.port, 8040);
    assert_true(set(&options, &err, "listen", "9000"));
    assert_string_equal(options.listen.address, "127.0.0.1");
    assert_int_equal(options.listen.port, 9000);
    assert_true(set(&options, &err, "listen", "0.0.0.0:80"));
    assert_string_equal(options.listen.address, "0.0.0.0");
    assert_true(set(&options, &err, "host", "desk"));
    assert_string_equal(options.names.hosts[0], "desk");
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = { "x",   "70000", "1.2.3:80", "-1",         "host:80", ":80",
                                         "80x", " 80",   "0x50",     "127.0.0.1:", "1.2.3.4", "" };
    struct web_options options;
    struct mc_error err;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(set(&options, &err, "listen", wrong[i]));
        assert_non_null(strstr(err.message, "listen must be PORT or ADDRESS:PORT (IPv4), got '"));
        assert_int_equal(options.listen.port, 8040); // unchanged
    }
    static const char *const hosts[] = { "desk.example:80", "http://desk.example", "a b", "" };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        assert_false(set(&options, &err, "host", hosts[i]));
        assert_non_null(strstr(err.message, "host must be a name without scheme and port"));
        assert_int_equal(options.names.host_count, 0);
    }
    assert_false(set(&options, &err, "log-level", "loud"));
    assert_false(set(&options, &err, "colour", "red"));
    assert_string_equal(err.message, "unknown option 'colour'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_this_machine_reaches_it_by_default),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
