#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bridge/bridge_options.h"
#include "tools/bridge/target.h"

// words ends in NULL.
static bool parse(struct bridge_options *options, struct mc_error *err, const char *const *words)
{
    static char copies[16][64];
    char *argv[17] = { copies[0] };
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++) {
        assert_true(argc < 16);
        argv[argc] = strcpy(copies[argc], words[argc - 1]);
    }
    *err = (struct mc_error){ 0 };
    *options = bridge_options_default;
    const struct mc_options scope = { bridge_options_table, options };
    return mc_options_parse(&scope, 1, argc, argv, NULL, err) == MC_OPTIONS_RUN &&
           bridge_options_check(options, err);
}

static void several_targets_are_understood(void **state)
{
    (void)state;
    struct bridge_options options;
    struct mc_error err;
    const char *const full[] = { "--vmc",        "10.0.0.2:39540", "--osf=localhost", "--vmc",
                                 "::1",          "--mirror",       "--shapes",        "arkit",
                                 "--bones=body", "--lost",         "neutral",         NULL };
    assert_true(parse(&options, &err, full));
    assert_int_equal(options.targets.count, 3);
    assert_int_equal(options.targets.items[0].format, BRIDGE_VMC);
    assert_int_equal(options.targets.items[1].format, BRIDGE_OSF);
    assert_string_equal(options.targets.items[1].text, "localhost");
    assert_true(options.vmc.mirror && options.vmc.body);
    assert_int_equal(options.vmc.shapes, BRIDGE_SHAPES_ARKIT);
    assert_int_equal(options.lost, MOCAP_LOST_NEUTRAL);
    const char *const none[] = { NULL };
    assert_true(parse(&options, &err, none));
    assert_int_equal(options.targets.count, 1);
    assert_string_equal(options.targets.items[0].text, "127.0.0.1");
    assert_int_equal(options.lost, MOCAP_LOST_NONE);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const lines[][3] = {
        { "--shapes", "all", NULL }, { "--bones", "legs", NULL }, { "--lost", "x", NULL },
        { "--vmc", NULL, NULL },     { "here", NULL, NULL },      { "--log-level", "loud", NULL },
    };
    static const char *const said[] = {
        "--shapes must be both, vrm or arkit, got 'all'",
        "--bones must be head or body, got 'legs'",
        "--lost must be hold or neutral, got 'x'",
        "--vmc requires a value, HOST[:PORT]",
        "unexpected argument 'here'",
        "--log-level must be error, warning, info or debug, got 'loud'",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct bridge_options options;
        struct mc_error err;
        assert_false(parse(&options, &err, lines[i]));
        assert_string_equal(err.message, said[i]);
    }
}

static void targets_are_limited(void **state)
{
    (void)state;
    struct bridge_options options = bridge_options_default;
    struct mc_error err = { 0 };
    const struct mc_options scope = { bridge_options_table, &options };
    for (int i = 0; i < BRIDGE_TARGETS_MAX; i++) {
        assert_true(mc_options_set(&scope, 1, "osf", "a", &err));
    }
    assert_false(mc_options_set(&scope, 1, "vmc", "b", &err));
    assert_string_equal(err.message, "vmc 'b': more than 16 targets");
}

static void addresses_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good, loopback;
    } cases[] = {
        { "127.0.0.1", true, true },
        { "127.0.0.1:9", true, true },
        { "[::1]:9", true, true },
        { "192.0.2.1", true, false },
        { "", false, false },
        { ":9", false, false },
        { "127.0.0.1:", false, false },
        { "[::1", false, false },
        { "1:2:3", false, false },
        { "127.0.0.1:x", false, false },
        { "127.0.0.1:0", false, false },
        { "127.0.0.1:65536", false, false },
        { "127.0.0.1:-1", false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bridge_target target;
        struct mc_error err = { 0 };
        bool good = bridge_target_open(&target, cases[i].text, "39539", &err);
        if (good != cases[i].good &&
            strstr(err.message, "unreachable") == NULL && // a machine without a network
            strstr(err.message, "not supported") == NULL &&
            strstr(err.message, "assign requested") == NULL) {
            fail_msg("'%s': %s", cases[i].text, err.message);
        }
        if (good) {
            assert_int_equal(target.loopback, cases[i].loopback);
            bridge_target_close(&target);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_targets_are_understood),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(targets_are_limited),
        cmocka_unit_test(addresses_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
