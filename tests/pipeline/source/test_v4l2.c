// What a webcam's URL says. The camera itself is tested in tests/rigs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(a_bad_url_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
