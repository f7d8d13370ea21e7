#include <getopt.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bridge/options.h"
#include "tools/bridge/target.h"

// arguments ends in NULL.
static enum tools_arguments_result parse(struct bridge_options *options, struct mc_error *err,
                                         const char *const *arguments)
{
    static char copies[16][64];
    char *argv[17] = { copies[0] };
    int argc = 1;
    strcpy(copies[0], "mocap-bridge");
    for (; arguments[argc - 1] != NULL; argc++) {
        assert_true(argc < 16);
        argv[argc] = strcpy(copies[argc], arguments[argc - 1]);
    }
    optind = 0; // getopt begins anew
    *err = (struct mc_error){ 0 };
    return bridge_options_parse(options, argc, argv, err);
}

static void several_targets_are_understood(void **state)
{
    (void)state;
    struct bridge_options options;
    struct mc_error err;
    const char *const full[] = {
        "--vmc",    "10.0.0.2:39540", "--osf=localhost", "--vmc",        "::1",
        "--mirror", "--shapes",       "arkit",           "--bones=body", NULL
    };
    assert_int_equal(parse(&options, &err, full), TOOLS_ARGUMENTS_RUN);
    assert_int_equal(options.target_count, 3);
    assert_int_equal(options.targets[0].format, BRIDGE_VMC);
    assert_int_equal(options.targets[1].format, BRIDGE_OSF);
    assert_string_equal(options.targets[1].text, "localhost");
    assert_true(options.vmc.mirror && options.vmc.body);
    assert_int_equal(options.vmc.shapes, BRIDGE_SHAPES_ARKIT);
    const char *const none[] = { NULL };
    assert_int_equal(parse(&options, &err, none), TOOLS_ARGUMENTS_RUN);
    assert_int_equal(options.target_count, 1);
    assert_string_equal(options.targets[0].text, "127.0.0.1");
}

static void nonsense_is_told(void **state)
{
    (void)state;
    static const char *const lines[][3] = {
        { "--shapes", "all", NULL }, { "--bones", "legs", NULL }, { "--colour", NULL, NULL },
        { "--vmc", NULL, NULL },     { "here", NULL, NULL },      { "--log-level", "loud", NULL },
    };
    static const char *const said[] = { "all", "legs", "--colour", "--vmc", "here", "loud" };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct bridge_options options;
        struct mc_error err;
        assert_int_equal(parse(&options, &err, lines[i]), TOOLS_ARGUMENTS_USAGE);
        if (strstr(err.message, said[i]) == NULL) {
            fail_msg("'%s' does not name %s", err.message, said[i]);
        }
    }
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
        cmocka_unit_test(nonsense_is_told),
        cmocka_unit_test(addresses_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
