#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/daemon/config_file.h"

static char password_path[] = "/tmp/mocapd-test-password-XXXXXX";

// The configuration of a stream whose password is in the file; returns how reading ended.
static enum daemon_command_line_result read_password(const char *bytes, size_t size)
{
    char text[256];
    FILE *file = fopen(password_path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    snprintf(text, sizeof text, "[stream a]\nurl = http://h/\nuser = me\npassword-file = %s\n",
             password_path);
    return config_file_read(text, NULL);
}

static void assert_password(const char *text, const char *url)
{
    if (read_password(text, strlen(text)) != DAEMON_COMMAND_LINE_RUN) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(options.streams[0].url, url);
}

static void assert_refused(const char *bytes, size_t size, const char *message)
{
    char whole[256];
    assert_int_equal(read_password(bytes, size), DAEMON_COMMAND_LINE_CONFIG);
    snprintf(whole, sizeof whole, ":4:17: password-file: %s%s", password_path, message);
    if (strstr(err.message, whole) == NULL) {
        fail_msg("expected '%s', got '%s'", whole, err.message);
    }
    assert_null(strstr(err.message, "hunter2"));
}

static void a_password_file_is_one_line(void **state)
{
    (void)state;
    static const char url[] = "http://me:hunter2@h/";
    assert_password("hunter2\n", url);
    assert_password("hunter2", url);
    assert_password("\xef\xbb\xbfhunter2\r\n", url);
    assert_password("hunter2\r", url);
    assert_password("\t hunter2 \n\n", url);
    assert_password("\"hunter2\"\n", url);
    assert_password("'hunter2'\r\n", url);
    assert_password("hunter2 # 1\n", "http://me:hunter2%20%23%201@h/"); // no comments here
    assert_refused("", 0, ": must hold a line of text, is empty");
    assert_refused("\n\r\n", 3, ": must hold a line of text, is empty");
    assert_refused("hunter2\nme\n", 11, ":2:1: must be a single line, got a second one");
    assert_refused("hunter2\xc2\xa0\n", 10, ":1:8: must be visible text, got U+00A0");
    assert_refused("hunter2\0\n", 9, ":1:8: must be UTF-8 text, got a NUL byte");
    assert_refused("\xff\xfeh\0", 4, ":1:1: must be UTF-8, got UTF-16");
}

static void a_long_password_is_refused_and_never_cut(void **state)
{
    (void)state;
    char password[300], url[300];
    memset(password, 'p', sizeof password);
    password[255] = '\0';
    snprintf(url, sizeof url, "http://me:%s@h/", password);
    assert_password(password, url);
    password[255] = 'p';
    assert_refused(password, 256, ":1:1: password must be 1 to 255 bytes, got 256");
    assert_refused(password, 300, ":1:1: password must be 1 to 255 bytes, got 300");
}

static void files_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char head[] = "[stream a]\nurl = http://h/\nuser = me\npassword-file = ";
    char text[PATH_MAX + 100];
    snprintf(text, sizeof text, "%s/dev/zero\n", head);
    config_file_assert_refused(text, ":4:17: password-file: /dev/zero:1:1: must be UTF-8 text");
    snprintf(text, sizeof text, "%s/tmp\n", head);
    config_file_assert_refused(text, ":4:17: password-file: /tmp: Is a directory");
    snprintf(text, sizeof text, "%s/nowhere\n", head);
    config_file_assert_refused(text, ":4:17: password-file: /nowhere: No such file or directory");
    setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
    snprintf(text, sizeof text, "%sdoor\n", head);
    config_file_assert_refused(text, ":4:17: password-file: /nowhere/door: No such file");
    unsetenv("CREDENTIALS_DIRECTORY");
    snprintf(text, sizeof text, "%s/%0*d\n", head, PATH_MAX - 1, 0);
    config_file_assert_refused(text, ":4:17: password-file: path must be at most 4095 bytes");
}

static void user_and_password_go_into_the_url(void **state)
{
    (void)state;
    config_file_assert_read("[stream a]\nurl = rtsp://h/live\nuser = me\npassword = hunter2\n");
    assert_string_equal(options.streams[0].url, "rtsp://me:hunter2@h/live");
    config_file_assert_refused("[stream a]\nurl = rtsp://h/live\npassword = hunter2\n",
                               ":1:9: [stream a]: password must come with a user");
    config_file_assert_refused("[stream a]\nurl = clip.mp4\nuser = me\n",
                               ":1:9: [stream a]: url must name a host");
}

// FFmpeg cuts longer ones to 127 bytes.
static void a_login_that_rtsp_has_no_room_for_is_refused(void **state)
{
    (void)state;
    char text[600];
    for (int length = 124; length <= 125; length++) { // with "me:" 127 and 128
        snprintf(text, sizeof text, "[stream a]\nurl = rtsp://h/\nuser = me\npassword = %0*d\n",
                 length, 0);
        assert_int_equal(config_file_read(text, NULL),
                         length == 124 ? DAEMON_COMMAND_LINE_RUN : DAEMON_COMMAND_LINE_CONFIG);
        snprintf(text, sizeof text, "[stream a]\nurl = rtsp://me:%0*d@h/\n", length, 0);
        assert_int_equal(config_file_read(text, NULL),
                         length == 124 ? DAEMON_COMMAND_LINE_RUN : DAEMON_COMMAND_LINE_CONFIG);
        snprintf(text, sizeof text, "a=rtsps://me:%0*d@h/", length, 0);
        const char *const argv[] = { "mocapd", "--stream", text, NULL };
        assert_int_equal(command_line_read(argv),
                         length == 124 ? DAEMON_COMMAND_LINE_RUN : DAEMON_COMMAND_LINE_USAGE);
    }
    assert_non_null(strstr(err.message, "login must be at most 127 bytes for RTSP, got 128"));
}

static int set_up(void **state)
{
    int file = mkstemp(password_path);
    return file < 0 || close(file) != 0 || config_file_set_up(state) != 0;
}

static int tear_down(void **state)
{
    unlink(password_path);
    return config_file_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_file_is_one_line),
        cmocka_unit_test(a_long_password_is_refused_and_never_cut),
        cmocka_unit_test(files_that_are_none_are_refused),
        cmocka_unit_test(user_and_password_go_into_the_url),
        cmocka_unit_test(a_login_that_rtsp_has_no_room_for_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
