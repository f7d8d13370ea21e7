#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/options.h"
#include "daemon/stream.h"

enum { ARGUMENTS_MAX = 24 };

static struct daemon_options options;
static struct mc_error err;
static char config[] = "/tmp/mocapd-test-XXXXXX";

// argv ends in NULL.
static enum daemon_options_result parse(const char *const *argv)
{
    static char copies[ARGUMENTS_MAX][128];
    char *arguments[ARGUMENTS_MAX + 1] = { 0 };
    int argc = 0;
    for (; argv[argc] != NULL; argc++) {
        assert_true(argc < ARGUMENTS_MAX);
        snprintf(copies[argc], sizeof copies[0], "%s", argv[argc]);
        arguments[argc] = copies[argc];
    }
    err = (struct mc_error){ 0 };
    return daemon_options_parse(&options, argc, arguments, &err);
}

static void all_options_are_understood(void **state)
{
    (void)state;
    const char *const argv[] = { "mocapd",      "--socket",      "/run/x.sock",
                                 "--stream",    "a=clip.mp4",    "--stream=b=rtsp://h/p?q=1",
                                 "--model",     "m.safetensors", "--workers",
                                 "3",           "--every-frame", "--exit-on-end",
                                 "--repeat",    "--region",      "1,2,30,40",
                                 "--log-level", "debug",         "--wait-subscribers=2",
                                 NULL };
    assert_int_equal(parse(argv), DAEMON_OPTIONS_RUN);
    assert_string_equal(options.socket, "/run/x.sock");
    assert_string_equal(options.model, "m.safetensors");
    assert_int_equal(options.workers, 3);
    assert_int_equal(options.wait_subscribers, 2);
    assert_true(options.every_frame && options.exit_on_end && options.repeat);
    assert_int_equal(options.log_level, MC_LOG_DEBUG);
    assert_true(options.looking.region.x == 1 && options.looking.region.height == 40);
    assert_int_equal(options.stream_count, 2);
    assert_string_equal(options.streams[0].name, "a");
    assert_string_equal(options.streams[1].url, "rtsp://h/p?q=1");
    const char *const help[] = { "mocapd", "--help", NULL };
    assert_int_equal(parse(help), DAEMON_OPTIONS_HELP);
    const char *const version[] = { "mocapd", "--version", NULL };
    assert_int_equal(parse(version), DAEMON_OPTIONS_VERSION);
}

static void write_config(const char *text)
{
    FILE *file = fopen(config, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_command_line_wins_over_the_file(void **state)
{
    (void)state;
    write_config("# a comment\nworkers = 2\n  model =  a b.safetensors  \nevery-frame=yes\n\n"
                 "[stream desk]\nurl = v4l2:/dev/video0\nregion = 1,2,3,4\nrepeat = yes\n");
    const char *const argv[] = { "mocapd", "--config", config, "--workers", "5", NULL };
    assert_int_equal(parse(argv), DAEMON_OPTIONS_RUN);
    assert_int_equal(options.workers, 5);
    assert_string_equal(options.model, "a b.safetensors");
    assert_true(options.every_frame);
    assert_int_equal(options.stream_count, 1);
    assert_string_equal(options.streams[0].url, "v4l2:/dev/video0");
    assert_true(options.streams[0].repeat && options.streams[0].looking.region.width == 3);
    const char *const twice[] = { "mocapd", "--config", config, "--stream", "desk=demo:", NULL };
    assert_int_equal(parse(twice), DAEMON_OPTIONS_USAGE);
    assert_non_null(strstr(err.message, "stream 'desk' is there twice"));
}

// A stream's own options win over those for all, one by one; else the defaults hold.
static void smoothing_and_camera_are_options_of_streams_too(void **state)
{
    (void)state;
    write_config("smooth-beta = 7\nfov = 90\n[stream desk]\nurl = demo:\nsmooth = off\n"
                 "fov = 45.5\n[stream hall]\nurl = demo:\n");
    const char *const argv[] = { "mocapd", "--config", config, "--smooth-min-cutoff", "2.5", NULL };
    assert_int_equal(parse(argv), DAEMON_OPTIONS_RUN);
    const struct pipeline_motion_options desk =
        daemon_options_motion(&options, &options.streams[0]);
    const struct pipeline_motion_options hall =
        daemon_options_motion(&options, &options.streams[1]);
    assert_false(desk.smooth.on);
    assert_true(hall.smooth.on); // by default
    assert_true(desk.fov == 45.5f && hall.fov == 90);
    assert_true(desk.smooth.beta == 7 && hall.smooth.min_cutoff == 2.5f);
    const char *const bad[][4] = { { "mocapd", "--smooth", "yes", NULL },
                                   { "mocapd", "--smooth-beta", "-1", NULL },
                                   { "mocapd", "--smooth-min-cutoff", "nan", NULL },
                                   { "mocapd", "--fov", "180", NULL } };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(parse(bad[i]), DAEMON_OPTIONS_USAGE);
        assert_non_null(strstr(err.message, "wants"));
    }
}

static void where_to_look_is_said_for_all_or_for_a_stream(void **state)
{
    (void)state;
    write_config("max-faces = 2\nlocator = l.safetensors\n[stream a]\nurl = demo:\n"
                 "max-faces = 4\nfull-frame = yes\n[stream b]\nurl = demo:\n");
    const char *const argv[] = { "mocapd", "--config", config, "--max-faces", "3", NULL };
    assert_int_equal(parse(argv), DAEMON_OPTIONS_RUN);
    assert_string_equal(options.locator, "l.safetensors");
    assert_int_equal(options.looking.max_faces, 3);
    assert_int_equal(options.streams[0].looking.max_faces, 4);
    assert_true(options.streams[0].looking.full_frame);
    assert_int_equal(options.streams[1].looking.max_faces, 0); // the daemon's
    const char *const many[] = { "mocapd", "--max-faces", "5", NULL };
    assert_int_equal(parse(many), DAEMON_OPTIONS_USAGE);
    assert_non_null(strstr(err.message, "max-faces wants a whole number of 1 to 4"));
}

static struct pipeline_stream_options resolve(int stream)
{
    static struct pipeline_motion_options motion;
    struct pipeline_stream_options wanted;
    daemon_stream_resolve(&options, &options.streams[stream], &motion, &wanted);
    return wanted;
}

// Region and the whole picture exclude each other: the one that is said last holds, and
// the command line is read after the file.
static void the_command_line_says_where_to_look_whatever_the_file_says(void **state)
{
    (void)state;
    write_config("full-frame = yes\n[stream a]\nurl = demo:\n");
    const char *const region[] = { "mocapd", "--config", config, "--region", "1,2,30,40", NULL };
    assert_int_equal(parse(region), DAEMON_OPTIONS_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_FIXED);
    assert_true(resolve(0).region.width == 30);
    write_config("region = 1,2,30,40\n[stream a]\nurl = demo:\n");
    const char *const full[] = { "mocapd", "--config", config, "--full-frame", NULL };
    assert_int_equal(parse(full), DAEMON_OPTIONS_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_FULL);
}

static void a_stream_may_say_no_where_the_daemon_says_yes(void **state)
{
    (void)state;
    write_config("full-frame = yes\nrepeat = yes\n"
                 "[stream a]\nurl = demo:\nfull-frame = no\nrepeat = no\n"
                 "[stream b]\nurl = demo:\n"
                 "[stream c]\nurl = demo:\nregion = 1,2,3,4\n");
    const char *const argv[] = { "mocapd", "--config", config, NULL };
    assert_int_equal(parse(argv), DAEMON_OPTIONS_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_TRACK);
    assert_false(resolve(0).repeat);
    assert_int_equal(resolve(1).mode, PIPELINE_FULL);
    assert_true(resolve(1).repeat);
    assert_int_equal(resolve(2).mode, PIPELINE_FIXED);
    // A no to the whole picture is none to the region that holds for all.
    const char *const region[] = { "mocapd", "--config", config, "--region", "1,2,30,40", NULL };
    assert_int_equal(parse(region), DAEMON_OPTIONS_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_FIXED);
    assert_true(resolve(0).region.width == 30 && resolve(2).region.width == 3);
    const char *const none[] = { "mocapd", "--stream", "a=demo:", NULL };
    assert_int_equal(parse(none), DAEMON_OPTIONS_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_TRACK);
    assert_false(resolve(0).repeat);
}

// Errors go to the journal, which more may read than the file.
static void errors_tell_no_passwords(void **state)
{
    (void)state;
    static const char *const files[] = {
        "[stream a]\nurl = rtsp://h/\npassword hunter2\n",
        "[stream a]\nurl = rtsp://h/\nhunter2\n",
        "stream = rtsp://me:hunter2@h/\n",
        "stream = rtsp://me:hunter2=@h/\n",
        "[stream a]\nurl = rtsp://h/\nrtsp://me:hunter2@h/\n",
    };
    const char *const argv[] = { "mocapd", "--config", config, NULL };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        write_config(files[i]);
        assert_int_equal(parse(argv), DAEMON_OPTIONS_CONFIG);
        assert_null(strstr(err.message, "hunter2"));
        assert_non_null(strstr(err.message, "wants"));
    }
    write_config(files[0]);
    assert_int_equal(parse(argv), DAEMON_OPTIONS_CONFIG);
    assert_non_null(strstr(err.message, ":3: wants name = value, got 'password'"));
}

static void a_password_wants_a_user(void **state)
{
    (void)state;
    write_config("[stream a]\nurl = rtsp://h/live\npassword = hunter2\n");
    const char *const argv[] = { "mocapd", "--config", config, NULL };
    assert_int_equal(parse(argv), DAEMON_OPTIONS_CONFIG);
    assert_non_null(strstr(err.message, "[stream a]: has a password, but no user"));
    write_config("[stream a]\nurl = rtsp://h/live\nuser = me\npassword = hunter2\n");
    assert_int_equal(parse(argv), DAEMON_OPTIONS_RUN);
    assert_string_equal(options.streams[0].url, "rtsp://me:hunter2@h/live");
}

// What the service comes with: as it is, and with all its examples taken up.
static void the_configuration_that_ships_is_understood(void **state)
{
    (void)state;
    char text[4096] = "", line[256];
    FILE *file = fopen(MOCAPD_SOURCE_DIR "/systemd/mocapd.conf", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        bool example = line[0] == '#' && line[1] != ' ' && line[1] != '\n';
        assert_true(example || line[0] == '#' || line[0] == '\n');
        // The password is in a file that is not here.
        const char *added = strncmp(line, "#password-file", 14) == 0 ? "password = x\n"
                            : example                                ? line + 1
                                                                     : "";
        assert_true(strlen(text) + strlen(added) < sizeof text);
        strcat(text, added);
    }
    fclose(file);
    write_config(text);
    const char *const argv[] = { "mocapd", "--config", config, NULL };
    if (parse(argv) != DAEMON_OPTIONS_RUN) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(options.stream_count, 2);
}

static void names_and_counts_have_limits(void **state)
{
    (void)state;
    char name[80];
    memset(name, 'n', sizeof name);
    memcpy(name + 64, "=x", 3);
    const char *const too_long[] = { "mocapd", "--stream", name, NULL };
    assert_int_equal(parse(too_long), DAEMON_OPTIONS_USAGE);
    memcpy(name + 63, "=x", 3);
    assert_int_equal(parse(too_long), DAEMON_OPTIONS_RUN);
    char text[4096] = "";
    for (int i = 0; i <= PROTOCOL_STREAMS_MAX; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "[stream s%d]\nurl = demo:\n", i);
    }
    write_config(text);
    const char *const argv[] = { "mocapd", "--config", config, NULL };
    assert_int_equal(parse(argv), DAEMON_OPTIONS_CONFIG);
    assert_non_null(strstr(err.message, "more than 64 streams"));
    memset(text, 'x', sizeof text - 1);
    write_config(text);
    assert_int_equal(parse(argv), DAEMON_OPTIONS_CONFIG);
    assert_non_null(strstr(err.message, ":1: line of more than"));
}

static int set_up(void **state)
{
    (void)state;
    int file = mkstemp(config);
    return file < 0 || close(file) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_options_are_understood),
        cmocka_unit_test(the_command_line_wins_over_the_file),
        cmocka_unit_test(smoothing_and_camera_are_options_of_streams_too),
        cmocka_unit_test(where_to_look_is_said_for_all_or_for_a_stream),
        cmocka_unit_test(the_command_line_says_where_to_look_whatever_the_file_says),
        cmocka_unit_test(a_stream_may_say_no_where_the_daemon_says_yes),
        cmocka_unit_test(errors_tell_no_passwords),
        cmocka_unit_test(a_password_wants_a_user),
        cmocka_unit_test(the_configuration_that_ships_is_understood),
        cmocka_unit_test(names_and_counts_have_limits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
