// What a capture says of a live source, which is a server of our own that sends one file.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>

#include "base/clock.h"
#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"
#include "pipeline/source/capture.h"
#include "pipeline/source/capture_internal.h"
#include "tests/pipeline/clip_file.h"

static char directory[64];
static char body[1 << 20];
static size_t body_bytes;
static int listener, port;
static pthread_t server;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static struct pipeline_capture *made;
static struct pipeline_state_report first; // that says something
static struct pipeline_mailbox *mailbox;
static struct pipeline_frame_pool *pool;
static unsigned last_session; // of a frame

static void *serve(void *argument)
{
    (void)argument;
    static const char header[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    char request[4096];
    int connection;
    while ((connection = accept(listener, NULL, NULL)) >= 0) {
        if (recv(connection, request, sizeof request, 0) > 0) {
            send(connection, header, sizeof header - 1, MSG_NOSIGNAL);
            send(connection, body, body_bytes, MSG_NOSIGNAL);
        }
        shutdown(connection, SHUT_RDWR);
        close(connection);
    }
    return NULL;
}

static void start_server(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pthread_create(&server, NULL, serve, NULL), 0);
    port = ntohs(address.sin_port);
}

static void paint(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    memset(rgb, index, (size_t)width * (size_t)height * 3);
}

// Makes a clip of 200x120 what is to be sent, its duration taken out: so it is live.
static void make_live(void)
{
    static const char duration[] = "\x44\x89\x88"; // Matroska's id, and 8 bytes follow
    char path[96];
    snprintf(path, sizeof path, "%s/clip.mkv", directory);
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "mpeg4",
                                       .width = 200,
                                       .height = 120,
                                       .frames = 3,
                                       .rate = 25,
                                       .paint = paint });
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    body_bytes = fread(body, 1, sizeof body, file);
    fclose(file);
    char *at = memmem(body, body_bytes, duration, sizeof duration - 1);
    assert_non_null(at);
    memset(at + sizeof duration - 1, 0, 8);
}

static int set_up(void **state)
{
    (void)state;
    clip_directory_make(directory, sizeof directory);
    make_live();
    start_server();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    clip_directory_remove(directory);
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    close(listener);
    return 0;
}

static bool says_something(const struct pipeline_state_report *report)
{
    return report->state != PIPELINE_CONNECTING || report->reason[0] != '\0';
}

static void wake(void *user)
{
    (void)user;
    struct pipeline_state_report report;
    pipeline_capture_state(made, &report);
    pthread_mutex_lock(&lock);
    if (!says_something(&first)) {
        first = report;
        pthread_cond_signal(&woken);
    }
    pthread_mutex_unlock(&lock);
}

static void take_frame(void *user)
{
    (void)user;
    struct pipeline_frame *frame = pipeline_mailbox_pop(mailbox);
    pthread_mutex_lock(&lock);
    last_session = frame->session;
    pthread_cond_signal(&woken);
    pthread_mutex_unlock(&lock);
    pipeline_frame_pool_release(pool, frame);
}

// Captures with that limit until something is said of the source, and a frame of that session or a
// later one came. Returns which.
static unsigned capture(int64_t max_pixels, unsigned session, struct pipeline_state_report *report)
{
    struct mc_error err = { 0 };
    struct pipeline_capture_counts counts = { 0 };
    mailbox = pipeline_mailbox_create(1, false, &err);
    pool = pipeline_frame_pool_create(4, &err);
    last_session = 0;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", port);
    const struct pipeline_capture_options options = {
        .url = url,
        .max_pixels = max_pixels,
        .mailbox = mailbox,
        .pool = pool,
        .counts = &counts,
        .on_frame = take_frame,
        .wake = wake,
    };
    first = (struct pipeline_state_report){ .state = PIPELINE_CONNECTING };
    made = pipeline_capture_create(&options, &err);
    assert_non_null(made);
    pipeline_capture_start(made);
    pthread_mutex_lock(&lock);
    while (!says_something(&first) || last_session < session) {
        pthread_cond_wait(&woken, &lock);
    }
    *report = first;
    const unsigned seen = last_session;
    pthread_mutex_unlock(&lock);
    pipeline_capture_stop(made);
    pipeline_capture_join(made);
    pipeline_mailbox_destroy(mailbox);
    pipeline_frame_pool_destroy(pool);
    return seen;
}

// Its size may be another the next time, whether its container declared it or not.
static void a_live_source_with_too_large_frames_is_tried_again(void **state)
{
    (void)state;
    struct pipeline_state_report report;
    assert_int_equal(capture(200 * 120 - 1, 0, &report), 0);
    assert_int_equal(report.state, PIPELINE_CONNECTING);
    static const char start[] = "its frames are too large, next attempt in ";
    assert_memory_equal(report.reason, start, sizeof start - 1);
    assert_non_null(strstr(report.reason, "its frames must have at most 23999 pixels, got "
                                          "200x120; see max-frame-size"));
    assert_int_equal(capture(200 * 120, 1, &report), 1);
    assert_int_equal(report.state, PIPELINE_LIVE);
}

// By which it is known that a source was away between two frames.
static void frames_know_how_often_their_source_was_opened(void **state)
{
    (void)state;
    struct pipeline_state_report report;
    assert_int_equal(capture(0, 2, &report), 2);
}

// Each frame comes 11 s after the one before.
static void pass_time(void *user)
{
    (void)user;
    pipeline_frame_pool_release(pool, pipeline_mailbox_pop(mailbox));
    mc_clock_set_ns(mc_clock_now_ns() + 11 * MC_NS_PER_SECOND);
}

static void ignore(void *user)
{
    (void)user;
}

// What decodes key frames alone, of a source that sends none but the first, opens it again and
// skips less.
static void a_live_source_without_key_frames_is_opened_again(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    struct pipeline_capture_counts counts = { 0 };
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", port);
    mailbox = pipeline_mailbox_create(1, false, &err);
    pool = pipeline_frame_pool_create(4, &err);
    const struct pipeline_capture_options options = {
        .url = url,
        .mailbox = mailbox,
        .pool = pool,
        .counts = &counts,
        .on_frame = pass_time,
        .wake = ignore,
    };
    struct pipeline_capture *capture = pipeline_capture_create_idle(&options, &err);
    assert_non_null(capture);
    mc_clock_set_ns(1000 * MC_NS_PER_SECOND);
    struct pipeline_capture_memory memory = { .load = { .effort = PIPELINE_DECODE_KEY,
                                                        .relax_ns = 2000 * MC_NS_PER_SECOND } };
    pipeline_capture_recall(capture, &memory);
    assert_int_equal(pipeline_capture_run_session(capture, &err), PIPELINE_CAPTURE_LOST);
    mc_clock_set_ns(-1);
    assert_non_null(strstr(err.message, "no key frame came for 10 s"));
    assert_int_equal(counts.frames, 1);
    pipeline_capture_remember(capture, &memory);
    assert_int_equal(memory.load.effort, PIPELINE_DECODE_REFERENCE);
    pipeline_capture_destroy_idle(capture);
    pipeline_mailbox_destroy(mailbox);
    pipeline_frame_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_source_with_too_large_frames_is_tried_again),
        cmocka_unit_test(frames_know_how_often_their_source_was_opened),
        cmocka_unit_test(a_live_source_without_key_frames_is_opened_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
