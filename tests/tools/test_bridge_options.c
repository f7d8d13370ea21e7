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
#include "tools/bridge/udp.h"

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
    const struct bridge_target_options *targets = options.targets.items;
    assert_ptr_equal(targets[0].output, &bridge_output_vmc);
    assert_string_equal(targets[0].name, "vmc");
    assert_ptr_equal(targets[1].output, &bridge_output_osf);
    assert_string_equal(targets[1].address, "localhost");
    assert_string_equal(targets[2].name, "vmc-2");
    for (int i = 0; i < 3; i++) { // options hold for all of the command line's targets
        assert_true(targets[i].settings.mirror && targets[i].settings.body);
        assert_int_equal(targets[i].settings.shapes, BRIDGE_SHAPES_ARKIT);
        assert_int_equal(targets[i].settings.lost, MOCAP_LOST_NEUTRAL);
        assert_float_equal(targets[i].settings.gains[MOCAP_TONGUE_OUT], 1, 0);
    }
    const char *const none[] = { NULL };
    assert_true(parse(&options, &err, none));
    assert_int_equal(options.targets.count, 0);
    assert_int_equal(options.settings.lost, MOCAP_LOST_NONE);
}

static void gains_are_added_up(void **state)
{
    (void)state;
    struct bridge_options options;
    struct mc_error err;
    const char *const words[] = {
        "--gain", "all=1.2", "--gain", "jawOpen=2 , tongueOut=0", "--neutral=eyeBlinkLeft=0.1", NULL
    };
    assert_true(parse(&options, &err, words));
    assert_float_equal(options.settings.gains[MOCAP_EYE_WIDE_LEFT], 1.2, 1e-6);
    assert_float_equal(options.settings.gains[MOCAP_JAW_OPEN], 2, 0);
    assert_float_equal(options.settings.gains[MOCAP_TONGUE_OUT], 0, 0);
    assert_float_equal(options.settings.neutral[MOCAP_EYE_BLINK_LEFT], 0.1, 1e-6);
}

static void a_prefix_may_end_in_a_slash(void **state)
{
    (void)state;
    static const char *const given[] = { "FT",      "FT/", "a/B-1_",
                                         "a/B-1_/", "",    "12345678901234567890123456789012/" };
    static const char *const kept[] = { "FT",     "FT", "a/B-1_",
                                        "a/B-1_", "",   "12345678901234567890123456789012" };
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        struct bridge_options options;
        struct mc_error err;
        const char *const words[] = { "--vrchat", "localhost", "--prefix", given[i], NULL };
        if (!parse(&options, &err, words)) {
            fail_msg("%s", err.message);
        }
        assert_string_equal(options.targets.items[0].settings.prefix, kept[i]);
    }
}

#define PREFIX_MUST_BE                                                                             \
    "--prefix must be up to 32 letters, digits and other characters of an OSC address, such as "   \
    "FT, with slashes between its parts, got "

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const lines[][3] = {
        { "--shapes", "all", NULL },
        { "--bones", "legs", NULL },
        { "--lost", "x", NULL },
        { "--vmc", NULL, NULL },
        { "--vmc", "a b", NULL },
        { "--log-level", "loud", NULL },
        { "--gain", "jawOpn=1", NULL },
        { "--gain", "jawOpen=nan", NULL },
        { "--gain", "jawOpen", NULL },
        { "--neutral", "jawOpen=2", NULL },
        { "--rate", "1e9", NULL },
        { "--face", "9", NULL },
        { "--neutral-head", "1,2", NULL },
        { "--gain", "jawOpen=1,", NULL },
        { "--vmc", "192.168.1.300", NULL },
        { "--prefix", "/FT", NULL },
        { "--prefix", "/", NULL },
        { "--prefix", "F T", NULL },
        { "--prefix", "FT\n", NULL },
        { "--prefix", "FT*", NULL },
        { "--prefix", "\xc3\xa4", NULL },
        { "--prefix", "A//B", NULL },
        { "--prefix", "A//", NULL },
        { "--prefix", "123456789012345678901234567890123", NULL },
    };
    static const char *const said[] = {
        "--shapes must be both, vrm or arkit, got 'all'",
        "--bones must be head or body, got 'legs'",
        "--lost must be hold or neutral, got 'x'",
        "--vmc requires a value, HOST[:PORT]",
        "--vmc: must be HOST, HOST:PORT or [IPv6]:PORT with a port from 1 to 65535, got 'a b'",
        "--log-level must be error, warning, info or debug, got 'loud'",
        "--gain: unknown shape 'jawOpn'; did you mean 'jawOpen'?",
        "--gain: jawOpen must be a number from 0 to 10, got 'nan'",
        "--gain must be SHAPE=NUMBER,..., such as jawOpen=1.5, got 'jawOpen'",
        "--neutral: jawOpen must be a number from 0 to 1, got '2'",
        "--rate must be a number from 1 to 1000, got '1e9'",
        "--face must be any, or a number from 1 to 4, got '9'",
        "--neutral-head must be 3 numbers from -180 to 180 with commas between them, got '1,2'",
        "--gain must be SHAPE=NUMBER,..., such as jawOpen=1.5, got ''",
        "--vmc: must be a name or an IP address, got '192.168.1.300'",
        PREFIX_MUST_BE "'/FT'",
        PREFIX_MUST_BE "'/'",
        PREFIX_MUST_BE "'F T'",
        PREFIX_MUST_BE "'FT\n'",
        PREFIX_MUST_BE "'FT*'",
        PREFIX_MUST_BE "'\xc3\xa4'",
        PREFIX_MUST_BE "'A//B'",
        PREFIX_MUST_BE "'A//'",
        PREFIX_MUST_BE "'123456789012345678901234567890123'",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct bridge_options options;
        struct mc_error err;
        assert_false(parse(&options, &err, lines[i]));
        assert_string_equal(err.message, said[i]);
    }
}

static void subjects_are_visible_ascii(void **state)
{
    (void)state;
    struct bridge_options options;
    struct mc_error err;
    static const char *const bad[] = { "",     " a",       "a ",
                                       "a\nb", "\xc3\xa4", "12345678901234567890123456789012" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *const words[] = { "--live-link", "a", "--subject", bad[i], NULL };
        char said[128];
        snprintf(said, sizeof said,
                 "--subject must be 1 to 31 letters, digits and other visible characters of ASCII, "
                 "got '%s'",
                 bad[i]);
        assert_false(parse(&options, &err, words));
        assert_string_equal(err.message, said);
    }
    const char *const good[] = { "--live-link", "a", "--subject", "Anna's left eye", NULL };
    assert_true(parse(&options, &err, good));
    assert_string_equal(options.targets.items[0].settings.subject, "Anna's left eye");
    const char *const same[] = { "--live-link", "a", "--live-link", "a:11111", NULL };
    assert_false(parse(&options, &err, same));
    assert_string_equal(err.message,
                        "target live-link-2: its subject at a:11111 is 'mocapd', as that of target "
                        "live-link: give one of them another subject in mocap-bridge.conf");
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
    assert_string_equal(err.message, "vmc: 'vmc': there must be at most 16 targets");
}

static void addresses_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good, is_name, is_loopback;
    } cases[] = {
        { "127.0.0.1", true, false, true },
        { "127.0.0.1:9", true, false, true },
        { "[::1]:9", true, false, true },
        { "::1", true, false, true },
        { "192.0.2.1", true, false, false },
        { "255.255.255.255:9", true, false, false },
        { "studio.local:9", true, true, false },
        { "", false, false, false },
        { ":9", false, false, false },
        { "127.0.0.1:", false, false, false },
        { "[::1", false, false, false },
        { "[::1]9", false, false, false },
        { "1:2:3", false, false, false },
        { "http://studio:9", false, false, false },
        { "a b", false, false, false },
        { "a\nb", false, false, false },
        { "127.0.0.1:x", false, false, false },
        { "127.0.0.1:0", false, false, false },
        { "127.0.0.1:000000000000000000009", false, false, false },
        { "127.0.0.1:65536", false, false, false },
        { "127.0.0.1:-1", false, false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bridge_udp udp;
        struct mc_error err = { 0 };
        const bool good = bridge_udp_init(&udp, cases[i].text, "39539", &err);
        if (good != cases[i].good || (good && udp.address.is_name != cases[i].is_name)) {
            fail_msg("'%s': %s", cases[i].text, err.message);
        }
        if (good) {
            if (udp.fd >= 0) { // there is a network for it
                assert_int_equal(udp.is_loopback, cases[i].is_loopback);
            }
            bridge_udp_finish(&udp);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_targets_are_understood), cmocka_unit_test(gains_are_added_up),
        cmocka_unit_test(a_prefix_may_end_in_a_slash),    cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(subjects_are_visible_ascii),     cmocka_unit_test(targets_are_limited),
        cmocka_unit_test(addresses_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
