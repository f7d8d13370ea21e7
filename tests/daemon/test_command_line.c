#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/daemon/config_file.h"

static void all_options_are_understood(void **state)
{
    (void)state;
    const char *const argv[] = { "mocapd",
                                 "--socket",
                                 "/run/x.sock",
                                 "--stream",
                                 "a=clip.mp4",
                                 "--stream=b=rtsp://h/p?q=1",
                                 "--model",
                                 "m.safetensors",
                                 "--workers",
                                 "3",
                                 "--every-frame",
                                 "--exit-on-end",
                                 "--repeat",
                                 "--region",
                                 "1,2,30,40",
                                 "--log-level",
                                 "debug",
                                 "--wait-subscribers=2",
                                 "--mirror",
                                 "--rotate",
                                 "270",
                                 "--max-frame-size=1920x1080",
                                 NULL };
    assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(options.settings.max_frame_width, 1920);
    assert_int_equal(options.settings.max_frame_height, 1080);
    assert_string_equal(options.socket, "/run/x.sock");
    assert_string_equal(options.model, "m.safetensors");
    assert_int_equal(options.workers, 3);
    assert_int_equal(options.wait_subscribers, 2);
    assert_true(options.every_frame && options.exit_on_end);
    assert_int_equal(options.settings.repeat, 1);
    assert_int_equal(options.settings.mirror, 1);
    assert_int_equal(options.settings.rotation, DAEMON_ROTATION_270);
    assert_int_equal(options.log_level, MC_LOG_DEBUG);
    assert_true(options.settings.region.x == 1 && options.settings.region.height == 40);
    assert_int_equal(options.stream_count, 2);
    assert_string_equal(options.streams[0].name, "a");
    assert_string_equal(options.streams[1].url, "rtsp://h/p?q=1");
    const char *const help[] = { "mocapd", "--help", NULL };
    assert_int_equal(command_line_read(help), DAEMON_COMMAND_LINE_HELP);
    const char *const version[] = { "mocapd", "--version", NULL };
    assert_int_equal(command_line_read(version), DAEMON_COMMAND_LINE_VERSION);
}

static void what_is_not_given_has_the_default_that_help_names(void **state)
{
    (void)state;
    const char *const argv[] = { "mocapd", NULL };
    assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(options.linger_s, 10);
    assert_int_equal(options.max_connections, 1024);
    assert_int_equal(options.stuck_timeout_s, 30);
    assert_int_equal(options.log_level, MC_LOG_INFO);
    assert_int_equal(options.wait_subscribers, 0);
    assert_int_equal(options.stream_count, 0);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value, *message;
    } cases[] = {
        { "--workers", "0", "--workers must be a whole number from 1 to 64, got '0'" },
        { "--workers", "1e12", "--workers must be a whole number from 1 to 64, got '1e12'" },
        { "--linger", "99999999999999999999", "--linger must be a whole number from 0 to 86400" },
        { "--stuck-timeout", "0", "--stuck-timeout must be a whole number from 1 to 3600" },
        { "--smooth-beta", "-1", "--smooth-beta must be a number from 0 to 10000, got '-1'" },
        { "--smooth-min-cutoff", "nan", "--smooth-min-cutoff must be a number from 0.01 to 1000" },
        { "--fov", "inf", "--fov must be auto or a number from 5 to 170, got 'inf'" },
        { "--smooth", "maybe", "--smooth must be yes or no, got 'maybe'" },
        { "--max-faces", "5", "--max-faces must be a whole number from 1 to 4, got '5'" },
        { "--rotate", "45", "--rotate must be 0, 90, 180 or 270, got '45'" },
        { "--max-frame-size", "1920", "--max-frame-size must be WIDTHxHEIGHT, each 16 to 32768" },
        { "--max-frame-size", "1920x1080p", "--max-frame-size must be WIDTHxHEIGHT" },
        { "--max-frame-size", "1920x0", "--max-frame-size must be WIDTHxHEIGHT" },
        { "--max-frame-size", " 64x64", "--max-frame-size must be WIDTHxHEIGHT" },
        { "--max-frame-size", "64x 64", "--max-frame-size must be WIDTHxHEIGHT" },
        { "--max-frame-size", "99999x64", "--max-frame-size must be WIDTHxHEIGHT" },
        { "--region", "1,2,3", "--region must be x,y,w,h in pixels" },
        { "--region", "nan,0,1,1", "--region must be x,y,w,h in pixels" },
        { "--region", "1,2,0,4", "--region must be x,y,w,h in pixels" },
        { "--region", "1,2,3,1e9", "--region must be x,y,w,h in pixels" },
        { "--log-level", "loud", "--log-level must be error, warning, info or debug, got 'loud'" },
        { "--stream", "clip.mp4", "--stream must be NAME=URL, got 'clip.mp4'" },
        { "--stream", "a b=x", "--stream: a stream's name must be 1 to 63 of A-Z" },
        { "--stream", "=x", "--stream: a stream's name must be 1 to 63 of A-Z" },
        { "--stream", "a=", "--stream: URL must not be empty" },
        { "--stream", "a=~/clip.mp4", "--stream: URL must be a full path" },
        { "--stream", "rtsp://me:hunter2@h/", "--stream must be NAME=URL, got 'rtsp://***@h/'" },
        { "--worker", "3", "unknown option '--worker'; did you mean '--workers'?" },
        { "--url", "demo:", "unknown option '--url'" },
        { "--model", NULL, "--model requires a value, FILE" },
        { "--socket", "", "--socket must not be empty" },
        { "clip.mp4", NULL,
          "unexpected argument 'clip.mp4'; to watch a file or a camera: --stream" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const argv[] = { "mocapd", cases[i].option, cases[i].value, NULL };
        assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_USAGE);
        if (strncmp(err.message, cases[i].message, strlen(cases[i].message)) != 0) {
            fail_msg("expected '%s', got '%s'", cases[i].message, err.message);
        }
    }
}

// Text goes into arrays of fixed size. What does not fit is an error: a path or a password that
// is cut would be another one.
static void text_that_does_not_fit_is_refused_and_never_cut(void **state)
{
    (void)state;
    char value[1100] = "a=";
    memset(value + 2, 'u', 1024);
    value[2 + 1023] = '\0';
    const char *const argv[] = { "mocapd", "--stream", value, NULL };
    assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(strlen(options.streams[0].url), 1023);
    value[2 + 1023] = 'u';
    value[2 + 1024] = '\0';
    assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_USAGE);
    assert_string_equal(err.message, "--stream: URL must be 1 to 1023 bytes, got 1024");
    memset(value, 'n', 64);
    memcpy(value + 64, "=x", 3);
    assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_USAGE);
    assert_string_equal(err.message, "--stream: a name must be 1 to 63 bytes, got 64");
    memcpy(value + 63, "=x", 3);
    assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_RUN);
}

static void the_command_line_wins_over_the_file(void **state)
{
    (void)state;
    static const char text[] = "workers = 2\nmodel = a b.safetensors\nevery-frame = yes\n"
                               "[stream desk]\nurl = demo:\n";
    assert_int_equal(config_file_read(text, "--workers", "5", NULL), DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(options.workers, 5);
    assert_string_equal(options.model, "a b.safetensors");
    assert_true(options.every_frame);
    assert_int_equal(options.stream_count, 1);
    assert_int_equal(config_file_read(text, "--stream", "desk=demo:", NULL),
                     DAEMON_COMMAND_LINE_USAGE);
    assert_string_equal(err.message, "--stream: stream 'desk' is given twice");
    // The command line is checked before the file is read.
    assert_int_equal(config_file_read("nonsense\n", "--workers", "0", NULL),
                     DAEMON_COMMAND_LINE_USAGE);
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static char text[65536];
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static void assert_in_text(const char *text, const char *name, const char *what)
{
    if (strstr(text, name) == NULL) {
        fail_msg("%s does not mention %s", what, name);
    }
}

static void help_and_readme_mention_every_option(void **state)
{
    (void)state;
    char *help = NULL, name[64];
    size_t size = 0;
    FILE *out = open_memstream(&help, &size);
    assert_non_null(out);
    daemon_command_line_write_help(out);
    fclose(out);
    const char *readme = read_text(MOCAPD_SOURCE_DIR "/README.md");
    const struct mc_option *const tables[] = { daemon_options_table, daemon_settings_table };
    for (int i = 0; i < 2; i++) {
        for (const struct mc_option *option = tables[i]; option->name != NULL; option++) {
            snprintf(name, sizeof name, "--%s", option->name);
            assert_in_text(help, name, "--help");
            assert_in_text(readme, name, "README.md");
        }
    }
    for (const struct mc_option *key = daemon_stream_table; key->name != NULL; key++) {
        snprintf(name, sizeof name, "  %s = ", key->name);
        assert_in_text(help, name, "--help");
        assert_in_text(readme, key->name, "README.md");
    }
    free(help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_options_are_understood),
        cmocka_unit_test(what_is_not_given_has_the_default_that_help_names),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(text_that_does_not_fit_is_refused_and_never_cut),
        cmocka_unit_test(the_command_line_wins_over_the_file),
        cmocka_unit_test(help_and_readme_mention_every_option),
    };
    return cmocka_run_group_tests(tests, config_file_set_up, config_file_tear_down);
}
