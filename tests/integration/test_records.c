// From a clip to records on the socket.
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
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/mocap.h"
#include "tests/integration/process.h"

enum { FRAMES = 40, TIMEOUT_MS = 60000 };
#define FRAMES_TEXT "40"

static char clip_stream[512]; // clip=PATH

static int set_up(void **state)
{
    if (process_set_up(state) != 0) {
        return 1;
    }
    struct process process;
    const char *clip = process_path("clip.mp4");
    const char *arguments[] = { "--frames", FRAMES_TEXT, "--size", "160x120", "-o", clip, NULL };
    snprintf(clip_stream, sizeof clip_stream, "clip=%s", clip);
    return process_run(&process, SYNTHFACE, arguments) != 0;
}

static struct process start_daemon(const char *socket_path, const char *subscribers)
{
    // A reader that waits for its turn here is not stuck, however slow the machine.
    const char *arguments[] = {
        "--socket",
        socket_path,
        "--stream",
        clip_stream,
        "--every-frame",
        "--exit-on-end",
        "--wait-subscribers",
        subscribers,
        "--stuck-timeout",
        "3600",
        NULL,
    };
    struct process process = process_start(MOCAPD, arguments);
    process_wait_socket(&process, socket_path);
    return process;
}

static struct mocap_client *subscribe(const char *socket_path)
{
    struct mocap_error err;
    struct mocap_client *client = mocap_connect(socket_path, TIMEOUT_MS, &err);
    if (client == NULL || !mocap_subscribe(client, NULL, TIMEOUT_MS, &err)) {
        fail_msg("%s", err.message);
    }
    return client;
}

// Reads to the end: every record, in order, none missed.
static void read_all(struct mocap_client *client)
{
    struct mocap_error err;
    struct mocap_message message;
    uint64_t seen = 0, with_face = 0;
    double last_pts = -1;
    bool ended = false;
    while (!ended) {
        enum mocap_result result = mocap_next(client, TIMEOUT_MS, &message, &err);
        if (result != MOCAP_MESSAGE) {
            fail_msg("after %d records: result %d, %s", (int)seen, result, err.message);
        }
        if (message.type == MOCAP_RECORD) {
            const struct mocap_record *record = message.record;
            assert_int_equal(record->seq, seen);
            assert_true(record->pts > last_pts);
            assert_int_equal(record->missed, 0);
            assert_int_equal(record->dropped, 0);
            assert_int_equal(record->width, 160);
            assert_int_equal(record->height, 120);
            assert_true(record->t_publish_ns >= record->t_arrival_ns);
            last_pts = record->pts;
            with_face += record->face_count > 0;
            seen++;
        }
        ended = message.type == MOCAP_END;
    }
    assert_int_equal(seen, FRAMES);
    assert_int_equal(message.records, FRAMES);
    assert_string_equal(message.state, "ended");
    assert_true(with_face >= FRAMES - 2);
    assert_int_equal(mocap_next(client, TIMEOUT_MS, &message, &err), MOCAP_CLOSED);
}

static void every_frame_is_a_record_then_the_end(void **state)
{
    (void)state;
    const char *path = process_path("one.sock");
    struct process daemon = start_daemon(path, "1");
    struct mocap_client *client = subscribe(path);
    read_all(client);
    mocap_close(client);
    assert_int_equal(process_wait(&daemon), 0);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void two_subscribers_get_the_same(void **state)
{
    (void)state;
    const char *path = process_path("two.sock");
    struct process daemon = start_daemon(path, "2");
    struct mocap_client *first = subscribe(path), *second = subscribe(path);
    // The second does not read until the first has it all: nothing is lost.
    read_all(first);
    read_all(second);
    mocap_close(first);
    mocap_close(second);
    assert_int_equal(process_wait(&daemon), 0);
}

// Sends a request, and reads one reply after hello.
static void ask(const char *path, const char *bytes, size_t length, char *reply, size_t size)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    FILE *file = fdopen(fd, "r+");
    assert_non_null(file);
    assert_non_null(fgets(reply, (int)size, file));
    assert_non_null(strstr(reply, "\"hello\""));
    for (size_t done = 0; done < length;) {
        ssize_t count = write(fd, bytes + done, length - done);
        assert_true(count > 0);
        done += (size_t)count;
    }
    assert_non_null(fgets(reply, (int)size, file));
    fclose(file);
}

static void assert_error(const char *path, const char *request, const char *code)
{
    char reply[4096], wanted[64];
    ask(path, request, strlen(request), reply, sizeof reply);
    snprintf(wanted, sizeof wanted, "\"code\":\"%s\"", code);
    if (strstr(reply, wanted) == NULL) {
        fail_msg("'%.40s' got %s", request, reply);
    }
}

// Garbage gets typed errors, and the other subscriber still gets all its records.
static void hostile_clients_disturb_nobody(void **state)
{
    (void)state;
    enum { SILENT = 50 };
    const char *path = process_path("hostile.sock");
    struct process daemon = start_daemon(path, "2");
    struct mocap_client *client = subscribe(path);
    assert_error(path, "garbage\n", "bad-request");
    assert_error(path, "{\"type\":\"subscribe\",\"stream\":7}\n", "bad-request");
    assert_error(path, "[1,2]\n", "bad-request");
    assert_error(path, "{\"type\":\"dance\"}\n", "unknown-type");
    assert_error(path, "{\"type\":\"subscribe\",\"stream\":\"nobody\"}\n", "unknown-stream");
    static char line[10000];
    memset(line, 'x', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    assert_error(path, line, "too-long");

    int silent[SILENT];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    for (int i = 0; i < SILENT; i++) {
        silent[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(silent[i], (const struct sockaddr *)&address, sizeof address), 0);
        if (i % 2 == 0) { // half a request, then gone
            assert_int_equal(write(silent[i], "{\"type\"", 7), 7);
            close(silent[i]);
        }
    }
    struct mocap_client *starter = subscribe(path); // the second: the stream begins
    read_all(client);
    read_all(starter);
    mocap_close(client);
    mocap_close(starter);
    for (int i = 1; i < SILENT; i += 2) {
        close(silent[i]);
    }
    assert_int_equal(process_wait(&daemon), 0);
}

static void watch_prints_the_records(void **state)
{
    (void)state;
    const char *path = process_path("watch.sock");
    struct process daemon = start_daemon(path, "1"), watch;
    const char *arguments[] = {
        "--socket", path, "watch", "--count", "3", "--format", "json", NULL
    };
    assert_int_equal(process_run(&watch, MOCAPCTL, arguments), 0);
    static char out[100000];
    process_read(watch.out_path, out, sizeof out);
    int lines = 0;
    for (char *line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, "{\"type\":\"motion\",\"stream\":\"clip\",\"seq\":%d,",
                 lines++);
        assert_memory_equal(line, wanted, strlen(wanted));
    }
    assert_int_equal(lines, 3);
    kill(daemon.pid, SIGTERM);
    assert_int_equal(process_wait(&daemon), 0);
    assert_int_equal(process_run(&watch, MOCAPCTL, arguments), 1);
    process_assert_one_error(&watch, "is mocapd running?");
}

// Without any stream: the first log line about a source.
static void start_without_streams(const char *name, char *said, size_t size)
{
    const char *path = process_path(name);
    const char *arguments[] = { "--socket", path, NULL };
    struct process daemon = process_start(MOCAPD, arguments);
    process_wait_socket(&daemon, path);
    struct mocap_client *client = subscribe(path);
    struct mocap_message message = { .reason = "" };
    do {
        struct mocap_error err;
        if (mocap_next(client, TIMEOUT_MS, &message, &err) != MOCAP_MESSAGE) {
            fail_msg("%s", err.message);
        }
    } while (message.type != MOCAP_RECORD && message.reason[0] == '\0');
    snprintf(said, size, "%s", message.type == MOCAP_RECORD ? "a record" : message.reason);
    mocap_close(client);
    kill(daemon.pid, SIGTERM);
    assert_int_equal(process_wait(&daemon), 0);
}

// The built-in clip is for trying mocapd, not for services.
static void a_service_without_a_camera_waits_for_one(void **state)
{
    (void)state;
    char said[256];
    if (access("/dev/video0", F_OK) == 0) {
        print_message("skipped: there is a camera\n");
        skip();
    }
    unsetenv("NOTIFY_SOCKET");
    start_without_streams("hand.sock", said, sizeof said);
    assert_string_equal(said, "a record");
    setenv("NOTIFY_SOCKET", process_path("nobody"), 1);
    start_without_streams("service.sock", said, sizeof said);
    unsetenv("NOTIFY_SOCKET");
    // At rest, or already asked for.
    assert_non_null(strstr(said, "/dev/video0: "));
    assert_non_null(strstr(said, "No such file or directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_a_record_then_the_end),
        cmocka_unit_test(two_subscribers_get_the_same),
        cmocka_unit_test(hostile_clients_disturb_nobody),
        cmocka_unit_test(watch_prints_the_records),
        cmocka_unit_test(a_service_without_a_camera_waits_for_one),
    };
    return cmocka_run_group_tests(tests, set_up, process_tear_down);
}
