// What mocapctl overlay writes is what a player would show: each frame at its time, the
// right way up, with the ratio that it has.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>

#include "tests/integration/process.h"
#include "tests/pipeline/clip_file.h"
#include "tools/lab/image_file.h"
#include "tools/video_writer.h"

enum { WIDTH = 96, HEIGHT = 64, FRAMES = 24 };

// Some at 30 a second, a gap, then slow ones.
static double time_of(int index)
{
    return index < 10 ? index / 30.0 : 2 + (index - 10) * 0.3;
}

static void write_uneven_clip(const char *path)
{
    static uint8_t rgb[HEIGHT * WIDTH * 3];
    struct mc_error err = { 0 };
    struct video_writer *writer = video_writer_create_timed(path, WIDTH, HEIGHT, 30, 1, &err);
    assert_non_null(writer);
    for (int i = 0; i < FRAMES; i++) {
        memset(rgb, 10 * i, sizeof rgb);
        assert_true(video_writer_add_at(writer, time_of(i), rgb, (size_t)WIDTH * 3, &err));
    }
    assert_true(video_writer_finish(writer, &err));
}

static void run_overlay(const char *from, const char *to)
{
    struct process process;
    const char *arguments[] = { "overlay", from, to, NULL };
    assert_int_equal(process_run(&process, MOCAPCTL, arguments), 0);
}

// The times of the video's packets, seconds; returns how many there are.
static int read_times(const char *path, double *times, int size)
{
    AVFormatContext *file = NULL;
    AVPacket *packet = av_packet_alloc();
    int count = 0;
    assert_int_equal(avformat_open_input(&file, path, NULL, NULL), 0);
    while (av_read_frame(file, packet) >= 0) {
        assert_true(count < size);
        times[count++] = (double)packet->pts * av_q2d(file->streams[0]->time_base);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    avformat_close_input(&file);
    return count;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void each_frame_keeps_its_time(void **state)
{
    (void)state;
    static const char *const names[] = { "timed.mp4", "timed.mkv" };
    const char *clip = process_path("uneven.mkv");
    write_uneven_clip(clip);
    for (int k = 0; k < 2; k++) {
        double times[FRAMES];
        const char *out = process_path(names[k]);
        run_overlay(clip, out);
        assert_int_equal(read_times(out, times, FRAMES), FRAMES);
        qsort(times, FRAMES, sizeof times[0], compare); // they come in the order of coding
        for (int i = 0; i < FRAMES; i++) {
            assert_float_equal(times[i] - times[0], time_of(i), 0.0015); // the clip's own rounding
        }
    }
}

// It has no times; so a frame is repeated until the next one is due.
static void a_file_of_constant_rate_takes_as_long(void **state)
{
    (void)state;
    double times[400];
    const char *clip = process_path("uneven.mkv"), *out = process_path("constant.y4m");
    write_uneven_clip(clip);
    run_overlay(clip, out);
    const int count = read_times(out, times, 400);
    assert_int_equal(count, 1 + (int)lround(time_of(FRAMES - 1) * 30));
}

static void paint_quarters(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    (void)index;
    static const uint8_t colours[4][3] = {
        { 250, 20, 20 }, { 20, 250, 20 }, { 20, 20, 250 }, { 250, 250, 250 }
    };
    for (int i = 0; i < width * height; i++) {
        const int quarter = (i % width >= width / 2) + 2 * (i / width >= height / 2);
        memcpy(rgb + (size_t)i * 3, colours[quarter], 3);
    }
}

static void assert_colour(const AVFrame *image, double x, double y, int red, int green, int blue)
{
    const uint8_t *pixel = image->data[0] + (ptrdiff_t)(y * image->height) * image->linesize[0] +
                           (ptrdiff_t)(x * image->width) * 3;
    assert_true(abs(pixel[0] - red) < 60 && abs(pixel[1] - green) < 60 &&
                abs(pixel[2] - blue) < 60);
}

// Turned clockwise; pixels twice as wide as high, before that.
static void the_frame_is_written_as_it_is_displayed(void **state)
{
    (void)state;
    const int32_t matrix[9] = { 0, 65536, 0, -65536, 0, 0, HEIGHT << 16, 0, 1 << 30 };
    const char *clip = process_path("turned.mp4"), *out = process_path("turned.png");
    clip_write(&(struct clip_options){ .path = clip,
                                       .encoder = "mpeg4",
                                       .width = WIDTH,
                                       .height = HEIGHT,
                                       .frames = 3,
                                       .rate = 25,
                                       .display_matrix = matrix,
                                       .pixel_aspect = { 2, 1 },
                                       .paint = paint_quarters });
    run_overlay(clip, out);
    struct mc_error err = { 0 };
    AVFrame *image = lab_image_file_load(out, &err);
    assert_non_null(image);
    assert_int_equal(image->width, HEIGHT);
    assert_int_equal(image->height, 2 * WIDTH);
    assert_int_equal(image->format, AV_PIX_FMT_RGB24);
    assert_colour(image, 0.25, 0.25, 20, 20, 250);
    assert_colour(image, 0.75, 0.25, 250, 20, 20);
    assert_colour(image, 0.25, 0.75, 250, 250, 250);
    assert_colour(image, 0.75, 0.75, 20, 250, 20);
    av_frame_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_frame_keeps_its_time),
        cmocka_unit_test(a_file_of_constant_rate_takes_as_long),
        cmocka_unit_test(the_frame_is_written_as_it_is_displayed),
    };
    return cmocka_run_group_tests(tests, process_set_up, process_tear_down);
}
