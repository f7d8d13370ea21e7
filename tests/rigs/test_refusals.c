// Faults that will not pass, at real servers: wrong credentials are not tried again and
// again, and the state says what is wrong and when the next attempt is.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "protocol/mocap.h"
#include "tests/integration/process.h"

#define PYTHON "/usr/bin/python3"
#define CAMERAS MOCAPD_SOURCE_DIR "/tests/rigs/cameras.py"

enum { START_S = 30 };

static struct process cameras, mocapd;
static struct mocap_client *client;
static int rtsp_port, http_port;

static int set_up_group(void **state)
{
    if (process_set_up(state) != 0) {
        return 1;
    }
    const char *empty = process_path("empty");
    FILE *file = fopen(empty, "w");
    if (file == NULL || fclose(file) != 0) {
        return 1;
    }
    const char *arguments[] = { CAMERAS, empty, empty, NULL };
    cameras = process_start(PYTHON, arguments);
    const int64_t until_ns = mc_clock_now_ns() + START_S * MC_NS_PER_SECOND;
    char said[256] = "";
    while (sscanf(said, "READY %d %d", &rtsp_port, &http_port) != 2) {
        if (mc_clock_now_ns() > until_ns) {
            return 1;
        }
        nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
        if (access(cameras.out_path, R_OK) == 0) {
            process_read(cameras.out_path, said, sizeof said);
        }
    }
    return 0;
}

static int tear_down_group(void **state)
{
    kill(cameras.pid, SIGKILL);
    process_wait(&cameras);
    return process_tear_down(state);
}

static int tear_down(void **state)
{
    (void)state;
    mocap_close(client);
    client = NULL;
    kill(mocapd.pid, SIGTERM);
    return process_wait(&mocapd);
}

static void start_daemon(const char *url)
{
    static int number;
    alarm(GUARD_S); // for this test alone
    char name[32], path[256], stream[256];
    snprintf(name, sizeof name, "refusals%d.sock", number++);
    snprintf(path, sizeof path, "%s", process_path(name));
    snprintf(stream, sizeof stream, "cam=%s", url);
    const char *arguments[] = { "--socket", path,        "--stream", stream, "--region",
                                "0,0,9,9",  "--workers", "1",        NULL };
    mocapd = process_start(MOCAPD, arguments);
    process_wait_socket(&mocapd, path);
    struct mocap_error error;
    client = mocap_connect(path, START_S * 1000, &error);
    assert_non_null(client);
    assert_true(mocap_subscribe(client, NULL, START_S * 1000, &error));
}

// Waits until the stream is connecting, for a reason with this in it.
static struct mocap_message wait_reason(const char *part)
{
    const int64_t until_ns = mc_clock_now_ns() + START_S * MC_NS_PER_SECOND;
    struct mocap_message message;
    struct mocap_error error;
    while (mc_clock_now_ns() < until_ns) {
        if (mocap_next(client, 1000, &message, &error) == MOCAP_MESSAGE &&
            message.type == MOCAP_STATE && strcmp(message.state, "connecting") == 0 &&
            strstr(message.reason, part) != NULL) {
            return message;
        }
    }
    fail_msg("never connecting because of '%s'", part);
    return message;
}

// The requests that the camera has logged with this in them.
static int count_requests(const char *part)
{
    static char log[65536];
    int count = 0;
    process_read(cameras.err_path, log, sizeof log);
    for (const char *at = log; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

static void rtsp_credentials_are_tried_twice(void **state)
{
    (void)state;
    char url[128];
    snprintf(url, sizeof url, "rtsp://me:wrong-secret@127.0.0.1:%d/refuse", rtsp_port);
    start_daemon(url);
    wait_reason("the credentials were refused, next attempt in 1 s: ");
    // At least five minutes from here on.
    struct mocap_message message = wait_reason("the credentials were refused, next attempt in 3");
    assert_non_null(strstr(message.reason, "401 Unauthorized"));
    assert_null(strstr(message.reason, "wrong-secret"));
    assert_int_equal(count_requests("DESCRIBE refuse authorized"), 2);
}

static void http_credentials_are_tried_twice(void **state)
{
    (void)state;
    char url[128];
    snprintf(url, sizeof url, "http://me:wrong-secret@127.0.0.1:%d/refuse", http_port);
    start_daemon(url);
    wait_reason("the credentials were refused, next attempt in 1 s: ");
    wait_reason("the credentials were refused, next attempt in 3");
    assert_int_equal(count_requests("GET /refuse authorized"), 2);
}

static void a_missing_path_is_tried_seldom(void **state)
{
    (void)state;
    char url[128];
    snprintf(url, sizeof url, "rtsp://127.0.0.1:%d/missing", rtsp_port);
    start_daemon(url);
    wait_reason("no such path, next attempt in 1");
    assert_int_equal(count_requests("DESCRIBE missing"), 1);
}

static void a_missing_page_is_tried_seldom(void **state)
{
    (void)state;
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/missing", http_port);
    start_daemon(url);
    wait_reason("no such path, next attempt in 1");
    assert_int_equal(count_requests("GET /missing"), 1);
}

static void a_page_that_is_no_video_is_tried_seldom(void **state)
{
    (void)state;
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/page", http_port);
    start_daemon(url);
    wait_reason("not a video that can be decoded, next attempt in 1");
}

static void an_unknown_codec_is_tried_seldom(void **state)
{
    (void)state;
    char url[128];
    snprintf(url, sizeof url, "rtsp://127.0.0.1:%d/unknown", rtsp_port);
    start_daemon(url);
    wait_reason("not a video that can be decoded, next attempt in 1");
    assert_int_equal(count_requests("DESCRIBE unknown"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(rtsp_credentials_are_tried_twice), TEST(http_credentials_are_tried_twice),
        TEST(a_missing_path_is_tried_seldom),   TEST(a_missing_page_is_tried_seldom),
        TEST(an_unknown_codec_is_tried_seldom), TEST(a_page_that_is_no_video_is_tried_seldom),
    };
    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
