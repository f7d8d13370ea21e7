// Where sources may lead: to their own server or folder, and nowhere else. What they must
// not reach is a server on another port, which counts its visitors.
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "pipeline/source/source.h"
#include "pipeline/source/stop.h"
#include "tests/pipeline/clip_file.h"

enum { FRAMES = 30 };

static char directory[64], outside[64]; // of playlists, and another one
static struct pipeline_stop stop;
// What is served: a clip of a usual codec, and one of an old one.
static struct served {
    char bytes[60000];
    size_t size;
} clip, old_clip;

// A server of one thread: one answer a connection.
struct server {
    int listener, port;
    pthread_t thread;
    int visits;
};

static struct server camera, victim;

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void paint(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    memset(rgb, 8 * index, (size_t)width * (size_t)height * 3);
}

static void write_clip(const char *path, const char *encoder)
{
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = encoder,
                                       .width = 64,
                                       .height = 48,
                                       .frames = FRAMES,
                                       .rate = 25,
                                       .paint = paint });
}

static void write_text(const char *path, const char *format, ...)
{
    va_list arguments;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    assert_int_equal(fclose(file), 0);
}

#define PLAYLIST "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.2,\n%s\n#EXT-X-ENDLIST\n"

// The body of the camera's answer to a path.
static size_t make_body(const char *path, char *body, size_t size)
{
    char segment[128];
    if (strncmp(path, "/own.m3u8", 9) == 0) {
        return (size_t)snprintf(body, size, PLAYLIST, "clip.ts");
    }
    if (strncmp(path, "/away.m3u8", 10) == 0) {
        snprintf(segment, sizeof segment, "http://127.0.0.1:%d/clip.ts", victim.port);
        return (size_t)snprintf(body, size, PLAYLIST, segment);
    }
    if (strncmp(path, "/local.m3u8", 11) == 0) {
        snprintf(segment, sizeof segment, "file://%s/clip.ts", directory);
        return (size_t)snprintf(body, size, PLAYLIST, segment);
    }
    if (strncmp(path, "/concat", 7) == 0) {
        return (size_t)snprintf(body, size, "ffconcat version 1.0\nfile %s/clip.ts\n", directory);
    }
    const struct served *served = strncmp(path, "/old.avi", 8) == 0 ? &old_clip : &clip;
    memcpy(body, served->bytes, served->size);
    return served->size;
}

static size_t make_redirect(const char *request, char *answer, size_t size)
{
    if (strncmp(request, "GET /home", 9) == 0) {
        return (size_t)snprintf(answer, size,
                                "HTTP/1.1 302 Found\r\nLocation: /clip.ts\r\n"
                                "Content-Length: 0\r\n\r\n");
    }
    if (strncmp(request, "GET /away ", 10) == 0) {
        return (size_t)snprintf(answer, size,
                                "HTTP/1.1 302 Found\r\nlocation:http://127.0.0.1:%d/clip.ts\r\n"
                                "Content-Length: 0\r\n\r\n",
                                victim.port);
    }
    if (strncmp(request, "GET /slashes", 12) == 0) {
        return (size_t)snprintf(answer, size,
                                "HTTP/1.1 307 Temporary\r\nLocation: //127.0.0.1:%d/clip.ts\r\n"
                                "Content-Length: 0\r\n\r\n",
                                victim.port);
    }
    if (strncmp(request, "GET", 3) != 0) { // RTSP
        return (size_t)snprintf(answer, size,
                                "RTSP/1.0 302 Found\r\nCSeq: 1\r\n"
                                "Location: rtsp://127.0.0.1:%d/x\r\n\r\n",
                                victim.port);
    }
    return 0;
}

static void answer(int connection)
{
    char request[4096];
    static char body[60000], header[512];
    const ssize_t length = recv(connection, request, sizeof request - 1, 0);
    if (length <= 0) {
        return;
    }
    request[length] = '\0';
    size_t size = make_redirect(request, header, sizeof header);
    if (size == 0) {
        const size_t bytes = make_body(request + 4, body, sizeof body);
        size = (size_t)snprintf(header, sizeof header,
                                "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                "Content-Length: %zu\r\n\r\n",
                                bytes);
        send(connection, header, size, MSG_NOSIGNAL);
        send(connection, body, bytes, MSG_NOSIGNAL);
    } else {
        send(connection, header, size, MSG_NOSIGNAL);
    }
}

static void *serve(void *argument)
{
    struct server *server = argument;
    int connection;
    while ((connection = accept(server->listener, NULL, NULL)) >= 0) {
        server->visits++;
        answer(connection);
        shutdown(connection, SHUT_RDWR);
        close(connection);
    }
    return NULL;
}

static void server_start(struct server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static void make_served(struct served *served, const char *name, const char *encoder)
{
    write_clip(path_of(name), encoder);
    FILE *file = fopen(path_of(name), "rb");
    served->size = fread(served->bytes, 1, sizeof served->bytes, file);
    fclose(file);
    assert_in_range(served->size, 1000, sizeof served->bytes - 1);
}

static int set_up(void **state)
{
    (void)state;
    clip_directory_make(directory, sizeof directory);
    clip_directory_make(outside, sizeof outside);
    assert_true(pipeline_stop_init(&stop, NULL));
    make_served(&clip, "clip.ts", "mpeg2video");
    make_served(&old_clip, "old.avi", "cinepak");
    server_start(&camera);
    server_start(&victim);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop(&camera);
    server_stop(&victim);
    clip_directory_remove(outside);
    clip_directory_remove(directory);
    pipeline_stop_finish(&stop);
    return 0;
}

// Reads the source to its end; -1 when it can't be opened, then err says why.
static int count_packets(const char *url, struct mc_error *err)
{
    bool permanent;
    *err = (struct mc_error){ 0 };
    struct pipeline_source *source = pipeline_source_open(url, false, 0, &stop, &permanent, err);
    if (source == NULL) {
        return -1;
    }
    AVPacket *packet = av_packet_alloc();
    int count = 0;
    while (pipeline_source_read(source, packet, err) == PIPELINE_READ_PACKET) {
        count++;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    pipeline_source_close(source);
    return count;
}

static const char *camera_url(const char *scheme, const char *path)
{
    static char url[128];
    snprintf(url, sizeof url, "%s://127.0.0.1:%d/%s", scheme, camera.port, path);
    return url;
}

static void assert_plays(const char *url)
{
    struct mc_error err;
    const int count = count_packets(url, &err);
    if (count != FRAMES) {
        fail_msg("%s: %d packets: %s", url, count, err.message);
    }
}

// No packet comes, nobody visits the victim, and the error has the words in it.
static void assert_leads_nowhere(const char *url, const char *words)
{
    struct mc_error err;
    const int count = count_packets(url, &err);
    if (count > 0 || strstr(err.message, words) == NULL) {
        fail_msg("%s: %d packets, \"%s\"; not \"%s\"", url, count, err.message, words);
    }
    assert_int_equal(victim.visits, 0);
}

static void a_redirect_stays_on_its_server(void **state)
{
    (void)state;
    assert_plays(camera_url("http", "clip.ts"));
    assert_plays(camera_url("http", "home"));
    assert_leads_nowhere(camera_url("http", "away"), "which must be on the same server");
    assert_leads_nowhere(camera_url("http", "slashes"), "which must be on the same server");
    assert_leads_nowhere(camera_url("rtsp", "x"), "which must be on the same server");
}

static void a_playlist_of_the_network_stays_on_its_server(void **state)
{
    (void)state;
    assert_plays(camera_url("http", "own.m3u8"));
    assert_leads_nowhere(camera_url("http", "away.m3u8"), "");
    assert_leads_nowhere(camera_url("http", "local.m3u8"), "");
    assert_leads_nowhere(camera_url("http", "concat"), "");
}

static void a_server_may_send_only_usual_codecs(void **state)
{
    (void)state;
    assert_leads_nowhere(camera_url("http", "old.avi"),
                         "codec (cinepak) is decoded from local files only");
    assert_plays(path_of("old.avi"));
    const char *path = path_of("old.sdp"); // anybody may send to its port
    write_text(path, "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 VC2/90000\n");
    assert_leads_nowhere(path, "codec (dirac) is decoded from local files only");
}

static void a_local_playlist_stays_in_its_folder(void **state)
{
    (void)state;
    char path[128], segment[256];
    snprintf(path, sizeof path, "%s", path_of("list.m3u8"));
    write_text(path, PLAYLIST, "clip.ts");
    assert_plays(path);
    snprintf(segment, sizeof segment, "%s/clip.ts", directory);
    write_text(path, PLAYLIST, segment);
    assert_plays(path);
    snprintf(segment, sizeof segment, "http://127.0.0.1:%d/clip.ts", victim.port);
    write_text(path, PLAYLIST, segment);
    assert_leads_nowhere(path, "");
    char target[128];
    snprintf(target, sizeof target, "%s/clip.ts", outside);
    write_clip(target, "mpeg2video");
    snprintf(segment, sizeof segment, "..%s/clip.ts", strrchr(outside, '/'));
    write_text(path, PLAYLIST, segment);
    assert_leads_nowhere(path, "");
    assert_int_equal(symlink(target, path_of("link.ts")), 0);
    write_text(path, PLAYLIST, "link.ts");
    assert_leads_nowhere(path, "");

    snprintf(path, sizeof path, "%s", path_of("list.ffconcat"));
    write_text(path, "ffconcat version 1.0\nfile clip.ts\n");
    assert_plays(path);
    write_text(path, "ffconcat version 1.0\nfile http://127.0.0.1:%d/clip.ts\n", victim.port);
    assert_leads_nowhere(path, "");
    write_text(path, "ffconcat version 1.0\nfile /etc/hostname\n");
    assert_leads_nowhere(path, "");
}

static void numbered_images_are_many_only_when_asked_for(void **state)
{
    (void)state;
    struct mc_error err;
    char url[160];
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, i == 0 ? "p%%03d.jpg" : "p%03d.jpg", i);
        clip_write(&(struct clip_options){ .path = path_of("one.avi"),
                                           .encoder = "mjpeg",
                                           .width = 32,
                                           .height = 32,
                                           .frames = 1,
                                           .rate = 25,
                                           .paint = paint });
        // The JPEG alone.
        static char avi[20000];
        FILE *file = fopen(path_of("one.avi"), "rb");
        const size_t size = fread(avi, 1, sizeof avi, file);
        fclose(file);
        const char *start = memmem(avi, size, "\xff\xd8\xff", 3);
        const char *end = memmem(start, size - (size_t)(start - avi), "\xff\xd9", 2);
        file = fopen(path_of(name), "wb");
        fwrite(start, 1, (size_t)(end + 2 - start), file);
        fclose(file);
    }
    snprintf(url, sizeof url, "%s", path_of("p%03d.jpg"));
    assert_int_equal(count_packets(url, &err), 1);
    snprintf(url, sizeof url, "%s", path_of("p002.jpg"));
    assert_int_equal(count_packets(url, &err), 1);
    snprintf(url, sizeof url, "images:%s", path_of("p%03d.jpg"));
    assert_int_equal(count_packets(url, &err), 3);
    assert_int_equal(count_packets("images:/tmp/p.jpg", &err), -1);
    assert_non_null(strstr(err.message, "images: must be a path with a number in it"));
}

static void escapes_of_a_file_url_are_decoded(void **state)
{
    (void)state;
    char url[160];
    struct mc_error err;
    write_clip(path_of("a b.ts"), "mpeg2video");
    snprintf(url, sizeof url, "file://%s", path_of("a%20b.ts"));
    assert_plays(url);
    snprintf(url, sizeof url, "file://localhost%s", path_of("a%20b.ts"));
    assert_plays(url);
    assert_int_equal(count_packets(path_of("a%20b.ts"), &err), -1);
    assert_int_equal(count_packets("file://elsewhere/clip.ts", &err), -1);
    assert_non_null(strstr(err.message, "must be file:///PATH of this machine"));
    assert_int_equal(count_packets("file:///tmp/%00", &err), -1);
    assert_non_null(strstr(err.message, "must be %01 to %FF, got '%00'"));
}

// ---- a session of RTP, as its description says

struct sender {
    int port;
    AVFormatContext *from, *to;
    atomic_bool is_done;
};

static void *send_frames(void *argument)
{
    struct sender *sender = argument;
    AVPacket *packet = av_packet_alloc();
    for (int64_t pts = 0; !atomic_load(&sender->is_done); pts += 3600) {
        if (av_read_frame(sender->from, packet) < 0) {
            av_seek_frame(sender->from, 0, 0, AVSEEK_FLAG_BACKWARD);
            continue;
        }
        packet->stream_index = 0;
        packet->pts = packet->dts = pts;
        (void)av_write_frame(sender->to, packet); // refused until somebody listens
        av_packet_unref(packet);
        usleep(10000);
    }
    av_packet_free(&packet);
    return NULL;
}

static void sender_open(struct sender *sender, char *description, int size)
{
    char url[64];
    const char *path = path_of("rtp.mp4");
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "mpeg4",
                                       .width = 64,
                                       .height = 48,
                                       .frames = 10,
                                       .rate = 25,
                                       .paint = paint });
    snprintf(url, sizeof url, "rtp://127.0.0.1:%d", sender->port);
    assert_int_equal(avformat_open_input(&sender->from, path, NULL, NULL), 0);
    assert_true(avformat_find_stream_info(sender->from, NULL) >= 0);
    assert_true(avformat_alloc_output_context2(&sender->to, NULL, "rtp", url) >= 0);
    AVStream *stream = avformat_new_stream(sender->to, NULL);
    avcodec_parameters_copy(stream->codecpar, sender->from->streams[0]->codecpar);
    stream->codecpar->codec_tag = 0;
    assert_true(avio_open(&sender->to->pb, url, AVIO_FLAG_WRITE) >= 0);
    assert_true(avformat_write_header(sender->to, NULL) >= 0);
    assert_int_equal(av_sdp_create(&sender->to, 1, description, size), 0);
}

static void an_sdp_file_plays_what_it_describes(void **state)
{
    (void)state;
    char description[2048];
    struct mc_error err = { 0 };
    struct sender sender = { .port = 20000 + 2 * (getpid() % 5000) };
    bool permanent;
    sender_open(&sender, description, sizeof description);
    const char *path = path_of("cam.sdp");
    write_text(path, "%s", description);
    struct pipeline_source *source = pipeline_source_open(path, false, 0, &stop, &permanent, &err);
    assert_string_equal(err.message, "");
    assert_true(pipeline_source_is_live(source));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_frames, &sender), 0);
    AVPacket *packet = av_packet_alloc();
    for (int i = 0; i < 15; i++) {
        assert_int_equal(pipeline_source_read(source, packet, &err), PIPELINE_READ_PACKET);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    atomic_store(&sender.is_done, true);
    pthread_join(thread, NULL);
    pipeline_source_close(source);
    av_write_trailer(sender.to); // frees the muxer's own memory
    avio_closep(&sender.to->pb);
    avformat_free_context(sender.to);
    avformat_close_input(&sender.from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redirect_stays_on_its_server),
        cmocka_unit_test(a_playlist_of_the_network_stays_on_its_server),
        cmocka_unit_test(a_server_may_send_only_usual_codecs),
        cmocka_unit_test(a_local_playlist_stays_in_its_folder),
        cmocka_unit_test(numbered_images_are_many_only_when_asked_for),
        cmocka_unit_test(escapes_of_a_file_url_are_decoded),
        cmocka_unit_test(an_sdp_file_plays_what_it_describes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
