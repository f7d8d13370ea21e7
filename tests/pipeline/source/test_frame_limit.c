#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>

#include "pipeline/frame_pool.h"
#include "pipeline/source/decoder.h"
#include "pipeline/source/frame_limit.h"
#include "pipeline/source/source.h"
#include "pipeline/source/stop.h"
#include "tests/pipeline/clip_file.h"

enum { WIDTH = 200, HEIGHT = 120 };

static char directory[64];
static struct pipeline_stop stop;
static bool open_fails; // for want of memory
static int failed_opens;
static int opens;           // of decoders of videos
static int64_t most_pixels; // that one of them was allowed

// FFmpeg's own calls come here, too.
__attribute__((visibility("default"))) int
avcodec_open2(AVCodecContext *context, const AVCodec *codec, AVDictionary **options)
{
    int (*usual)(AVCodecContext *, const AVCodec *, AVDictionary **);
    *(void **)&usual = dlsym(RTLD_NEXT, "avcodec_open2");
    failed_opens += open_fails;
    const int result = open_fails ? AVERROR(ENOMEM) : usual(context, codec, options);
    if (result >= 0 && codec->type == AVMEDIA_TYPE_VIDEO) {
        opens++;
        most_pixels = context->max_pixels > most_pixels ? context->max_pixels : most_pixels;
    }
    return result;
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

static void edges_are_halved_until_the_frame_is_small_enough(void **state)
{
    (void)state;
    assert_int_equal(pipeline_frame_limit_lowres(640, 480, 640 * 480, 3), 0);
    assert_int_equal(pipeline_frame_limit_lowres(641, 480, 640 * 480, 3), 1);
    assert_int_equal(pipeline_frame_limit_lowres(8192, 8192, 4096 * 4096, 3), 1);
    assert_int_equal(pipeline_frame_limit_lowres(8193, 8192, 4096 * 4096, 3), 2);
    assert_int_equal(pipeline_frame_limit_lowres(65535, 65535, 4096 * 4096, 3), -1);
    assert_int_equal(pipeline_frame_limit_lowres(65535, 65535, 4096 * 4096, 0), -1);
    assert_int_equal(pipeline_frame_limit_lowres(0, 0, 4096 * 4096, 0), 0);
}

static void the_size_of_a_jpeg_is_read_and_nothing_beyond_its_end(void **state)
{
    (void)state;
    static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 4,    1,    2,    0xff, 0xff,
                                    0xc2, 0,    11,   8,    1, 0xf4, 0x03, 0x20, 3 };
    int width = 0, height = 0;
    bool can_reduce = true;
    assert_true(pipeline_jpeg_read_size(jpeg, sizeof jpeg, &width, &height, &can_reduce));
    assert_int_equal(width, 800);
    assert_int_equal(height, 500);
    assert_false(can_reduce); // progressive
    for (size_t size = 0; size < sizeof jpeg - 1; size++) {
        uint8_t copy[sizeof jpeg];
        memcpy(copy, jpeg, size);
        assert_false(pipeline_jpeg_read_size(copy, size, &width, &height, &can_reduce));
    }
}

static void paint(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    for (int i = 0; i < width * height * 3; i++) {
        rgb[i] = (uint8_t)(i + index);
    }
}

// Opens a clip of one frame with that limit, in pixels, and decodes it.
static bool decode(const char *name, const char *encoder, int64_t max_pixels,
                   struct pipeline_frame *frame, struct mc_error *err)
{
    char path[128];
    bool permanent;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = encoder,
                                       .width = WIDTH,
                                       .height = HEIGHT,
                                       .frames = 1,
                                       .rate = 25,
                                       .paint = paint });
    struct pipeline_source *source = pipeline_source_open(path, false, 0, &stop, &permanent, err);
    assert_non_null(source);
    struct pipeline_decoder *decoder =
        pipeline_decoder_open(pipeline_source_stream(source), false, 1, max_pixels, NULL, err);
    AVPacket *packet = av_packet_alloc();
    bool decoded = false;
    if (decoder != NULL) {
        assert_int_equal(pipeline_source_read(source, packet, err), PIPELINE_READ_PACKET);
        (void)pipeline_decoder_send(decoder, packet, 0, 0);
        (void)pipeline_decoder_send(decoder, NULL, 0, 0);
        decoded = pipeline_decoder_receive(decoder, frame);
    }
    av_packet_free(&packet);
    pipeline_decoder_close(decoder);
    pipeline_source_close(source);
    return decoded;
}

static void a_large_jpeg_is_reduced_and_other_frames_are_refused(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    struct pipeline_frame frame = { .image = av_frame_alloc() };
    static const struct {
        int64_t max_pixels;
        int lowres;
    } cases[] = {
        { 0, 0 }, { WIDTH * HEIGHT, 0 }, { WIDTH * HEIGHT - 1, 1 }, { 2000, 2 }, { 375, 3 }
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(decode("a.avi", "mjpeg", cases[i].max_pixels, &frame, &err));
        assert_int_equal(frame.lowres, cases[i].lowres);
        assert_int_equal(frame.image->width, WIDTH >> cases[i].lowres);
        assert_int_equal(frame.image->height, HEIGHT >> cases[i].lowres);
        av_frame_unref(frame.image);
    }
    assert_false(decode("a.avi", "mjpeg", 374, &frame, &err));
    assert_true(decode("a.mkv", "ffv1", WIDTH * HEIGHT, &frame, &err));
    av_frame_unref(frame.image);
    assert_false(decode("a.mkv", "ffv1", WIDTH * HEIGHT - 1, &frame, &err));
    assert_string_equal(err.message, "its frames must have at most 23999 pixels, got 200x120; "
                                     "see max-frame-size");
    av_frame_free(&frame.image);
}

static void write_clip(char *path, size_t size, const char *name, const char *encoder, int width,
                       int height)
{
    snprintf(path, size, "%s/%s", directory, name);
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = encoder,
                                       .width = width,
                                       .height = height,
                                       .frames = 3,
                                       .rate = 25,
                                       .paint = paint });
}

// Decodes the clip with a decoder that was opened when nothing was said of its frames' size.
// Returns how many frames came.
static int decode_undeclared(const char *path, int threads, int64_t max_pixels,
                             struct mc_error *refusal)
{
    struct mc_error err = { 0 };
    bool permanent;
    int count = 0;
    struct pipeline_source *source = pipeline_source_open(path, false, 0, &stop, &permanent, &err);
    assert_non_null(source);
    AVStream stream = *pipeline_source_stream(source);
    AVCodecParameters *parameters = avcodec_parameters_alloc();
    assert_true(avcodec_parameters_copy(parameters, stream.codecpar) >= 0);
    parameters->width = parameters->height = 0;
    stream.codecpar = parameters;
    struct pipeline_decoder *decoder =
        pipeline_decoder_open(&stream, false, threads, max_pixels, NULL, &err);
    assert_non_null(decoder);
    struct pipeline_frame frame = { .image = av_frame_alloc() };
    AVPacket *packet = av_packet_alloc();
    for (bool more = true; more;) {
        more = pipeline_source_read(source, packet, &err) == PIPELINE_READ_PACKET;
        (void)pipeline_decoder_send(decoder, more ? packet : NULL, 0, 0);
        av_packet_unref(packet);
        while (pipeline_decoder_receive(decoder, &frame)) {
            count++;
            av_frame_unref(frame.image);
        }
    }
    assert_int_equal(pipeline_decoder_refusal(decoder, refusal), count == 0);
    av_frame_free(&frame.image);
    av_packet_free(&packet);
    pipeline_decoder_close(decoder);
    avcodec_parameters_free(&parameters);
    pipeline_source_close(source);
    return count;
}

// To the pixel, though codecs need larger memory and FFmpeg's own limit is not exact.
static void a_size_that_nobody_declared_is_limited_exactly(void **state)
{
    (void)state;
    static const char *const encoders[] = { "mpeg2video", "mpeg4", "libx264" };
    for (size_t i = 0; i < 2 * sizeof encoders / sizeof encoders[0]; i++) {
        const char *encoder = encoders[i / 2];
        const int threads = i % 2 == 0 ? 1 : 2;
        struct mc_error refusal = { 0 };
        char path[128];
        if (avcodec_find_encoder_by_name(encoder) == NULL) {
            print_message("skipped: FFmpeg has no %s\n", encoder);
            continue;
        }
        write_clip(path, sizeof path, "undeclared.mkv", encoder, WIDTH, HEIGHT);
        assert_int_equal(decode_undeclared(path, threads, WIDTH * HEIGHT, &refusal), 3);
        assert_int_equal(decode_undeclared(path, threads, WIDTH * HEIGHT - 1, &refusal), 0);
        assert_string_equal(refusal.message, "its frames must have at most 23999 pixels, got "
                                             "200x120; see max-frame-size");
    }
}

// Even where FFmpeg would refuse the whole stream because of the size that its container declares.
static void a_jpeg_is_reduced_whatever_its_container_declares(void **state)
{
    (void)state;
    enum { LARGE_WIDTH = 2048, LARGE_HEIGHT = 1152, LIMIT = 64000 };
    static const char *const names[] = { "large.mkv", "large.mov", "large.avi" };
    assert_true(LARGE_WIDTH * LARGE_HEIGHT > LIMIT + PIPELINE_FRAME_PADDING_PIXELS);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mc_error err = { 0 };
        bool permanent;
        char path[128];
        write_clip(path, sizeof path, names[i], "mjpeg", LARGE_WIDTH, LARGE_HEIGHT);
        struct pipeline_source *source =
            pipeline_source_open(path, false, LIMIT, &stop, &permanent, &err);
        assert_non_null(source);
        struct pipeline_decoder *decoder =
            pipeline_decoder_open(pipeline_source_stream(source), true, 1, LIMIT, NULL, &err);
        assert_non_null(decoder);
        struct pipeline_frame frame = { .image = av_frame_alloc() };
        AVPacket *packet = av_packet_alloc();
        int count = 0;
        while (pipeline_source_read(source, packet, &err) == PIPELINE_READ_PACKET) {
            assert_true(pipeline_decoder_send(decoder, packet, 0, 0));
            assert_true(pipeline_decoder_receive(decoder, &frame));
            assert_int_equal(frame.lowres, 3);
            assert_int_equal(frame.image->width, LARGE_WIDTH >> 3);
            assert_int_equal(frame.image->height, LARGE_HEIGHT >> 3);
            av_frame_unref(frame.image);
            av_packet_unref(packet);
            count++;
        }
        assert_int_equal(count, 3);
        av_packet_free(&packet);
        av_frame_free(&frame.image);
        pipeline_decoder_close(decoder);
        pipeline_source_close(source);
    }
}

// Beyond FFmpeg's own limit, too, the reason says what to do.
static void a_size_far_over_the_limit_has_the_same_reason(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bool permanent = false;
    char path[128];
    write_clip(path, sizeof path, "huge.mkv", "mpeg2video", 2048, 1152);
    assert_int_equal(decode_undeclared(path, 1, 1000, &err), 0);
    assert_string_equal(err.message, "its frames must have at most 1000 pixels, got 2048x1152; "
                                     "see max-frame-size");
    snprintf(path, sizeof path, "%s/huge.png", directory); // whose size probing learns, or not
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "png",
                                       .width = 2048,
                                       .height = 1152,
                                       .frames = 1,
                                       .rate = 25,
                                       .paint = paint });
    assert_null(pipeline_source_open(path, false, 1000, &stop, &permanent, &err));
    assert_true(permanent);
    assert_non_null(strstr(err.message, "huge.png: its frames must have at most 1000 pixels, got "
                                        "2048x1152; see max-frame-size"));
    struct pipeline_source *source =
        pipeline_source_open(path, false, 2048 * 1152, &stop, &permanent, &err);
    assert_non_null(source);
    pipeline_source_close(source);
}

// FLV and MPEG-PS say what is in them as they go on, others at their beginning.
static void nothing_is_probed_without_the_limit(void **state)
{
    (void)state;
    static const char *const clips[][2] = {
        { "probed.flv", "flv" },     { "probed.flv", "libx264" }, { "probed.mpg", "mpeg2video" },
        { "probed.mpg", "libx264" }, { "probed.ts", "libx264" },  { "probed.mkv", "ffv1" },
        { "probed.avi", "mpeg4" },
    };
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++) {
        struct mc_error err = { 0 };
        bool permanent;
        char path[128];
        if (avcodec_find_encoder_by_name(clips[i][1]) == NULL) {
            print_message("skipped: FFmpeg has no %s\n", clips[i][1]);
            continue;
        }
        write_clip(path, sizeof path, clips[i][0], clips[i][1], WIDTH, HEIGHT);
        opens = 0;
        most_pixels = 0;
        struct pipeline_source *source =
            pipeline_source_open(path, false, WIDTH * HEIGHT, &stop, &permanent, &err);
        assert_non_null(source);
        assert_true(most_pixels <= WIDTH * HEIGHT + PIPELINE_FRAME_PADDING_PIXELS);
        pipeline_source_close(source);
        assert_true(opens > 0 || i < 4); // of late streams, none is opened
    }
}

static void an_edge_that_cannot_be_displayed_is_refused(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_true(pipeline_frame_limit_check(1 << 20, 8, INT64_MAX, &err));
    assert_false(pipeline_frame_limit_check(8, (1 << 20) + 1, INT64_MAX, &err));
    assert_string_equal(err.message, "its frames' edges must be at most 1048576 pixels long, got "
                                     "8x1048577");
}

// Memory is short just when another reduction is needed: the old codec goes on.
static void a_codec_that_cannot_be_reopened_costs_its_packet_alone(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    bool permanent;
    char paths[2][128];
    struct pipeline_source *sources[2];
    AVPacket *packets[2];
    for (int i = 0; i < 2; i++) {
        write_clip(paths[i], sizeof paths[i], i == 0 ? "small.avi" : "large.avi", "mjpeg",
                   WIDTH << i, HEIGHT << i);
        sources[i] = pipeline_source_open(paths[i], false, 0, &stop, &permanent, &err);
        assert_non_null(sources[i]);
        packets[i] = av_packet_alloc();
        assert_int_equal(pipeline_source_read(sources[i], packets[i], &err), PIPELINE_READ_PACKET);
    }
    struct pipeline_decoder *decoder = pipeline_decoder_open(pipeline_source_stream(sources[0]),
                                                             true, 1, WIDTH * HEIGHT, NULL, &err);
    assert_non_null(decoder);
    struct pipeline_frame frame = { .image = av_frame_alloc() };
    for (int i = 0; i < 3; i++) {
        if (i < 2) {
            failed_opens = 0;
            av_max_alloc(i == 0 ? 1 : INT32_MAX); // none for the context
            open_fails = true;
            assert_false(pipeline_decoder_send(decoder, packets[1], 0, 0));
            open_fails = false;
            av_max_alloc(INT32_MAX);
            assert_int_equal(failed_opens, i);
            assert_false(pipeline_decoder_receive(decoder, &frame));
        }
        const int size = i < 2 ? 0 : 1;
        assert_true(pipeline_decoder_send(decoder, packets[size], 0, 0));
        assert_true(pipeline_decoder_receive(decoder, &frame));
        assert_int_equal(frame.lowres, size);
        assert_int_equal(frame.image->width, WIDTH);
        av_frame_unref(frame.image);
    }
    av_frame_free(&frame.image);
    pipeline_decoder_close(decoder);
    for (int i = 0; i < 2; i++) {
        av_packet_free(&packets[i]);
        pipeline_source_close(sources[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_halved_until_the_frame_is_small_enough),
        cmocka_unit_test(the_size_of_a_jpeg_is_read_and_nothing_beyond_its_end),
        cmocka_unit_test(a_large_jpeg_is_reduced_and_other_frames_are_refused),
        cmocka_unit_test(a_size_that_nobody_declared_is_limited_exactly),
        cmocka_unit_test(a_jpeg_is_reduced_whatever_its_container_declares),
        cmocka_unit_test(a_size_far_over_the_limit_has_the_same_reason),
        cmocka_unit_test(nothing_is_probed_without_the_limit),
        cmocka_unit_test(an_edge_that_cannot_be_displayed_is_refused),
        cmocka_unit_test(a_codec_that_cannot_be_reopened_costs_its_packet_alone),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
