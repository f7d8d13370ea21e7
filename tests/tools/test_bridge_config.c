#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/bridge/bridge_config.h"

static char path[] = "/tmp/mocap-bridge-conf-XXXXXX";
static struct bridge_options options;

static int set_up(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static bool read_bytes(const char *text, size_t size, struct mc_error *err)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    options = bridge_options_default;
    *err = (struct mc_error){ 0 };
    return bridge_config_read(&options, path, err);
}

static void sections_are_targets(void **state)
{
    (void)state;
    static const char text[] = "# for all\n"
                               "stream = desk\n"
                               "gain = all=1.2\n"
                               "log-level = debug\n"
                               "status-socket = /run/x.sock\n"
                               "[target studio]\n"
                               "type = vmc\n"
                               "address = 192.168.1.20:39540 # of the other machine\n"
                               "mirror = yes\n"
                               "gain = jawOpen=1.5\n"
                               "[target second face]\n"
                               "stream = door\n"
                               "type = osf\n"
                               "face = 2\n"
                               "rate = 24\n"
                               "prefix = FT/\n"
                               "neutral-head = 2,-1.5,0\n";
    struct mc_error err;
    if (!read_bytes(text, sizeof text - 1, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(options.targets.count, 2);
    assert_int_equal(options.log_level, MC_LOG_DEBUG);
    assert_string_equal(options.status_socket, "/run/x.sock");
    const struct bridge_target_options *studio = &options.targets.items[0];
    assert_string_equal(studio->name, "studio");
    assert_ptr_equal(studio->output, &bridge_output_vmc);
    assert_string_equal(studio->address, "192.168.1.20:39540");
    assert_string_equal(studio->settings.stream, "desk");
    assert_true(studio->settings.mirror);
    assert_float_equal(studio->settings.gains[MOCAP_JAW_OPEN], 1.5, 0);
    assert_float_equal(studio->settings.gains[MOCAP_CHEEK_PUFF], 1.2, 1e-6);
    const struct bridge_target_options *second = &options.targets.items[1];
    assert_string_equal(second->settings.stream, "door");
    assert_int_equal(second->settings.face, 2);
    assert_float_equal(second->settings.rate, 24, 0);
    assert_string_equal(second->settings.prefix, "FT");
    assert_string_equal(studio->settings.prefix, "");
    assert_float_equal(second->settings.gains[MOCAP_JAW_OPEN], 1.2, 1e-6);
    assert_float_equal(second->settings.neutral_head[1], -1.5, 0);
    assert_false(second->settings.mirror);
}

static void the_command_line_comes_first(void **state)
{
    (void)state;
    struct mc_error err;
    assert_true(read_bytes("log-level = debug\n", 18, &err));
    options.log_level = MC_LOG_ERROR;
    assert_true(bridge_config_read(&options, path, &err));
    assert_int_equal(options.log_level, MC_LOG_ERROR);
}

#define TEXT_32 "12345678901234567890123456789012"

// What is wrong, and where.
static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        { "type = vmc\n", ":1:1: type must be in a [target NAME] section" },
        { "[target a]\nlog-level = info\n",
          ":2:1: log-level is not an option of one target: it must be above all sections" },
        { "[target a]\n", ":1: [target a] must have a type" },
        { "[target a]\ntype = vmc\n[target a]\ntype = osf\n",
          ":3:9: there is already a target 'a'" },
        { "[target]\n", ":1:" },
        { "[stream a]\n", ":1:2: must be [target NAME], got '[stream a]'" },
        { "[target a]\ntype = vmcc\n", ":2:8: type must be vmc" },
        { "[target a]\ntype = vmc\nadress = b\n",
          ":3:1: unknown option 'adress'; did you mean 'address'?" },
        { "[target a]\ntype = vmc\naddress = b:0\n", ":3:11: address: must be HOST" },
        { "[target a]\ntype = vmc\ngain = jawOpen=nan\n",
          ":3:8: gain: jawOpen must be a number from 0 to 10, got 'nan'" },
        { "[target a]\ntype = vmc\ngain = mouthSmilLeft=1\n",
          ":3:8: gain: unknown shape 'mouthSmilLeft'; did you mean 'mouthSmileLeft'?" },
        { "[target a]\ntype = vmc\nrate = 1e300\n",
          ":3:8: rate must be a number from 1 to 1000, got '1e300'" },
        { "[target a]\ntype = vmc\nmirror = maybe\n", ":3:10: mirror must be" },
        { "[target \"\\xff\"]\ntype = vmc\n", ":1:" },
        { "[target a]\ntype = vmc\naddress = \"\\xff\"\n", ":3:11: address: must be HOST" },
        { "[target a]\ntype = vrchat\nprefix = FT//v2\n", ":3:10: prefix must be up to 32 " },
        { "[target a]\ntype = live-link\nsubject = " TEXT_32 "\n",
          ":3:11: subject must be 1 to 31 " },
        { "mirror\n", ":1:" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mc_error err;
        assert_false(read_bytes(cases[i].text, strlen(cases[i].text), &err));
        if (strncmp(err.message, path, strlen(path)) != 0 ||
            strncmp(err.message + strlen(path), cases[i].said, strlen(cases[i].said)) != 0) {
            fail_msg("'%s' instead of '%s'", err.message, cases[i].said);
        }
    }
    struct mc_error err;
    assert_false(read_bytes("stream = a\0b\n", 13, &err));
    assert_non_null(strstr(err.message, ":1:11: "));
    assert_false(read_bytes("\xff\xfe[\0", 4, &err));
    assert_false(bridge_config_read(&options, "/nowhere/mocap-bridge.conf", &err));
}

static void too_many_targets_are_refused(void **state)
{
    (void)state;
    char text[1024] = "";
    for (int i = 0; i < BRIDGE_TARGETS_MAX + 1; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "[target t%d]\ntype = vmc\n", i);
    }
    struct mc_error err;
    assert_false(read_bytes(text, strlen(text), &err));
    assert_non_null(strstr(err.message, "at most 16 targets"));
}

// A receiver knows a face by the name of its subject: two targets of one name are one face, which
// jumps between two people.
static void subjects_of_a_receiver_differ(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
        bool is_good;
    } cases[] = {
        { "stream = left", "stream = right", false },
        { "address = 10.0.0.2", "address = 10.0.0.2:11111", false },
        { "face = 1", "face = any", false },
        { "face = 2", "subject = mocap2", false },
        { "subject = left eye", "subject = left eye", false },
        { "face = 1", "face = 2", true },
        { "subject = left", "subject = right", true },
        { "address = 10.0.0.2", "address = 10.0.0.3", true },
        { "address = 10.0.0.2", "address = 10.0.0.2:11112", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        struct mc_error err;
        snprintf(
            text, sizeof text,
            "[target one]\ntype = live-link\n%s\n[target other]\ntype = vmc\n%s\n[target two]\n"
            "type = live-link\n%s\n",
            cases[i].first, cases[i].first, cases[i].second);
        assert_int_equal(read_bytes(text, strlen(text), &err), cases[i].is_good);
        if (!cases[i].is_good) {
            assert_non_null(strstr(err.message, ":7: target two: its subject at "));
            assert_non_null(
                strstr(err.message, ", as that of target one: give one of them another "));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_are_targets),
        cmocka_unit_test(the_command_line_comes_first),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(too_many_targets_are_refused),
        cmocka_unit_test(subjects_of_a_receiver_differ),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
