// A real RTSP server that is killed, stopped, restarted, changes its frame size,
// refuses and talks nonsense: the daemon says so, comes back in time, and grows by
// nothing.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "protocol/mocap.h"
#include "tests/integration/process.h"

#define PYTHON "/usr/bin/python3"
#define SERVER MOCAPD_SOURCE_DIR "/tests/rigs/rtsp_server.py"

enum {
    // Bounds that a loaded machine keeps, too; `mocap-lab bench pipeline` measures.
    START_S = 30,
    NOTICE_S = 15,
    RECOVERY_S = 15,
    GROWTH_KB_MAX = 8 * 1024,
};

static bool available; // the server's packages are installed
static bool is_isolated;
static struct process server, mocapd;
static struct mocap_client *client;
static int port;

// ---- the parts

static int set_up_group(void **state)
{
    if (process_set_up(state) != 0) {
        return 1;
    }
    struct process process;
    const char *arguments[] = { "-c",
                                "import gi; gi.require_version('GstRtspServer', '1.0'); "
                                "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
                                "assert Gst.ElementFactory.find('x264enc')",
                                NULL };
    available = process_run(&process, PYTHON, arguments) == 0;
    if (!available) {
        print_message("skipped: no RTSP server here, see tests/rigs/rtsp_server.py\n");
    }
    return 0;
}

static void skip_unless_available(void)
{
    if (!available) {
        skip();
    }
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

// Starts the server; with port 0 it chooses one, which stays.
static void start_server(const char *const *more)
{
    char number[16];
    snprintf(number, sizeof number, "%d", port);
    const char *arguments[16] = { SERVER, "--port", number, "--size", "320x240" };
    int count = 5;
    for (; *more != NULL; more++) {
        arguments[count++] = *more;
    }
    server = process_start(PYTHON, arguments);
    const int64_t until_ns = mc_clock_now_ns() + START_S * MC_NS_PER_SECOND;
    char said[256] = "";
    while (sscanf(said, "READY %d", &port) != 1) {
        assert_true(mc_clock_now_ns() < until_ns);
        pause_ms(20);
        if (access(server.out_path, R_OK) == 0) {
            process_read(server.out_path, said, sizeof said);
        }
    }
}

static void kill_server(void)
{
    if (server.pid > 0) {
        kill(server.pid, SIGKILL);
        process_wait(&server);
    }
}

static const char *url_of(const char *user, const char *path)
{
    static char url[128];
    snprintf(url, sizeof url, "cam=rtsp://%s127.0.0.1:%d%s", user, port, path);
    return url;
}

static void start_daemon(const char *stream, const char *const *more)
{
    static int number;
    alarm(GUARD_S); // for this test alone
    char name[32];
    snprintf(name, sizeof name, "rtsp%d.sock", number++);
    char path[256];
    snprintf(path, sizeof path, "%s", process_path(name));
    const char *arguments[24] = { "--socket",  path, "--stream", stream,
                                  "--workers", "1",  "--region", "0,0,120,120" };
    int count = 8;
    if (is_isolated) {
        arguments[count++] = "--isolate";
    }
    for (; *more != NULL; more++) {
        arguments[count++] = *more;
    }
    mocapd = process_start(MOCAPD, arguments);
    process_wait_socket(&mocapd, path);
    struct mocap_error error;
    client = mocap_connect(path, START_S * 1000, &error);
    assert_non_null(client);
    const struct mocap_options options = { .stream = "cam", .encoding = MOCAP_ENCODING_JSON };
    assert_true(mocap_subscribe(client, &options, START_S * 1000, &error));
}

static int tear_down(void **state)
{
    (void)state;
    mocap_close(client);
    client = NULL;
    if (mocapd.pid > 0) {
        kill(mocapd.pid, SIGTERM);
        if (process_wait(&mocapd) != 0) {
            return 1;
        }
    }
    kill_server();
    port = 0;
    return 0;
}

static const char *const nothing[] = { NULL };

// The next message, within that many seconds of start_ns; else the test fails.
static struct mocap_message next(int64_t start_ns, int seconds, const char *awaited)
{
    struct mocap_message message;
    struct mocap_error error;
    int64_t left_ns = start_ns + seconds * MC_NS_PER_SECOND - mc_clock_now_ns();
    int left_ms = left_ns < 0 ? 0 : (int)(left_ns / MC_NS_PER_MS);
    if (mocap_next(client, left_ms, &message, &error) != MOCAP_MESSAGE) {
        char said[2000];
        process_read(mocapd.err_path, said, sizeof said);
        fail_msg("no %s within %d s; mocapd said:\n%s", awaited, seconds, said);
    }
    return message;
}

// Waits for the state. Its reason holds until the next message.
static struct mocap_message wait_state(const char *state, int seconds)
{
    const int64_t start_ns = mc_clock_now_ns();
    for (;;) {
        struct mocap_message message = next(start_ns, seconds, state);
        if (message.type == MOCAP_STATE && strcmp(message.state, state) == 0) {
            return message;
        }
    }
}

static struct mocap_message wait_record(int seconds)
{
    const int64_t start_ns = mc_clock_now_ns();
    for (;;) {
        struct mocap_message message = next(start_ns, seconds, "record");
        if (message.type == MOCAP_RECORD) {
            return message;
        }
    }
}

static long resident_kb(void)
{
    char path[64];
    long size = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)mocapd.pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &size, &resident), 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

// A number of the stream in the status.
static long status_of(const char *field)
{
    struct mocap_message message;
    struct mocap_error error;
    char name[64];
    assert_int_equal(mocap_request(client, "status", NULL, START_S * 1000, &message, &error),
                     MOCAP_MESSAGE);
    snprintf(name, sizeof name, "\"%s\":", field);
    const char *at = strstr(message.bytes, name);
    assert_non_null(at);
    return strtol(at + strlen(name), NULL, 10);
}

// ---- the tests

static void find_again(int rounds)
{
    start_server(nothing);
    start_daemon(url_of("", "/live"), nothing);
    wait_record(START_S);
    long before_kb = 0;
    for (int round = 0; round < rounds; round++) {
        kill_server();
        assert_non_null(strstr(wait_state("connecting", NOTICE_S).reason, "127.0.0.1"));
        start_server(nothing);
        wait_state("live", RECOVERY_S);
        wait_record(RECOVERY_S);
        if (round == 0) {
            before_kb = resident_kb();
        }
    }
    assert_true(resident_kb() - before_kb < GROWTH_KB_MAX);
    // A server that takes long to begin is left and tried again.
    assert_true(status_of("connects") > rounds);
}

static void a_restarted_server_is_found_again(void **state)
{
    (void)state;
    skip_unless_available();
    find_again(1);
}

static void a_server_killed_often_is_found_again(void **state)
{
    (void)state;
    skip_unless_available();
    find_again(4);
}

static void a_stopped_server_is_a_stall_and_then_a_loss(void **state)
{
    (void)state;
    skip_unless_available();
    start_server(nothing);
    start_daemon(url_of("", "/live"), nothing);
    wait_record(START_S);
    kill(server.pid, SIGSTOP);
    assert_non_null(strstr(wait_state("stalled", NOTICE_S).reason, "no frame"));
    assert_non_null(strstr(wait_state("connecting", NOTICE_S).reason, "no frame for 5 s"));
    kill(server.pid, SIGCONT);
    struct mocap_message message = wait_record(RECOVERY_S + 10); // an attempt takes its 10 s
    // Not one that lay in a buffer all the time.
    assert_true(message.record->t_publish_ns - message.record->t_arrival_ns < MC_NS_PER_SECOND);
}

static void a_short_stop_needs_no_new_connection(void **state)
{
    (void)state;
    skip_unless_available();
    start_server(nothing);
    start_daemon(url_of("", "/live"), nothing);
    wait_record(START_S);
    const long connects = status_of("connects"); // a slow machine may have needed several
    kill(server.pid, SIGSTOP);
    wait_state("stalled", NOTICE_S);
    kill(server.pid, SIGCONT);
    wait_state("live", RECOVERY_S);
    wait_record(RECOVERY_S);
    assert_int_equal(status_of("connects"), connects);
}

static void frames_may_change_their_size(void **state)
{
    (void)state;
    skip_unless_available();
    static const char *const switching[] = { "--switch", "1", NULL };
    start_server(switching);
    start_daemon(url_of("", "/live"), nothing);
    wait_record(START_S);
    const long connects = status_of("connects");
    int changes = 0;
    for (int width = 0; changes < 4;) {
        const struct mocap_record *record = wait_record(START_S).record;
        assert_true(record->width == 320 || record->width == 160);
        changes += record->width != width;
        width = record->width;
    }
    assert_int_equal(status_of("connects"), connects);
}

// The end of a frame is recognised, not waited for.
static void frames_are_not_held_for_an_interval(void **state)
{
    (void)state;
    skip_unless_available();
    static const char *const options[] = { "--bit-rate", "4000", NULL };
    start_server(options);
    start_daemon(url_of("", "/live"), nothing);
    int at_once = 0;
    for (int i = 0; i < 60; i++) {
        const struct mocap_timing *timing = wait_record(START_S).record->timing;
        assert_non_null(timing);
        at_once += timing->reassembly < 1000;
    }
    assert_true(at_once > 40);
}

static void jpeg_and_udp_work_too(void **state)
{
    (void)state;
    skip_unless_available();
    start_server(nothing);
    char url[160];
    snprintf(url, sizeof url, "%s?udp", url_of("", "/mjpeg"));
    start_daemon(url, nothing);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(wait_record(START_S).record->width, 320);
    }
}

static void refused_credentials_are_told_and_never_shown(void **state)
{
    (void)state;
    skip_unless_available();
    static const char *const secured[] = { "--user", "me", "--password", "right-one", NULL };
    start_server(secured);
    start_daemon(url_of("me:wrong-secret@", "/live"), nothing);
    struct mocap_message message = wait_state("connecting", START_S);
    while (message.reason[0] == '\0') {
        message = wait_state("connecting", START_S);
    }
    assert_non_null(strstr(message.reason, "401 Unauthorized"));
    assert_null(strstr(message.reason, "wrong-secret"));
    char said[4096];
    process_read(mocapd.err_path, said, sizeof said);
    assert_non_null(strstr(said, "401 Unauthorized"));
    assert_null(strstr(said, "wrong-secret"));
}

static void secrets_beside_the_url_are_used(void **state)
{
    (void)state;
    skip_unless_available();
    static const char *const secured[] = { "--user", "me", "--password", "rig:ht@", NULL };
    start_server(secured);
    char config[256], secret[256];
    snprintf(secret, sizeof secret, "%s", process_path("secret"));
    snprintf(config, sizeof config, "%s", process_path("secret.conf"));
    FILE *file = fopen(secret, "w");
    assert_non_null(file);
    fputs("rig:ht@\n", file);
    fclose(file);
    file = fopen(config, "w");
    assert_non_null(file);
    fprintf(file, "[stream cam]\nurl = %s\nuser = me\npassword-file = %s\n",
            url_of("", "/live") + strlen("cam="), secret);
    fclose(file);
    const char *const options[] = { "--config", config, NULL };
    start_daemon("other=lavfi:nullsrc=size=64x48:rate=1", options);
    wait_record(START_S);
    char said[4096];
    process_read(mocapd.err_path, said, sizeof said);
    assert_null(strstr(said, "g:ht"));
    assert_null(strstr(said, "g%3Aht"));
}

// Answers each connection with noise, until it is killed.
static pid_t start_babbler(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    port = ntohs(address.sin_port);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        for (unsigned seed = 1;;) {
            int fd = accept(listener, NULL, NULL);
            for (int i = 0; i < 200; i++) {
                unsigned char noise[1000];
                for (size_t k = 0; k < sizeof noise; k++) {
                    seed = seed * 1664525 + 1013904223;
                    noise[k] = (unsigned char)(seed >> 24);
                }
                if (write(fd, noise, sizeof noise) < 0) {
                    break;
                }
            }
            close(fd);
        }
    }
    close(listener);
    return pid;
}

// And a camera that is out of order delays no other.
static void nonsense_is_told_and_disturbs_nobody(void **state)
{
    (void)state;
    pid_t babbler = start_babbler();
    char bad[128];
    snprintf(bad, sizeof bad, "bad=rtsp://127.0.0.1:%d/live", port);
    static const char *const healthy = "cam=lavfi:testsrc=size=320x240:rate=20";
    const char *const options[] = { "--stream", bad, NULL };
    start_daemon(healthy, options);
    wait_record(START_S);
    long before_kb = resident_kb();
    uint64_t first = wait_record(START_S).record->seq;
    for (int i = 0; i < 60; i++) {
        wait_record(START_S);
    }
    assert_true(wait_record(START_S).record->seq - first >= 61);
    assert_true(resident_kb() - before_kb < GROWTH_KB_MAX);
    kill(babbler, SIGKILL);
    waitpid(babbler, NULL, 0);
    char said[4096];
    process_read(mocapd.err_path, said, sizeof said);
    assert_non_null(strstr(said, "stream bad is connecting: rtsp://127.0.0.1"));
}

// "faults": those that have to wait for their fault to be noticed, a minute in all.
// Then "isolated": with decoder processes.
int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest quick[] = {
        TEST(a_restarted_server_is_found_again),
        TEST(jpeg_and_udp_work_too),
        TEST(refused_credentials_are_told_and_never_shown),
        TEST(secrets_beside_the_url_are_used),
    };
    const struct CMUnitTest faults[] = {
        TEST(a_server_killed_often_is_found_again),
        TEST(a_stopped_server_is_a_stall_and_then_a_loss),
        TEST(a_short_stop_needs_no_new_connection),
        TEST(frames_may_change_their_size),
        TEST(frames_are_not_held_for_an_interval),
        TEST(nonsense_is_told_and_disturbs_nobody),
    };
    is_isolated = argc > 2 && strcmp(argv[2], "isolated") == 0;
    if (argc > 1 && strcmp(argv[1], "faults") == 0) {
        return cmocka_run_group_tests(faults, set_up_group, process_tear_down);
    }
    return cmocka_run_group_tests(quick, set_up_group, process_tear_down);
}
