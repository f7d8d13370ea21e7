// What the decoder says of H.264 and of MJPEG whose bytes suffered on the way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>

#include "pipeline/frame_pool.h"
#include "pipeline/source/decoder.h"
#include "pipeline/source/source.h"
#include "pipeline/source/stop.h"
#include "tests/pipeline/clip_file.h"

enum { FRAMES = 12, HURT = 5 }; // frame number HURT is the one that suffers

static char directory[64], h264_path[96], mjpeg_path[96];
static struct pipeline_stop stop;

// Different noise in each frame, so that every frame has many bytes.
static void paint_noise(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    unsigned seed = 1 + (unsigned)index;
    for (int i = 0; i < width * height * 3; i++) {
        seed = seed * 1103515245 + 12345;
        rgb[i] = (uint8_t)(seed >> 24);
    }
}

// A bar that moves over a slope: no frame is the first of another scene.
static void paint_bar(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    for (int i = 0; i < width * height * 3; i++) {
        const int x = i / 3 % width;
        rgb[i] = (uint8_t)(x / 4 == index % (width / 4) ? 255 : x * 2);
    }
}

static int set_up(void **state)
{
    (void)state;
    clip_directory_make(directory, sizeof directory);
    snprintf(h264_path, sizeof h264_path, "%s/noise.h264", directory);
    snprintf(mjpeg_path, sizeof mjpeg_path, "%s/noise.mkv", directory);
    assert_true(pipeline_stop_init(&stop, NULL));
    struct clip_options options = { .path = mjpeg_path,
                                    .encoder = "mjpeg",
                                    .width = 160,
                                    .height = 128,
                                    .frames = FRAMES,
                                    .rate = 25,
                                    .paint = paint_noise };
    clip_write(&options);
    if (avcodec_find_encoder_by_name("libx264") != NULL) {
        options.path = h264_path;
        options.encoder = "libx264";
        clip_write(&options);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    clip_directory_remove(directory);
    pipeline_stop_finish(&stop);
    return 0;
}

static void keep(AVPacket *packet)
{
    (void)packet;
}

static void cut_in_half(AVPacket *packet)
{
    packet->size /= 2;
}

static void lose_the_middle(AVPacket *packet)
{
    const int third = packet->size / 3;
    memmove(packet->data + third, packet->data + 2 * third, (size_t)(packet->size - 2 * third));
    packet->size -= third;
}

static void turn_into_rubbish(AVPacket *packet)
{
    memset(packet->data, 0xff, (size_t)packet->size);
}

// Decodes the clip, its frame HURT spoiled, and notes which packet's frame was
// marked. Returns how many frames came.
static int decode(const char *path, void (*spoil)(AVPacket *packet), bool marked[FRAMES])
{
    if (path == h264_path && avcodec_find_encoder_by_name("libx264") == NULL) {
        print_message("skipped: FFmpeg has no libx264\n");
        skip();
    }
    struct mc_error err = { 0 };
    bool permanent;
    struct pipeline_source *source = pipeline_source_open(path, false, 0, &stop, &permanent, &err);
    assert_non_null(source);
    struct pipeline_decoder *decoder =
        pipeline_decoder_open(pipeline_source_stream(source), true, 1, 0, NULL, &err);
    assert_non_null(decoder);
    struct pipeline_frame frame = { .image = av_frame_alloc() };
    AVPacket *packet = av_packet_alloc();
    int frames = 0;
    memset(marked, 0, FRAMES * sizeof marked[0]);
    for (int number = 0; pipeline_source_read(source, packet, &err) == PIPELINE_READ_PACKET;
         number++) {
        assert_int_equal(av_packet_make_writable(packet), 0);
        if (number == HURT) {
            spoil(packet);
        }
        pipeline_decoder_send(decoder, packet, number, 0);
        av_packet_unref(packet);
        while (pipeline_decoder_receive(decoder, &frame)) {
            assert_in_range(frame.arrival_ns, 0, FRAMES - 1);
            marked[frame.arrival_ns] = frame.damaged;
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

static uint64_t sum_pixels(const AVFrame *image)
{
    uint64_t sum = 0;
    for (int y = 0; y < image->height; y++) {
        for (int x = 0; x < image->width; x++) {
            sum = sum * 31 + image->data[0][y * image->linesize[0] + x];
        }
    }
    return sum;
}

static bool is_mapped(const uint8_t *data)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    return msync((void *)((uintptr_t)data / page * page), page, MS_ASYNC) == 0;
}

// Sources come and go for months: nothing of theirs may stay.
static void a_frame_outlives_its_decoder_and_leaves_no_memory(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bool permanent;
    struct pipeline_source *source =
        pipeline_source_open(mjpeg_path, false, 0, &stop, &permanent, &err);
    assert_non_null(source);
    struct pipeline_decoder *decoder =
        pipeline_decoder_open(pipeline_source_stream(source), true, 1, 0, NULL, &err);
    assert_non_null(decoder);
    struct pipeline_frame frame = { .image = av_frame_alloc() };
    AVPacket *packet = av_packet_alloc();
    assert_int_equal(pipeline_source_read(source, packet, &err), PIPELINE_READ_PACKET);
    assert_true(pipeline_decoder_send(decoder, packet, 0, 0));
    assert_true(pipeline_decoder_receive(decoder, &frame));
    av_packet_free(&packet);
    const uint64_t sum = sum_pixels(frame.image);
    const uint8_t *data = frame.image->data[0];
    pipeline_decoder_close(decoder);
    pipeline_source_close(source);
    assert_true(is_mapped(data));
    assert_true(sum_pixels(frame.image) == sum);
    av_frame_free(&frame.image);
    assert_false(is_mapped(data));
}

static void assert_only(const bool marked[FRAMES], int number)
{
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(marked[i], i == number);
    }
}

static void whole_frames_are_not_marked(void **state)
{
    (void)state;
    bool marked[FRAMES];
    assert_int_equal(decode(h264_path, keep, marked), FRAMES);
    assert_only(marked, -1);
}

static void a_frame_that_lost_bytes_is_marked(void **state)
{
    (void)state;
    bool marked[FRAMES];
    assert_int_equal(decode(h264_path, cut_in_half, marked), FRAMES);
    assert_only(marked, HURT);
    assert_int_equal(decode(h264_path, lose_the_middle, marked), FRAMES);
    assert_only(marked, HURT);
}

// What is left of it shows nothing; the next one refers to it.
static void the_frame_behind_one_that_is_lost_is_marked(void **state)
{
    (void)state;
    bool marked[FRAMES];
    assert_int_equal(decode(h264_path, turn_into_rubbish, marked), FRAMES - 1);
    assert_only(marked, HURT + 1);
}

// Each stands alone, as a webcam sends them: what is lost costs itself.
static void of_mjpeg_only_what_suffered_is_marked(void **state)
{
    (void)state;
    bool marked[FRAMES];
    assert_int_equal(decode(mjpeg_path, keep, marked), FRAMES);
    assert_only(marked, -1);
    assert_int_equal(decode(mjpeg_path, cut_in_half, marked), FRAMES);
    assert_only(marked, HURT);
    assert_int_equal(decode(mjpeg_path, lose_the_middle, marked), FRAMES);
    assert_only(marked, HURT);
    assert_int_equal(decode(mjpeg_path, turn_into_rubbish, marked), FRAMES - 1);
    assert_only(marked, -1);
}

static bool has_encoder(const char *name)
{
    if (avcodec_find_encoder_by_name(name) == NULL) {
        print_message("skipped: FFmpeg has no %s\n", name);
        return false;
    }
    print_message("%s\n", name);
    return true;
}

static const char *const reordering[] = { "mpeg1video", "mpeg2video", "mpeg4", "libx264",
                                          "libx265" };
enum { REORDERING = sizeof reordering / sizeof reordering[0] };

// Encoders send a frame before those that refer to it, though it is shown after them. Live, too,
// frames come as they are shown, from the second key frame on one for a packet, and time does not
// step back.
static void frames_of_packets_out_of_order_come_in_order(void **state)
{
    (void)state;
    enum { COUNT = 40, GROUP = 12 };
    for (int i = 0; i < REORDERING; i++) {
        if (!has_encoder(reordering[i])) {
            continue;
        }
        char path[96];
        snprintf(path, sizeof path, "%s/%s.mkv", directory, reordering[i]);
        clip_write(&(struct clip_options){ .path = path,
                                           .encoder = reordering[i],
                                           .width = 64,
                                           .height = 48,
                                           .frames = COUNT,
                                           .rate = 25,
                                           .b_frames = 3,
                                           .paint = paint_bar });
        struct mc_error err = { 0 };
        bool permanent, more = true, reordered = false;
        struct pipeline_source *source =
            pipeline_source_open(path, false, 0, &stop, &permanent, &err);
        assert_non_null(source);
        struct pipeline_decoder *decoder =
            pipeline_decoder_open(pipeline_source_stream(source), true, 1, 0, NULL, &err);
        assert_non_null(decoder);
        struct pipeline_frame frame = { .image = av_frame_alloc() };
        AVPacket *packet = av_packet_alloc();
        int64_t stamp = INT64_MIN, sent_stamp = INT64_MIN, arrival_ns = 0, complete_ns = 0;
        int frames = 0, keys = 0, behind = 0; // the second key frame
        for (int number = 1; more; number++) {
            more = pipeline_source_read(source, packet, &err) == PIPELINE_READ_PACKET;
            reordered |= more && packet->pts < sent_stamp;
            sent_stamp = packet->pts;
            pipeline_decoder_send(decoder, more ? packet : NULL, number, 0);
            av_packet_unref(packet);
            while (pipeline_decoder_receive(decoder, &frame)) {
                assert_true(frame.image->best_effort_timestamp > stamp);
                stamp = frame.image->best_effort_timestamp;
                assert_true(frame.arrival_ns >= arrival_ns && frame.arrival_ns <= number);
                arrival_ns = frame.arrival_ns;
                assert_int_equal(frame.complete_ns, more ? number : COUNT);
                keys += frame.image->key_frame;
                behind += keys > 1;
                frames++;
                const int settled = pipeline_decoder_skipped(decoder) > 0 ? behind : frames;
                assert_true(settled < 6 || !more || frame.complete_ns == complete_ns + 1);
                complete_ns = frame.complete_ns;
                av_frame_unref(frame.image);
            }
        }
        assert_true(reordered);
        if (pipeline_decoder_skipped(decoder) == 0) {
            assert_int_equal(frames, COUNT);
        } else { // up to the second key frame it is not known yet
            assert_int_equal(behind, COUNT - GROUP);
        }
        av_packet_free(&packet);
        av_frame_free(&frame.image);
        pipeline_decoder_close(decoder);
        pipeline_source_close(source);
    }
}

// Live, a frame that no other one is to be shown before is not held back, whatever stamps say.
static void without_b_frames_each_packet_gives_its_frame(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    static const char *const endings[] = { "mkv", "ts" };
    for (int i = 0; i < 2 * REORDERING; i++) {
        const char *encoder = reordering[i / 2], *ending = endings[i % 2];
        if (!has_encoder(encoder)) {
            continue;
        }
        char path[96];
        snprintf(path, sizeof path, "%s/%s-b0.%s", directory, encoder, ending);
        clip_write(&(struct clip_options){ .path = path,
                                           .encoder = encoder,
                                           .width = 64,
                                           .height = 48,
                                           .frames = COUNT,
                                           .rate = 25,
                                           .paint = paint_bar });
        struct mc_error err = { 0 };
        bool permanent;
        struct pipeline_source *source =
            pipeline_source_open(path, false, 0, &stop, &permanent, &err);
        assert_non_null(source);
        struct pipeline_decoder *decoder =
            pipeline_decoder_open(pipeline_source_stream(source), true, 1, 0, NULL, &err);
        assert_non_null(decoder);
        struct pipeline_frame frame = { .image = av_frame_alloc() };
        AVPacket *packet = av_packet_alloc();
        int frames = 0;
        while (pipeline_source_read(source, packet, &err) == PIPELINE_READ_PACKET) {
            assert_true(pipeline_decoder_send(decoder, packet, 0, 0));
            av_packet_unref(packet);
            assert_true(pipeline_decoder_receive(decoder, &frame));
            av_frame_unref(frame.image);
            assert_false(pipeline_decoder_receive(decoder, &frame));
            frames++;
        }
        assert_int_equal(frames, COUNT);
        assert_int_equal(pipeline_decoder_skipped(decoder), 0);
        av_packet_free(&packet);
        av_frame_free(&frame.image);
        pipeline_decoder_close(decoder);
        pipeline_source_close(source);
    }
}

// Groups of 25 frames that begin with a key frame: with the least effort those come out,
// and with full effort every frame from the next key frame on.
static void reduced_effort_leaves_out_what_it_says(void **state)
{
    (void)state;
    if (!has_encoder("libx264")) {
        skip();
    }
    enum { GROUP = 25, GROUPS = 4, REDUCED = GROUP + 5 };
    char path[96];
    snprintf(path, sizeof path, "%s/groups.mp4", directory);
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "libx264",
                                       .width = 64,
                                       .height = 48,
                                       .frames = GROUPS * GROUP,
                                       .rate = 25,
                                       .paint = paint_noise });
    struct mc_error err = { 0 };
    bool permanent;
    struct pipeline_source *source = pipeline_source_open(path, false, 0, &stop, &permanent, &err);
    assert_non_null(source);
    struct pipeline_decoder *decoder =
        pipeline_decoder_open(pipeline_source_stream(source), true, 1, 0, NULL, &err);
    assert_non_null(decoder);
    struct pipeline_frame frame = { .image = av_frame_alloc() };
    AVPacket *packet = av_packet_alloc();
    int frames = 0, number = 0;
    pipeline_decoder_set_effort(decoder, PIPELINE_DECODE_KEY);
    for (bool more = true; more; number++) {
        if (number == REDUCED) {
            assert_int_equal(frames, 2);
            pipeline_decoder_set_effort(decoder, PIPELINE_DECODE_ALL);
        }
        more = pipeline_source_read(source, packet, &err) == PIPELINE_READ_PACKET;
        pipeline_decoder_send(decoder, more ? packet : NULL, number, 0);
        av_packet_unref(packet);
        while (pipeline_decoder_receive(decoder, &frame)) {
            assert_true(number >= 2 * GROUP || frame.image->key_frame);
            frames++;
            av_frame_unref(frame.image);
        }
    }
    assert_int_equal(frames, 2 + 2 * GROUP);
    assert_in_range(pipeline_decoder_skipped(decoder), 2 * GROUP - 6, 2 * GROUP - 2);
    av_packet_free(&packet);
    av_frame_free(&frame.image);
    pipeline_decoder_close(decoder);
    pipeline_source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_frames_are_not_marked),
        cmocka_unit_test(a_frame_that_lost_bytes_is_marked),
        cmocka_unit_test(the_frame_behind_one_that_is_lost_is_marked),
        cmocka_unit_test(of_mjpeg_only_what_suffered_is_marked),
        cmocka_unit_test(a_frame_outlives_its_decoder_and_leaves_no_memory),
        cmocka_unit_test(frames_of_packets_out_of_order_come_in_order),
        cmocka_unit_test(without_b_frames_each_packet_gives_its_frame),
        cmocka_unit_test(reduced_effort_leaves_out_what_it_says),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
