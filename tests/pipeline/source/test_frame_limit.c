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
    struct pipeline_source *source = pipeline_source_open(path, false, &stop, &permanent, err);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_halved_until_the_frame_is_small_enough),
        cmocka_unit_test(the_size_of_a_jpeg_is_read_and_nothing_beyond_its_end),
        cmocka_unit_test(a_large_jpeg_is_reduced_and_other_frames_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
