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
#include <libavutil/frame.h>

#include "pipeline/frame_pool.h"
#include "pipeline/source/decoder.h"
#include "pipeline/source/source.h"
#include "pipeline/source/stop.h"
#include "tests/pipeline/clip_file.h"

static char directory[64];
static struct pipeline_stop stop;

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    clip_directory_make(directory, sizeof directory);
    assert_true(pipeline_stop_init(&stop, NULL));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    clip_directory_remove(directory);
    pipeline_stop_finish(&stop);
    return 0;
}

static void paint_shade(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    for (int i = 0; i < width * height * 3; i++) {
        rgb[i] = (uint8_t)(index * 8 + i % 50);
    }
}

static void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

// Opening url fails with exactly this, after the name.
static void assert_refused(const char *url, const char *shown, const char *cause)
{
    struct mc_error err = { 0 };
    bool permanent = false;
    assert_null(pipeline_source_open(url, false, 0, &stop, &permanent, &err));
    char wanted[512];
    snprintf(wanted, sizeof wanted, "%s: %s", shown, cause);
    if (strncmp(err.message, wanted, strlen(wanted)) != 0) {
        print_error("got  \"%s\"\nwant \"%s\"\n", err.message, wanted);
        fail();
    }
    assert_true(permanent);
}

static void bad_files_get_one_clear_error_each(void **state)
{
    (void)state;
    assert_refused("/nowhere/clip.mp4", "/nowhere/clip.mp4", "No such file or directory");
    assert_refused(directory, directory, "is a directory, not a video file");
    assert_refused("/dev/null", "/dev/null",
                   "is a device, not a video file; a camera is named v4l2:/dev/null");
    const char *path = path_of("sound.wav");
    clip_write_sound(path);
    assert_refused(path, path, "has no video stream");
    path = path_of("notes.txt");
    static char text[2048]; // FFmpeg takes a short text for nothing at all
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = "Dear diary, today I met a tty that thought it was a camera.\n"[i % 60];
    }
    write_bytes(path, text, sizeof text);
    assert_refused(path, path, "is text, not a video");
    path = path_of("empty.mp4");
    write_bytes(path, "", 0);
    assert_refused(path, path, "is empty, not a video file");
    path = path_of("noise.mp4");
    uint8_t noise[5000];
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)(i * i * 31 >> 3);
    }
    write_bytes(path, noise, sizeof noise);
    assert_refused(path, path, "not a video, or damaged");
    assert_refused("lavfi:nosuchfilter", "lavfi:nosuchfilter", "can't be opened");
    assert_refused("nosuch://me:secret@host/x", "nosuch://***@host/x", "can't be opened");
}

static void a_truncated_file_is_refused_with_the_reason(void **state)
{
    (void)state;
    const char *path = path_of("cut.mp4");
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "mpeg4",
                                       .width = 64,
                                       .height = 48,
                                       .frames = 20,
                                       .rate = 25,
                                       .paint = paint_shade });
    assert_int_equal(truncate(path, 1500), 0); // before the index, which comes last
    assert_refused(path, path,
                   "not a video, or damaged: Invalid data found when processing input "
                   "(moov atom not found)");
}

// A camera that is away may come back; what is written wrongly won't.
static void only_what_may_mend_itself_is_worth_another_try(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bool permanent = true;
    assert_null(
        pipeline_source_open("rtsp://me:secret@127.0.0.1:1/x", false, 0, &stop, &permanent, &err));
    assert_false(permanent);
    assert_null(strstr(err.message, "secret"));
    assert_non_null(strstr(err.message, "Connection refused"));
    permanent = true;
    assert_null(pipeline_source_open("v4l2:/dev/video63", false, 0, &stop, &permanent, &err));
    assert_false(permanent);
}

// A camera that starts: it answers, says little, and hangs up.
static void *say_little(void *argument)
{
    const int listener = *(int *)argument;
    const int connection = accept(listener, NULL, NULL);
    // MPEG-TS packets that hold nothing.
    static uint8_t packets[64][188];
    for (int i = 0; i < 64; i++) {
        memcpy(packets[i], (const uint8_t[4]){ 0x47, 0x1f, 0xff, 0x10 }, 4);
        memset(packets[i] + 4, 0xff, 184);
    }
    assert_int_equal(send(connection, packets, sizeof packets, MSG_NOSIGNAL), sizeof packets);
    close(connection);
    return NULL;
}

static void a_live_source_that_says_too_little_is_tried_again(void **state)
{
    (void)state;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    pthread_t server;
    assert_int_equal(pthread_create(&server, NULL, say_little, &listener), 0);
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    struct mc_error err = { 0 };
    bool permanent = true;
    assert_null(pipeline_source_open(url, false, 0, &stop, &permanent, &err));
    assert_non_null(strstr(err.message, "can't be analysed: End of file"));
    assert_false(permanent);
    pthread_join(server, NULL);
    close(listener);
}

// A web server of the directory's files.
struct web {
    bool tells_length;
    int listener, port;
    pthread_t thread;
};

static void answer(const struct web *web, const char *request, int connection)
{
    static char bytes[1 << 20];
    char header[128], length[48] = "", name[32], path[128];
    assert_int_equal(sscanf(request, "GET /%31s", name), 1);
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (web->tells_length) {
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", size);
    }
    snprintf(header, sizeof header, "HTTP/1.1 200 OK\r\nConnection: close\r\n%s\r\n", length);
    send(connection, header, strlen(header), MSG_NOSIGNAL);
    send(connection, bytes, size, MSG_NOSIGNAL);
}

static void *serve(void *argument)
{
    const struct web *web = argument;
    int connection;
    while ((connection = accept(web->listener, NULL, NULL)) >= 0) {
        char request[4096] = "";
        if (recv(connection, request, sizeof request - 1, 0) > 0) {
            answer(web, request, connection);
        }
        shutdown(connection, SHUT_RDWR);
        close(connection);
    }
    return NULL;
}

static void start_web(struct web *web)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    web->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(web->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(web->listener, 8), 0);
    assert_int_equal(getsockname(web->listener, (struct sockaddr *)&address, &length), 0);
    web->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&web->thread, NULL, serve, web), 0);
}

static void stop_web(struct web *web)
{
    shutdown(web->listener, SHUT_RDWR);
    pthread_join(web->thread, NULL);
    close(web->listener);
}

static int count_frames(const char *url, bool live)
{
    struct mc_error err = { 0 };
    bool permanent;
    struct pipeline_source *source = pipeline_source_open(url, false, 0, &stop, &permanent, &err);
    assert_string_equal(err.message, "");
    assert_non_null(source);
    assert_true(pipeline_source_is_live(source) == live);
    struct pipeline_decoder *decoder =
        pipeline_decoder_open(pipeline_source_stream(source), live, 1, 0, NULL, &err);
    assert_non_null(decoder);
    struct pipeline_frame frame = { .image = av_frame_alloc() };
    AVPacket *packet = av_packet_alloc();
    int frames = 0;
    for (bool more = true; more;) {
        more = pipeline_source_read(source, packet, &err) == PIPELINE_READ_PACKET;
        pipeline_decoder_send(decoder, more ? packet : NULL, 1000 + frames, 0);
        av_packet_unref(packet);
        while (pipeline_decoder_receive(decoder, &frame)) {
            assert_true(frame.decode_ns > 0);
            frames++;
            av_frame_unref(frame.image);
        }
    }
    av_packet_free(&packet);
    av_frame_free(&frame.image);
    pipeline_decoder_close(decoder);
    pipeline_source_close(source);
    return frames;
}

static bool is_live_behind_http(const char *name, bool tells_length)
{
    struct web web = { .tells_length = tells_length };
    struct mc_error err = { 0 };
    bool permanent;
    char url[64];
    start_web(&web);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/%s", web.port, name);
    struct pipeline_source *source = pipeline_source_open(url, false, 0, &stop, &permanent, &err);
    if (source == NULL) {
        fail_msg("%s", err.message);
    }
    const bool live = pipeline_source_is_live(source);
    pipeline_source_close(source);
    stop_web(&web);
    return live;
}

// Whether its container tells a duration or not; what has neither that nor a length is live.
static void a_file_behind_http_has_an_end(void **state)
{
    (void)state;
    static const char *const names[] = { "end.mkv", "end.ts", "end.mpg", "end.m2v" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        clip_write(&(struct clip_options){ .path = path_of(names[i]),
                                           .encoder = "mpeg2video",
                                           .width = 64,
                                           .height = 48,
                                           .frames = 31,
                                           .rate = 25,
                                           .paint = paint_shade });
        assert_false(is_live_behind_http(names[i], true));
        assert_true(is_live_behind_http(names[i], false) == (i != 0)); // Matroska tells it
    }
}

// Probing reads ahead where a container says what is in it as it goes on.
static void every_frame_that_a_server_sends_comes_out(void **state)
{
    (void)state;
    static const char *const clips[][2] = { { "live.flv", "libx264" },
                                            { "live.flv", "flv" },
                                            { "live.mpg", "mpeg2video" },
                                            { "live.ts", "mpeg2video" } };
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++) {
        struct web web = { .tells_length = false };
        char url[64];
        if (avcodec_find_encoder_by_name(clips[i][1]) == NULL) {
            print_message("skipped: FFmpeg has no %s\n", clips[i][1]);
            continue;
        }
        clip_write(&(struct clip_options){ .path = path_of(clips[i][0]),
                                           .encoder = clips[i][1],
                                           .width = 64,
                                           .height = 48,
                                           .frames = 31,
                                           .rate = 25,
                                           .paint = paint_shade });
        start_web(&web);
        snprintf(url, sizeof url, "http://127.0.0.1:%d/%s", web.port, clips[i][0]);
        assert_int_equal(count_frames(url, i >= 2), 31); // FLV tells its duration
        stop_web(&web);
    }
}

// The length is that of the list.
static void a_live_list_of_segments_has_no_end(void **state)
{
    (void)state;
    static const char segments[] = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.24,\nend.ts\n";
    write_bytes(path_of("live.m3u8"), segments, sizeof segments - 1);
    assert_true(is_live_behind_http("live.m3u8", true));
    static const char all[] =
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.24,\nend.ts\n#EXT-X-ENDLIST\n";
    write_bytes(path_of("all.m3u8"), all, sizeof all - 1);
    assert_false(is_live_behind_http("all.m3u8", true));
}

// The second is opened while the list is probed, and read on afterwards.
static void every_frame_of_a_list_of_segments_comes_out(void **state)
{
    (void)state;
    enum { FEW = 5, MANY = 200 };
    static const char list[] =
        "#EXTM3U\n#EXT-X-TARGETDURATION:8\n#EXTINF:0.2,\nfew.ts\n#EXTINF:8,\nmany.ts\n"
        "#EXT-X-ENDLIST\n";
    for (int i = 0; i < 2; i++) {
        clip_write(&(struct clip_options){ .path = path_of(i == 0 ? "few.ts" : "many.ts"),
                                           .encoder = "mpeg2video",
                                           .width = 64,
                                           .height = 48,
                                           .frames = i == 0 ? FEW : MANY,
                                           .rate = 25,
                                           .paint = paint_shade });
    }
    write_bytes(path_of("both.m3u8"), list, sizeof list - 1);
    assert_int_equal(count_frames(path_of("both.m3u8"), false), FEW + MANY);
}

static void every_frame_of_a_file_comes_out(void **state)
{
    (void)state;
    static const struct {
        const char *name, *encoder;
    } cases[] = {
        { "a.mp4", "mpeg4" }, { "a.avi", "mjpeg" }, { "a.mkv", "ffv1" }, { "a.mpg", "mpeg2video" }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = path_of(cases[i].name);
        clip_write(&(struct clip_options){ .path = path,
                                           .encoder = cases[i].encoder,
                                           .width = 64,
                                           .height = 48,
                                           .frames = 31,
                                           .rate = 25,
                                           .paint = paint_shade });
        assert_int_equal(count_frames(path, false), 31);
    }
}

static void lavfi_graphs_are_sources_with_an_end(void **state)
{
    (void)state;
    assert_int_equal(count_frames("lavfi:testsrc=size=64x48:rate=10:duration=1.5", false), 15);
}

// Bytes flipped on the way cost frames, never the program.
static void damaged_packets_cost_their_frames_only(void **state)
{
    (void)state;
    const char *path = path_of("damaged.avi");
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "mpeg4",
                                       .width = 160,
                                       .height = 120,
                                       .frames = 50,
                                       .rate = 25,
                                       .paint = paint_shade });
    FILE *file = fopen(path, "r+b");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    for (long at = 8000; at < size - 3000; at += 997) {
        fseek(file, at, SEEK_SET);
        fputc(0x5a, file);
    }
    fclose(file);
    assert_in_range(count_frames(path, false), 25, 50);
}

static void a_set_stop_flag_ends_opening_at_once(void **state)
{
    (void)state;
    struct pipeline_stop stopped;
    struct mc_error err;
    bool permanent;
    assert_true(pipeline_stop_init(&stopped, NULL));
    pipeline_stop_set(&stopped);
    // An address that never answers; with the flag ignored this takes seconds.
    assert_null(pipeline_source_open("rtsp://192.0.2.1/x", false, 0, &stopped, &permanent, &err));
    assert_false(pipeline_stop_sleep_until(&stopped, INT64_MAX));
    pipeline_stop_finish(&stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_get_one_clear_error_each),
        cmocka_unit_test(a_truncated_file_is_refused_with_the_reason),
        cmocka_unit_test(only_what_may_mend_itself_is_worth_another_try),
        cmocka_unit_test(a_live_source_that_says_too_little_is_tried_again),
        cmocka_unit_test(every_frame_of_a_file_comes_out),
        cmocka_unit_test(a_file_behind_http_has_an_end),
        cmocka_unit_test(every_frame_that_a_server_sends_comes_out),
        cmocka_unit_test(a_live_list_of_segments_has_no_end),
        cmocka_unit_test(every_frame_of_a_list_of_segments_comes_out),
        cmocka_unit_test(lavfi_graphs_are_sources_with_an_end),
        cmocka_unit_test(damaged_packets_cost_their_frames_only),
        cmocka_unit_test(a_set_stop_flag_ends_opening_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
