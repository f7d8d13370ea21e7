// What a webcam's URL says, and drivers that lie: ioctl is our own here, the device /dev/zero.
// Webcams that don't are tested in tests/rigs.
#include <errno.h>
#include <linux/videodev2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/clock.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/v4l2.h"

static void options_are_read(void **state)
{
    (void)state;
    struct pipeline_v4l2_options options;
    struct mc_error err = { 0 };
    assert_true(pipeline_v4l2_parse("/dev/video0", &options, &err));
    assert_string_equal(options.device, "/dev/video0");
    assert_int_equal(options.width, 640);
    assert_int_equal(options.height, 480);
    assert_true(options.rate == 30);
    assert_int_equal(options.format, PIPELINE_V4L2_ANY);
    assert_true(pipeline_v4l2_parse("/dev/v4l/by-id/usb-A_B-video-index0?size=1280x720&rate=7.5"
                                    "&format=mjpeg",
                                    &options, &err));
    assert_string_equal(options.device, "/dev/v4l/by-id/usb-A_B-video-index0");
    assert_int_equal(options.width, 1280);
    assert_int_equal(options.height, 720);
    assert_true(options.rate == 7.5);
    assert_int_equal(options.format, PIPELINE_V4L2_MJPEG);
    assert_true(pipeline_v4l2_parse("/dev/video1?format=yuyv", &options, &err));
    assert_int_equal(options.format, PIPELINE_V4L2_YUYV);
}

static void a_bad_url_is_refused_with_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "", "must name a device such as /dev/video0" },
        { "?size=1x1", "must name a device such as /dev/video0" },
        { "/dev/video0?", "an option must be NAME=VALUE, got ''" },
        { "/dev/video0?size", "an option must be NAME=VALUE, got 'size'" },
        { "/dev/video0?size=640", "size must be WIDTHxHEIGHT in pixels, got '640'" },
        { "/dev/video0?size=640x480x", "size must be WIDTHxHEIGHT in pixels, got '640x480x'" },
        { "/dev/video0?size=99999x99999",
          "size must be WIDTHxHEIGHT in pixels, got '99999x99999'" },
        { "/dev/video0?size=-1x480", "size must be WIDTHxHEIGHT in pixels, got '-1x480'" },
        { "/dev/video0?rate=0", "rate must be 1 to 1000 frames per second, got '0'" },
        { "/dev/video0?rate=nan", "rate must be 1 to 1000 frames per second, got 'nan'" },
        { "/dev/video0?format=h264", "format must be mjpeg or yuyv, got 'h264'" },
        { "/dev/video0?rate=30&zoom=2",
          "a webcam's option must be size, rate or format, got 'zoom'" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pipeline_v4l2_options options;
        struct mc_error err = { 0 };
        assert_false(pipeline_v4l2_parse(cases[i].text, &options, &err));
        assert_string_equal(err.message, cases[i].message);
    }
    char text[5000];
    struct pipeline_v4l2_options options;
    struct mc_error err = { 0 };
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_false(pipeline_v4l2_parse(text, &options, &err));
    memcpy(text, "/d?", 3);
    assert_false(pipeline_v4l2_parse(text, &options, &err));
}

// ---- drivers

static struct {
    uint32_t format;      // that its list has
    uint32_t first, last; // where in the list; all others are of another format
    uint32_t size_image, line_bytes, buffers;
    int listed; // calls so far
} driver;

enum { WIDTH = 640, HEIGHT = 480, BUFFER_BYTES = 1 << 20, USED_BYTES = 600000 };

static int answer(unsigned long request, void *argument)
{
    switch (request) {
    case VIDIOC_QUERYCAP:
        ((struct v4l2_capability *)argument)->capabilities =
            V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *entry = argument;
        driver.listed++;
        entry->pixelformat = entry->index >= driver.first && entry->index <= driver.last
                                 ? driver.format
                                 : V4L2_PIX_FMT_SGRBG8;
        return 0; // for ever
    }
    case VIDIOC_S_FMT: {
        struct v4l2_pix_format *format = &((struct v4l2_format *)argument)->fmt.pix;
        format->width = WIDTH;
        format->height = HEIGHT;
        format->sizeimage = driver.size_image;
        format->bytesperline = driver.line_bytes;
        return 0;
    }
    case VIDIOC_REQBUFS:
        ((struct v4l2_requestbuffers *)argument)->count = driver.buffers;
        return 0;
    case VIDIOC_QUERYBUF:
        ((struct v4l2_buffer *)argument)->length = BUFFER_BYTES;
        return 0;
    case VIDIOC_DQBUF:
        ((struct v4l2_buffer *)argument)->bytesused = USED_BYTES;
        return 0;
    case VIDIOC_S_PARM:
    case VIDIOC_QBUF:
    case VIDIOC_STREAMON:
        return 0;
    default:
        errno = ENOTTY;
        return -1;
    }
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    (void)fd;
    va_start(arguments, request);
    const int result = answer(request, va_arg(arguments, void *));
    va_end(arguments);
    return result;
}

// Opens the camera and reads a frame. Returns its bytes; 0 and err when it can't be opened.
static int open_and_read(struct mc_error *err)
{
    const struct pipeline_v4l2_options options = {
        .device = "/dev/zero", .width = WIDTH, .height = HEIGHT, .rate = 30
    };
    bool permanent;
    AVFormatContext *format = avformat_alloc_context();
    AVPacket *packet = av_packet_alloc();
    struct pipeline_stop stop;
    assert_true(pipeline_stop_init(&stop, err));
    struct pipeline_v4l2 *camera =
        pipeline_v4l2_open(&options, avformat_new_stream(format, NULL), &permanent, err);
    int bytes = 0;
    if (camera != NULL) {
        assert_int_equal(pipeline_v4l2_read(camera, &stop, INT64_MAX, packet, err),
                         PIPELINE_V4L2_PACKET);
        bytes = packet->size;
    }
    pipeline_v4l2_close(camera);
    pipeline_stop_finish(&stop);
    av_packet_free(&packet);
    avformat_free_context(format);
    return bytes;
}

static int set_up(void **state)
{
    (void)state;
    memset(&driver, 0, sizeof driver);
    driver.format = V4L2_PIX_FMT_MJPEG;
    driver.size_image = BUFFER_BYTES;
    driver.buffers = 4;
    return 0;
}

static void a_list_of_formats_without_an_end_is_left(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    driver.first = driver.last = UINT32_MAX;
    assert_int_equal(open_and_read(&err), 0);
    assert_string_equal(err.message, "has no format that mocapd reads");
    assert_in_range(driver.listed, 1, 4 * PIPELINE_V4L2_FORMATS_MAX);
}

static void a_driver_that_does_not_say_how_large_a_frame_may_be_is_read(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    driver.size_image = 0;
    assert_int_equal(open_and_read(&err), USED_BYTES);
}

static void what_a_driver_says_wrongly_is_said_clearly(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    driver.buffers = 1;
    assert_int_equal(open_and_read(&err), 0);
    assert_string_equal(err.message, "the driver gave 1 buffers; at least 2 are needed");
    driver.buffers = 4;
    driver.format = V4L2_PIX_FMT_YUYV;
    driver.line_bytes = 640;
    assert_int_equal(open_and_read(&err), 0);
    assert_string_equal(err.message,
                        "the driver's stride of 640 bytes is less than a row of 1280 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(a_bad_url_is_refused_with_the_reason),
        cmocka_unit_test_setup(a_list_of_formats_without_an_end_is_left, set_up),
        cmocka_unit_test_setup(a_driver_that_does_not_say_how_large_a_frame_may_be_is_read, set_up),
        cmocka_unit_test_setup(what_a_driver_says_wrongly_is_said_clearly, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
