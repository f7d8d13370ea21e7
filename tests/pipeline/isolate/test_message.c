// What the daemon accepts from a decoder process, which may be in a stranger's hands.
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/pixfmt.h>

#include "base/clock.h"
#include "pipeline/isolate/message.h"

enum { WIDTH = 64, HEIGHT = 48, LINESIZE = 128, SHARED = 1 << 20, LENDS = 4 };

static const struct pipeline_isolate_limits limits = {
    .shared_bytes = SHARED,
    .max_pixels = 640 * 480,
    .lend_count = LENDS,
    .any = true,
    .last_pts = 1,
    .now_ns = 100 * MC_NS_PER_SECOND,
};

// A frame as a decoder sends it.
static union pipeline_isolate_message good_frame(void)
{
    return (union pipeline_isolate_message){
        .frame = {
            .kind = PIPELINE_ISOLATE_FRAME,
            .lend = LENDS - 1,
            .width = WIDTH,
            .height = HEIGHT,
            .format = AV_PIX_FMT_YUV420P,
            .offsets = { 0, 8192, 16384 },
            .linesizes = { LINESIZE, LINESIZE / 2, LINESIZE / 2 },
            .pts = 2,
            .time_base = { 1, 25 },
            .display = pipeline_display_transform_none(WIDTH, HEIGHT),
            .arrival_ns = 99 * MC_NS_PER_SECOND,
            .ready_ns = 99 * MC_NS_PER_SECOND,
        },
    };
}

static bool accepts(union pipeline_isolate_message *message, size_t size)
{
    struct mc_error err = { 0 };
    const bool accepted = pipeline_isolate_message_check(message, size, &limits, &err);
    assert_true(accepted == (err.message[0] == '\0'));
    assert_true(accepted || err.code == MC_ERROR_FORMAT);
    return accepted;
}

static bool accepts_frame(union pipeline_isolate_message message)
{
    return accepts(&message, sizeof message.frame);
}

static void a_frame_within_its_memory_is_accepted(void **state)
{
    (void)state;
    assert_true(accepts_frame(good_frame()));
    union pipeline_isolate_message last = good_frame();
    // The last row of the last plane, and what vector code reads behind it, just fit.
    last.frame.offsets[2] = SHARED - PIPELINE_ISOLATE_GUARD_BYTES - LINESIZE / 2 * (HEIGHT / 2);
    assert_true(accepts_frame(last));
    last.frame.offsets[2]++;
    assert_false(accepts_frame(last));
}

static void a_frame_outside_its_memory_is_refused(void **state)
{
    (void)state;
    static const uint64_t offsets[] = { SHARED, SHARED - 1, (uint64_t)INT64_MAX, UINT64_MAX,
                                        UINT64_MAX - LINESIZE * HEIGHT };
    for (int plane = 0; plane < 3; plane++) {
        for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
            union pipeline_isolate_message message = good_frame();
            message.frame.offsets[plane] = offsets[i];
            assert_false(accepts_frame(message));
        }
        static const int32_t linesizes[] = { INT32_MIN, -LINESIZE, 0, WIDTH / 2 - 1, INT32_MAX };
        for (size_t i = 0; i < sizeof linesizes / sizeof linesizes[0]; i++) {
            union pipeline_isolate_message message = good_frame();
            message.frame.linesizes[plane] = linesizes[i];
            assert_false(accepts_frame(message));
        }
    }
}

static void a_frame_of_impossible_size_or_format_is_refused(void **state)
{
    (void)state;
    static const int32_t sizes[] = { INT32_MIN, -1, 0, 65536, INT32_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        union pipeline_isolate_message wide = good_frame(), high = good_frame();
        wide.frame.width = sizes[i];
        high.frame.height = sizes[i];
        assert_false(accepts_frame(wide));
        assert_false(accepts_frame(high));
    }
    static const int32_t formats[] = { INT32_MIN, -1, AV_PIX_FMT_NB, INT32_MAX, AV_PIX_FMT_VAAPI };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        union pipeline_isolate_message message = good_frame();
        message.frame.format = formats[i];
        assert_false(accepts_frame(message));
    }
    union pipeline_isolate_message message = good_frame();
    message.frame.lend = LENDS;
    assert_false(accepts_frame(message));
}

static void a_palette_is_part_of_the_frame(void **state)
{
    (void)state;
    union pipeline_isolate_message message = good_frame();
    message.frame.format = AV_PIX_FMT_PAL8;
    assert_true(accepts_frame(message));
    message.frame.offsets[1] = SHARED - PIPELINE_ISOLATE_GUARD_BYTES - 1023;
    assert_false(accepts_frame(message));
}

static void times_and_transforms_that_could_not_be_are_refused(void **state)
{
    (void)state;
    static const double stamps[] = { 1, 0, -1e300, NAN, INFINITY };
    for (size_t i = 0; i < sizeof stamps / sizeof stamps[0]; i++) {
        union pipeline_isolate_message message = good_frame();
        message.frame.pts = stamps[i];
        assert_false(accepts_frame(message));
    }
    static const int64_t times[] = { INT64_MIN, -1, 200 * MC_NS_PER_SECOND, INT64_MAX };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        union pipeline_isolate_message arrival = good_frame(), ready = good_frame();
        union pipeline_isolate_message last = good_frame();
        arrival.frame.arrival_ns = ready.frame.ready_ns = times[i];
        last.frame.counts.last_frame_ns = times[i];
        assert_false(accepts_frame(arrival));
        assert_false(accepts_frame(ready));
        assert_false(accepts_frame(last));
    }
    static const float scales[] = { 0, NAN, INFINITY, 1e-9f, 1e9f };
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        union pipeline_isolate_message across = good_frame(), down = good_frame();
        union pipeline_isolate_message shift = good_frame(), flat = good_frame();
        across.frame.display.to_coded.xx = scales[i];
        down.frame.display.to_coded.yy = scales[i];
        shift.frame.display.to_coded.x0 = scales[i] > 0 && scales[i] < 1 ? NAN : scales[i];
        flat.frame.display.to_coded.xy = flat.frame.display.to_coded.yx = 1;
        assert_false(accepts_frame(across));
        assert_false(accepts_frame(down));
        assert_true(scales[i] == 0 || !accepts_frame(shift));
        assert_false(accepts_frame(flat)); // both axes are one
    }
    union pipeline_isolate_message message = good_frame();
    message.frame.display.width = INT_MAX;
    assert_false(accepts_frame(message));
    message = good_frame();
    message.frame.lowres = 31;
    assert_false(accepts_frame(message));
    message = good_frame();
    message.frame.counts.late = UINT64_MAX;
    assert_false(accepts_frame(message));
}

static void a_message_has_the_length_of_its_kind(void **state)
{
    (void)state;
    for (size_t size = 0; size <= sizeof(union pipeline_isolate_message); size++) {
        union pipeline_isolate_message message = good_frame();
        assert_int_equal(accepts(&message, size), size == sizeof message.frame);
    }
    static const int kinds[] = { PIPELINE_ISOLATE_START,
                                 PIPELINE_ISOLATE_STOP,
                                 PIPELINE_ISOLATE_RELEASE,
                                 PIPELINE_ISOLATE_KINDS,
                                 -1,
                                 INT_MAX };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        union pipeline_isolate_message message = { .kind = (enum pipeline_isolate_kind)kinds[i] };
        const size_t size = pipeline_isolate_message_bytes(message.kind);
        assert_false(accepts(&message, size));
    }
}

static void texts_end_and_hide_secrets(void **state)
{
    (void)state;
    union pipeline_isolate_message message = { .log = { .kind = PIPELINE_ISOLATE_LOG } };
    memset(message.log.text, 'x', sizeof message.log.text);
    assert_true(accepts(&message, sizeof message.log));
    assert_int_equal(strlen(message.log.text), sizeof message.log.text - 1);
    strcpy(message.log.text, "rtsp://me:secret@host/a\x1b[2J\xff\xc3\xa9");
    assert_true(accepts(&message, sizeof message.log));
    assert_null(strstr(message.log.text, "secret"));
    assert_null(strchr(message.log.text, '\x1b'));
    assert_null(strchr(message.log.text, '\xff'));
    message.log.level = 99;
    assert_false(accepts(&message, sizeof message.log));

    union pipeline_isolate_message end = { .end = { .kind = PIPELINE_ISOLATE_END } };
    memset(end.end.err.message, 'x', sizeof end.end.err.message);
    assert_true(accepts(&end, sizeof end.end));
    assert_int_equal(strlen(end.end.err.message), sizeof end.end.err.message - 1);
    end.end.outcome = PIPELINE_CAPTURE_GIVEN_UP + 1;
    assert_false(accepts(&end, sizeof end.end));
    end.end.outcome = 0;
    end.end.fault = -1;
    assert_false(accepts(&end, sizeof end.end));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_within_its_memory_is_accepted),
        cmocka_unit_test(a_frame_outside_its_memory_is_refused),
        cmocka_unit_test(a_frame_of_impossible_size_or_format_is_refused),
        cmocka_unit_test(a_palette_is_part_of_the_frame),
        cmocka_unit_test(times_and_transforms_that_could_not_be_are_refused),
        cmocka_unit_test(a_message_has_the_length_of_its_kind),
        cmocka_unit_test(texts_end_and_hide_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
