// Cameras whose clocks are wrong in every way, through the daemon: no frame is dropped as
// late, none costs the connection, and the pts rise in true seconds. With the argument "isolated"
// decoder processes read them.
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <libavcodec/avcodec.h>

#include "base/clock.h"
#include "protocol/mocap.h"
#include "tests/integration/process.h"
#include "tests/pipeline/clip_file.h"

#define PYTHON "/usr/bin/python3"
#define CAMERAS MOCAPD_SOURCE_DIR "/tests/rigs/cameras.py"

enum {
    START_S = 30,
    STREAMS_MAX = 16,
    SEGMENT_FRAMES = 50, // 2 s, where the muxer cuts
    SEGMENTS = 14,
};

static struct process cameras, mocapd;
static struct mocap_client *client;
static int rtsp_port, http_port, rtp_port;
static bool is_isolated;

// What came of a stream.
struct seen {
    const char *name;
    uint64_t records;
    double first_pts, last_pts;
    int64_t first_arrival_ns, last_arrival_ns;
    double gap_max_s; // between arrivals
};

static struct seen seen[STREAMS_MAX];
static int seen_count;

static void paint(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    for (int i = 0; i < width * height * 3; i++) {
        rgb[i] = (uint8_t)(index * 20 + i * 7 % 64);
    }
}

static void write_frames(const char *path, const char *encoder, int frames)
{
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = encoder,
                                       .width = 64,
                                       .height = 48,
                                       .frames = frames,
                                       .rate = 25,
                                       .paint = paint });
}

static int set_up_group(void **state)
{
    if (process_set_up(state) != 0) {
        return 1;
    }
    char h264[256], mjpeg[256];
    snprintf(h264, sizeof h264, "%s", process_path("frames.h264"));
    snprintf(mjpeg, sizeof mjpeg, "%s", process_path("frames.mjpeg"));
    if (avcodec_find_encoder_by_name("libx264") == NULL) {
        print_message("skipped: FFmpeg was built without libx264\n");
        return 0;
    }
    write_frames(h264, "libx264", 12);
    write_frames(mjpeg, "mjpeg", 12);
    write_frames(process_path("live.m3u8"), "libx264", SEGMENTS * SEGMENT_FRAMES);
    static char segments[SEGMENTS][256];
    // RTP has even ports.
    rtp_port = 20000 + 2 * (getpid() % 5000);
    char number[16];
    snprintf(number, sizeof number, "%d", rtp_port);
    const char *arguments[SEGMENTS + 6] = { CAMERAS, "--rtp", number, h264, mjpeg };
    for (int i = 0; i < SEGMENTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "live%d.ts", i);
        snprintf(segments[i], sizeof segments[i], "%s", process_path(name));
        arguments[5 + i] = segments[i];
    }
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
    if (cameras.pid > 0) {
        kill(cameras.pid, SIGKILL);
        process_wait(&cameras);
    }
    return process_tear_down(state);
}

static void start_daemon(const char *const *streams, int count)
{
    static int number;
    alarm(GUARD_S); // for this test alone
    if (cameras.pid <= 0) {
        skip();
    }
    char name[32], path[256];
    snprintf(name, sizeof name, "clocks%d.sock", number++);
    snprintf(path, sizeof path, "%s", process_path(name));
    const char *arguments[2 * STREAMS_MAX + 8] = { "--socket",           path,
                                                   "--region",           "0,0,48,48",
                                                   "--wait-subscribers", "1" };
    seen_count = count;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < count; i++) {
        arguments[6 + 2 * i] = "--stream";
        arguments[7 + 2 * i] = streams[i];
    }
    if (is_isolated) {
        arguments[6 + 2 * count] = "--isolate";
    }
    mocapd = process_start(MOCAPD, arguments);
    process_wait_socket(&mocapd, path);
    struct mocap_error error;
    client = mocap_connect(path, START_S * 1000, &error);
    assert_non_null(client);
    const struct mocap_options options = { .encoding = MOCAP_ENCODING_JSON };
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
    return 0;
}

static void take_record(const struct mocap_record *record)
{
    struct seen *stream = NULL;
    for (int i = 0; i < seen_count; i++) {
        if (strcmp(seen[i].name, record->stream) == 0) {
            stream = &seen[i];
        }
    }
    assert_non_null(stream);
    if (stream->records++ == 0) {
        stream->first_pts = record->pts;
        stream->first_arrival_ns = record->t_arrival_ns;
    } else {
        const double gap_s = (double)(record->t_arrival_ns - stream->last_arrival_ns) * 1e-9;
        if (record->pts <= stream->last_pts) {
            fail_msg("%s: pts %.4f after %.4f", stream->name, record->pts, stream->last_pts);
        }
        stream->gap_max_s = fmax(stream->gap_max_s, gap_s);
    }
    stream->last_pts = record->pts;
    stream->last_arrival_ns = record->t_arrival_ns;
}

static json_t *read_status(void)
{
    struct mocap_message message;
    struct mocap_error error;
    assert_int_equal(mocap_request(client, "status", NULL, START_S * 1000, &message, &error),
                     MOCAP_MESSAGE);
    json_t *status = json_loads(message.bytes, 0, NULL);
    assert_non_null(status);
    return status;
}

static const json_t *find_stream(const json_t *status, const char *name)
{
    size_t index;
    const json_t *entry;
    json_array_foreach(json_object_get(status, "streams"), index, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "stream")), name) == 0) {
            return entry;
        }
    }
    fail_msg("no stream %s", name);
    return NULL;
}

static int count_of(const json_t *object, const char *field)
{
    return (int)json_integer_value(json_object_get(object, field));
}

// Frames of the stream so far that gave a record, or had to make room for newer ones.
static int count_used(const json_t *stream)
{
    return count_of(stream, "records") + count_of(json_object_get(stream, "drops"), "mailbox");
}

// Reads until every stream has seen that many frames, or that many seconds have passed.
static void read_records(const int *frames, int seconds)
{
    const int64_t until_ns = mc_clock_now_ns() + seconds * MC_NS_PER_SECOND;
    int64_t look_ns = 0;
    for (bool all = false; !all && mc_clock_now_ns() < until_ns;) {
        struct mocap_message message;
        struct mocap_error error;
        if (mocap_next(client, 100, &message, &error) == MOCAP_MESSAGE &&
            message.type == MOCAP_RECORD) {
            take_record(message.record);
        }
        if (mc_clock_now_ns() > look_ns) {
            look_ns = mc_clock_now_ns() + MC_NS_PER_SECOND / 2;
            json_t *status = read_status();
            all = true;
            for (int i = 0; i < seen_count; i++) {
                all &= count_used(find_stream(status, seen[i].name)) >= frames[i];
            }
            json_decref(status);
        }
    }
}

// Every frame counts and at most that many more, one connection did, and pts and arrivals
// took the same time.
static void check(const int *frames, int more)
{
    json_t *status = read_status();
    for (int i = 0; i < seen_count; i++) {
        const struct seen *stream = &seen[i];
        const json_t *entry = find_stream(status, stream->name);
        const json_t *drops = json_object_get(entry, "drops");
        const double pts_s = stream->last_pts - stream->first_pts;
        const double true_s = (double)(stream->last_arrival_ns - stream->first_arrival_ns) * 1e-9;
        print_message("%-8s %4d of %4d frames, %4d records, gap %.2f s, pts %.2f of %.2f s\n",
                      stream->name, count_used(entry), frames[i], (int)stream->records,
                      stream->gap_max_s, pts_s, true_s);
        assert_int_equal(count_of(drops, "late"), 0);
        assert_int_equal(count_of(drops, "decode"), 0);
        assert_int_equal(count_of(entry, "connects"), 1);
        assert_int_equal(json_is_true(json_object_get(entry, "isolated")), is_isolated);
        assert_in_range(count_used(entry), frames[i], frames[i] + more);
        assert_true(fabs(pts_s - true_s) < 0.03 * true_s + 0.2);
    }
    json_decref(status);
}

static void run(const char *const *names, const char *const *urls, const int *frames, int count,
                int more)
{
    static char streams[STREAMS_MAX][128];
    const char *pointers[STREAMS_MAX];
    for (int i = 0; i < count; i++) {
        snprintf(streams[i], sizeof streams[i], "%s=%s", names[i], urls[i]);
        pointers[i] = streams[i];
    }
    start_daemon(pointers, count);
    for (int i = 0; i < count; i++) {
        seen[i].name = names[i];
    }
    read_records(frames, 40);
    check(frames, more);
}

static void stamps_of_every_kind_cost_no_frame(void **state)
{
    (void)state;
    static const char *const clocks[] = { "true",  "slow10",   "fast10",  "slow17",
                                          "back5", "back1h",   "ahead1h", "once",
                                          "wrap",  "constant", "twice" };
    enum { COUNT = sizeof clocks / sizeof clocks[0], FRAMES = 120 };
    char urls[COUNT][128];
    const char *pointers[COUNT];
    int frames[COUNT];
    for (int i = 0; i < COUNT; i++) {
        snprintf(urls[i], sizeof urls[i], "rtsp://127.0.0.1:%d/%s?10,%d", rtsp_port, clocks[i],
                 FRAMES);
        pointers[i] = urls[i];
        frames[i] = FRAMES - 1; // the end of the last may not be known
    }
    run(clocks, pointers, frames, COUNT, 1);
}

static void mjpeg_over_http_gives_every_frame_at_any_rate(void **state)
{
    (void)state;
    static const char *const names[] = { "5", "15", "24", "30", "60", "vary" };
    static const int frames[] = { 40, 90, 144, 180, 360, 50 };
    enum { COUNT = sizeof names / sizeof names[0] };
    char urls[COUNT][128];
    const char *pointers[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const bool vary = strcmp(names[i], "vary") == 0;
        snprintf(urls[i], sizeof urls[i], "http://127.0.0.1:%d/%s,%d%s", http_port,
                 vary ? "1" : names[i], frames[i], vary ? ",vary" : "");
        pointers[i] = urls[i];
    }
    run(names, pointers, frames, COUNT, 0);
}

// Segments of 2 s come at once, and play out at 25 frames/s.
static void hls_plays_out_evenly(void **state)
{
    (void)state;
    static const char *const name = "hls";
    static const int frames = 300;
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/live.m3u8", http_port);
    const char *const pointer = url;
    run(&name, &pointer, &frames, 1, 25);
    assert_true(seen[0].gap_max_s < 0.5);
    const double true_s = (double)(seen[0].last_arrival_ns - seen[0].first_arrival_ns) * 1e-9;
    assert_true(fabs((double)frames / 25 - true_s) < 1.5);
}

static void an_sdp_file_is_played(void **state)
{
    (void)state;
    static const char *const name = "sdp";
    static const int frames = 60;
    const char *path = process_path("cam.sdp");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=camera\nc=IN IP4 127.0.0.1\nt=0 0\n"
            "m=video %d RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1\n",
            rtp_port);
    fclose(file);
    run(&name, &path, &frames, 1, 100);
}

int main(int argc, char **argv)
{
    is_isolated = argc > 1 && strcmp(argv[1], "isolated") == 0;
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(stamps_of_every_kind_cost_no_frame),
        TEST(mjpeg_over_http_gives_every_frame_at_any_rate),
        TEST(hls_plays_out_evenly),
        TEST(an_sdp_file_is_played),
    };
    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
