#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/config.h"
#include "tests/daemon/config_file.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// The same configuration, as different people and editors write it.
static void text_is_read_as_people_write_it(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "workers = 2\nevery-frame = yes\n[stream a]\nurl = rtsp://h/p#1\nuser = me\n"
        "password = p#;w\nrepeat = no\n",
        "\xef\xbb\xbfworkers = 2\r\nevery-frame = true\r\n[stream a]\r\nurl = \"rtsp://h/p#1\"\r\n"
        "user = 'me'\r\npassword = \"p#;w\"\r\nrepeat = off",
        "\xef\xbb\xbf# made by an editor\rworkers=2\revery-frame=ON\r[stream a]\rurl=rtsp://h/p#1\r"
        "user=me\rpassword=p#;w\rrepeat=0\r",
        "\tworkers\t=\t2\t# two\n every-frame = 1 ; all\n[stream\ta]\t# the door\n"
        "\turl = 'rtsp://h/p#1' # it\n\tuser = me ; us\n\tpassword = p#;w # secret\n"
        "\trepeat = False\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        config_file_assert_read(texts[i]);
        assert_int_equal(options.workers, 2);
        assert_true(options.every_frame);
        assert_int_equal(options.stream_count, 1);
        assert_string_equal(options.streams[0].name, "a");
        assert_string_equal(options.streams[0].url, "rtsp://me:p%23%3Bw@h/p#1");
        assert_int_equal(options.streams[0].settings.repeat, 0);
    }
}

static void what_is_wrong_is_located(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "workers = 2\ncolour = red\n", ":2:1: unknown option 'colour'" },
        { "worker = 2\n", ":1:1: unknown option 'worker'; did you mean 'workers'?" },
        { "max_faces = 2\n", ":1:1: unknown option 'max_faces'; did you mean 'max-faces'?" },
        { "[stream a]\nurl = demo:\nvolume = 1\n", ":3:1: unknown option 'volume'" },
        { "[stream a]\nurll = demo:\n", ":2:1: unknown option 'urll'; did you mean 'url'?" },
        { "url = demo:\n", ":1:1: url must be in a [stream NAME] section" },
        { "[stream a]\nurl = demo:\nworkers = 1\n",
          ":3:1: workers is not an option of one stream" },
        { "config = x\n", ":1:1: config is for the command line alone" },
        { "check-config = yes\n", ":1:1: check-config is for the command line alone" },
        { "[camera]\n", ":1:2: must be [stream NAME], got '[camera]'" },
        { "[streams a]\n", ":1:2: must be [stream NAME], got '[streams a]'" },
        { "[stream a b]\n",
          ":1:9: a stream's name must be 1 to 63 of A-Z a-z 0-9 _ . -, got 'a b'" },
        { "[stream]\n", ":1:8: a stream's name must be" },
        { "[stream a]\nurl = demo:\n[stream a]\n", ":3:9: stream 'a' is given twice" },
        { "workers\n", ":1:1: must be name = value or [section], got 'workers'" },
        { "[stream a]\n", ":1:9: [stream a]: must have a url" },
        { "[stream a]\nurl = ~/clip.mp4\n", ":2:7: url must be a full path" },
        { "workers = nan\n", ":1:11: workers must be a whole number from 1 to 64, got 'nan'" },
        { "  fov = NaN\n", ":1:9: fov must be auto or a number from 5 to 170, got 'NaN'" },
        { "region = nan,0,1,1\n", ":1:10: region must be x,y,w,h" },
        { "repeat = maybe\n", ":1:10: repeat must be yes or no, got 'maybe'" },
        { "workers\xc2\xa0= 2\n", ":1:8: must be visible text, got U+00A0 (no-break space)" },
        { "[stream a]\nurl = demo:\xe2\x80\x8b\n", ":2:12: must be visible text, got U+200B" },
        { "workers = \"2\n", ":1:11: must end in \" as it begins" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        config_file_assert_refused(cases[i][0], cases[i][1]);
    }
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *message;
    } cases[] = {
        { "/dev/zero", "/dev/zero:1:1: must be UTF-8 text, got a NUL byte (U+0000)" },
        { "/tmp", "/tmp: Is a directory" },
        { "/nowhere/mocapd.conf", "/nowhere/mocapd.conf: No such file or directory" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const argv[] = { "mocapd", "--config", cases[i].path, NULL };
        assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_CONFIG);
        assert_memory_equal(err.message, cases[i].message, strlen(cases[i].message));
    }
    static const char utf16[] = "\xff\xfew\0o\0";
    const char *const argv[] = { "mocapd", "--config", config_file_write_bytes(utf16, 6), NULL };
    assert_int_equal(command_line_read(argv), DAEMON_COMMAND_LINE_CONFIG);
    assert_non_null(strstr(err.message, ":1:1: must be UTF-8, got UTF-16"));
    const char *const empty[] = { "mocapd", "--config", "/dev/null", NULL };
    assert_int_equal(command_line_read(empty), DAEMON_COMMAND_LINE_RUN);
}

static void text_that_does_not_fit_is_refused_and_never_cut(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int most;
    } keys[] = { { "user", 127 }, { "password", 255 }, { "url", 1023 } };
    for (size_t i = 0; i < COUNT(keys); i++) {
        char text[1200], message[128];
        snprintf(text, sizeof text, "[stream a]\n%s = %0*d\n", keys[i].key, keys[i].most + 1, 0);
        snprintf(message, sizeof message, ":2:%d: %s must be 1 to %d bytes, got %d",
                 (int)strlen(keys[i].key) + 4, keys[i].key, keys[i].most, keys[i].most + 1);
        config_file_assert_refused(text, message);
    }
}

static void there_may_be_64_streams(void **state)
{
    (void)state;
    char text[4096] = "";
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "[stream s%d]\nurl = demo:\n", i);
    }
    config_file_assert_read(text);
    strcat(text, "[stream more]\n");
    config_file_assert_refused(text, ":129:9: must be at most 64 streams, got more");
}

// Errors go to the journal, which more people may read than the file.
static void errors_show_no_passwords(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[stream a]\nurl = rtsp://h/\npassword hunter2\n",
        "[stream a]\nurl = rtsp://h/\nhunter2\n",
        "stream = rtsp://me:hunter2@h/\n",
        "stream = rtsp://me:hunter2=@h/\n",
        "[stream a]\nurl = rtsp://h/\nrtsp://me:hunter2@h/\n",
        "[stream a]\nurl = rtsp://h/\nrtsp://me:hunter2@h/?a=b\n",
        "[stream a]\nurl = rtsp://h/\npassword = \"hunter2\n",
        "[stream a]\nurl = rtsp://h/\npassword = \"hunter2\" hunter2\n",
        "[stream a]\nurl = rtsp://h/\npassword = hunter2\xc2\xa0\n",
        "[stream a]\nurl = rtsp://h/\npassword = hunter2\n",
        "[stream a]\nurl = clip.mp4\nuser = me\npassword = hunter2\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(config_file_read(texts[i], NULL), DAEMON_COMMAND_LINE_CONFIG);
        assert_null(strstr(err.message, "hunter2"));
        assert_non_null(strstr(err.message, "must "));
    }
}

static char *write_options(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    daemon_config_write(&options, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_in(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("expected '%s' in:\n%s", wanted, text);
    }
}

// Every option is there, with the value that holds, and reading that again changes nothing.
static void what_is_written_is_read_back(void **state)
{
    (void)state;
    assert_int_equal(
        config_file_read("workers = 3\nsocket = \" /tmp/a b;#.sock\"\nmax-frame-size = 1920x1080\n"
                         "smooth-beta = 0.1\nprecision = int8\n[stream a]\nurl = 'a # \"b\\.mp4'\n"
                         "region = 1,2.5,30,40\nmax-faces = 2\nfov = 60.5\ntransport = udp\n"
                         "[stream b]\nurl = v4l2:/dev/video0\nfull-frame = yes\nsmooth = no\n",
                         "--mirror", NULL),
        DAEMON_COMMAND_LINE_RUN);
    char *first = write_options();
    assert_in(first, "workers = 3\n");
    assert_in(first, "socket = \" /tmp/a b;#.sock\"\n");
    assert_in(first, "linger = 10\n");
    assert_in(first, "precision = int8\n");
    assert_in(first,
              "\n[stream a]\nurl = \"a # \\\"b\\\\.mp4\"\ntransport = udp\ndamaged = mark\n"
              "on-demand = no\nmax-faces = 2\nregion = 1,2.5,30,40\nfull-frame = no\n"
              "rotate = 0\nmirror = yes\nmax-frame-size = 1920x1080\nrepeat = no\n"
              "isolate = no\nsmooth = yes\nsmooth-min-cutoff = 1\nsmooth-beta = 0.1\nfov = 60.5\n");
    assert_in(first, "on-demand = yes\nmax-faces = 1\nfull-frame = yes\n");
    assert_in(first, "fov = auto\n");
    config_file_assert_read(first);
    char *second = write_options();
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void what_is_written_shows_no_passwords(void **state)
{
    (void)state;
    config_file_assert_read("[stream a]\nurl = rtsp://h/live?token=hunter2\nuser = me\n"
                            "password = hunter2\n[stream b]\nurl = http://me:hunter2@h/\n");
    char *text = write_options();
    assert_null(strstr(text, "hunter2"));
    assert_in(text, "# with a password, which is not shown\n");
    free(text);
}

static char *drop_in_path(const char *name)
{
    static char text[256];
    snprintf(text, sizeof text, "%s.d%s%s", config_file_write(""), name[0] == '\0' ? "" : "/",
             name);
    return text;
}

static void write_drop_in(const char *name, const char *text)
{
    FILE *file = fopen(drop_in_path(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_drop_ins(void **state)
{
    (void)state;
    return mkdir(drop_in_path(""), 0700);
}

static int remove_drop_ins(void **state)
{
    (void)state;
    static const char *const names[] = { "9.conf", "10.conf", ".hidden.conf", "20.conf~" };
    for (size_t i = 0; i < COUNT(names); i++) {
        unlink(drop_in_path(names[i]));
    }
    return rmdir(drop_in_path(""));
}

static void drop_ins_amend_in_the_order_of_their_names(void **state)
{
    (void)state;
    static const char text[] = "workers = 2\nlinger = 5\n[stream a]\nurl = demo:\nfov = 60\n"
                               "mirror = yes\n[stream b]\nmax-faces = 2\n";
    write_drop_in("9.conf", "workers = 4\n[stream a]\nfov = 80\n[stream c]\nurl = c.mp4\n");
    write_drop_in("10.conf", "workers = 3\n[stream b]\nurl = b.mp4\n[stream a]\nfov = 70\n"
                             "mirror = no\n");
    write_drop_in(".hidden.conf", "nonsense\n");
    write_drop_in("20.conf~", "nonsense\n");
    config_file_assert_read(text);
    assert_int_equal(options.workers, 4); // "9" is after "10"
    assert_int_equal(options.linger_s, 5);
    assert_int_equal(options.stream_count, 3);
    assert_string_equal(options.streams[0].url, "demo:");
    assert_true(options.streams[0].settings.fov == 80);
    assert_int_equal(options.streams[0].settings.mirror, 0);
    assert_string_equal(options.streams[1].url, "b.mp4");
    assert_int_equal(options.streams[1].settings.max_faces, 2);
    assert_string_equal(options.streams[2].name, "c");
}

static void a_mistake_in_a_drop_in_is_located_there(void **state)
{
    (void)state;
    static const char text[] = "[stream a]\nurl = demo:\n";
    write_drop_in("9.conf", "worker = 4\n");
    config_file_assert_refused(text, ".d/9.conf:1:1: unknown option 'worker'; did you mean");
    write_drop_in("9.conf", "[stream a]\nfov = 80\n[stream a]\nfov = 90\n");
    config_file_assert_refused(text, ".d/9.conf:3:9: stream 'a' is given twice");
    write_drop_in("9.conf", "[stream b]\nfov = 80\n");
    config_file_assert_refused(text, ".d/9.conf:1:9: [stream b]: must have a url");
    // Of several sections, the last one may give what it lacks.
    config_file_assert_refused("\n[stream b]\n", ".d/9.conf:1:9: [stream b]: must have a url");
    write_drop_in("9.conf", "workers = 2\n[stream a]\nurl = rtsp://h/\npassword = hunter2\n");
    config_file_assert_refused(text, ".d/9.conf:2:9: [stream a]: password must come with a user");
    write_drop_in("9.conf", "[stream c]\nurl = demo:\n");
    config_file_assert_refused("workers = 2\n[stream b]\n", ":2:9: [stream b]: must have a url");
}

// The configuration that ships: as it is, and with all its examples enabled.
static void the_configuration_that_ships_is_understood(void **state)
{
    (void)state;
    char text[4096] = "", line[256];
    const char *const as_it_is[] = { "mocapd", "--config", MOCAPD_SOURCE_DIR "/systemd/mocapd.conf",
                                     NULL };
    assert_int_equal(command_line_read(as_it_is), DAEMON_COMMAND_LINE_RUN);
    FILE *file = fopen(MOCAPD_SOURCE_DIR "/systemd/mocapd.conf", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        bool example = line[0] == '#' && line[1] != ' ' && line[1] != '\n';
        assert_true(example || line[0] == '#' || line[0] == '\n');
        // The password's file and the installation's group are not here.
        const char *added = strncmp(line, "#password-file", 14) == 0   ? "password = x\n"
                            : strncmp(line, "#control-group", 14) == 0 ? "control-group = users\n"
                            : example                                  ? line + 1
                                                                       : "";
        assert_true(strlen(text) + strlen(added) < sizeof text);
        strcat(text, added);
    }
    fclose(file);
    config_file_assert_read(text);
    assert_int_equal(options.stream_count, 2);
}

static void the_documented_example_is_understood(void **state)
{
    (void)state;
    char text[4096] = "", line[256];
    FILE *file = fopen(MOCAPD_SOURCE_DIR "/docs/configuration.md", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL && strcmp(line, "```ini\n") != 0) {
    }
    while (fgets(line, sizeof line, file) != NULL && strcmp(line, "```\n") != 0) {
        assert_true(strlen(text) + strlen(line) < sizeof text);
        strcat(text, line);
    }
    fclose(file);
    config_file_assert_read(text);
    assert_int_equal(options.stream_count, 2);
    assert_string_equal(options.streams[1].url, "rtsp://viewer:a%20%23%20b@camera.local/live");
    assert_int_equal(options.streams[1].settings.max_faces, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read_as_people_write_it),
        cmocka_unit_test(what_is_wrong_is_located),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(text_that_does_not_fit_is_refused_and_never_cut),
        cmocka_unit_test(there_may_be_64_streams),
        cmocka_unit_test(errors_show_no_passwords),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(what_is_written_shows_no_passwords),
        cmocka_unit_test_setup_teardown(drop_ins_amend_in_the_order_of_their_names, make_drop_ins,
                                        remove_drop_ins),
        cmocka_unit_test_setup_teardown(a_mistake_in_a_drop_in_is_located_there, make_drop_ins,
                                        remove_drop_ins),
        cmocka_unit_test(the_configuration_that_ships_is_understood),
        cmocka_unit_test(the_documented_example_is_understood),
    };
    return cmocka_run_group_tests(tests, config_file_set_up, config_file_tear_down);
}
