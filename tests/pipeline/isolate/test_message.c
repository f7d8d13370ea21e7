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

enum { WIDTH = 64, HEIGHT = 48, LINESIZE = 128, SHARED = 1 << 20, LOANS = 4 };

static const struct pipeline_isolate_limits limits = {
    .shared_bytes = SHARED,
    .max_pixels = 640 * 480,
    .loan_count = LOANS,
    .any = true,
    .last_pts = 1,
    .pts_max = 3600,
    .now_ns = 100 * MC_NS_PER_SECOND,
};

// A frame as a decoder sends it.
static union pipeline_isolate_message good_frame(void)
{
    return (union pipeline_isolate_message){
        .frame = {
            .kind = PIPELINE_ISOLATE_FRAME,
            .loan = LOANS - 1,
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
    message.frame.loan = LOANS;
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
    static const double stamps[] = { 1, 0, -1e300, 3601, 1e12, NAN, INFINITY };
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

// An end as a decoder sends it that ran for a while.
static union pipeline_isolate_message good_end(void)
{
    const int64_t now_ns = 99 * MC_NS_PER_SECOND;
    return (union pipeline_isolate_message){
        .end = {
            .kind = PIPELINE_ISOLATE_END,
            .outcome = PIPELINE_CAPTURE_LOST,
            .memory = {
                .clock = { .pts = 10, .any = true, .frame_s = 0.04, .arrival_ns = now_ns,
                           .offset = -3, .stamp = 13, .advance_s = 0.04, .rate = 1.01,
                           .behind_s = 0.003, .interval_s = 0.04, .intervals = 250,
                           .start_ns = now_ns, .distrust_ns = now_ns + MC_NS_PER_SECOND },
                .lateness = { .started = true, .arrival_ns = now_ns, .interval_s = 0.04, .rate = 1,
                              .total_s = 0.2, .paused_s = 0.1, .calm_ns = now_ns },
                .playout = { .begun = true, .pts = 10, .due_ns = now_ns, .late_s = -0.01 },
                .load = { .effort = PIPELINE_DECODE_KEY, .window_ns = now_ns, .busy_ns = 1000,
                          .late_s = 0.1, .relax_ns = now_ns + MC_NS_PER_SECOND,
                          .hold_ns = 10 * MC_NS_PER_SECOND, .keyed = true, .key_ns = now_ns },
                .delivered_ns = now_ns,
            },
        },
    };
}

static bool accepts_end(union pipeline_isolate_message message)
{
    return accepts(&message, sizeof message.end);
}

// Which the next decoder would begin with, and the one after that.
static void nothing_impossible_is_left_for_the_next_decoder(void **state)
{
    (void)state;
    assert_true(accepts_end(good_end()));
    assert_true(accepts_end((union pipeline_isolate_message){ .end.kind = PIPELINE_ISOLATE_END }));
    static const double numbers[] = { NAN, INFINITY, -INFINITY, 1e300, -1e300 };
    static const size_t doubles[] = {
        offsetof(struct pipeline_capture_memory, clock.pts),
        offsetof(struct pipeline_capture_memory, clock.frame_s),
        offsetof(struct pipeline_capture_memory, clock.offset),
        offsetof(struct pipeline_capture_memory, clock.rate),
        offsetof(struct pipeline_capture_memory, clock.behind_s),
        offsetof(struct pipeline_capture_memory, clock.interval_s),
        offsetof(struct pipeline_capture_memory, lateness.interval_s),
        offsetof(struct pipeline_capture_memory, lateness.rate),
        offsetof(struct pipeline_capture_memory, lateness.total_s),
        offsetof(struct pipeline_capture_memory, lateness.paused_s),
        offsetof(struct pipeline_capture_memory, playout.pts),
        offsetof(struct pipeline_capture_memory, playout.late_s),
        offsetof(struct pipeline_capture_memory, playout.delayed_s),
        offsetof(struct pipeline_capture_memory, load.late_s),
        offsetof(struct pipeline_capture_memory, clock.stamp), // these two may be unknown
        offsetof(struct pipeline_capture_memory, clock.advance_s),
    };
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        const size_t nan_allowed = i >= sizeof doubles / sizeof doubles[0] - 2;
        for (size_t k = nan_allowed; k < sizeof numbers / sizeof numbers[0]; k++) {
            union pipeline_isolate_message message = good_end();
            memcpy((char *)&message.end.memory + doubles[i], &numbers[k], sizeof numbers[k]);
            assert_false(accepts_end(message));
        }
    }
    static const int64_t times[] = { INT64_MIN, -1, INT64_MAX };
    static const size_t integers[] = {
        offsetof(struct pipeline_capture_memory, clock.arrival_ns),
        offsetof(struct pipeline_capture_memory, clock.intervals),
        offsetof(struct pipeline_capture_memory, clock.start_ns),
        offsetof(struct pipeline_capture_memory, clock.distrust_ns),
        offsetof(struct pipeline_capture_memory, lateness.arrival_ns),
        offsetof(struct pipeline_capture_memory, lateness.calm_ns),
        offsetof(struct pipeline_capture_memory, lateness.late_since_ns),
        offsetof(struct pipeline_capture_memory, playout.due_ns),
        offsetof(struct pipeline_capture_memory, load.window_ns),
        offsetof(struct pipeline_capture_memory, load.busy_ns),
        offsetof(struct pipeline_capture_memory, load.relax_ns),
        offsetof(struct pipeline_capture_memory, load.hold_ns),
        offsetof(struct pipeline_capture_memory, load.key_ns),
        offsetof(struct pipeline_capture_memory, delivered_ns),
    };
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        for (size_t k = 0; k < sizeof times / sizeof times[0]; k++) {
            union pipeline_isolate_message message = good_end();
            memcpy((char *)&message.end.memory + integers[i], &times[k], sizeof times[k]);
            assert_false(accepts_end(message));
        }
    }
    static const size_t flags[] = {
        offsetof(struct pipeline_capture_memory, clock.any),
        offsetof(struct pipeline_capture_memory, clock.first),
        offsetof(struct pipeline_capture_memory, clock.repeats),
        offsetof(struct pipeline_capture_memory, lateness.started),
        offsetof(struct pipeline_capture_memory, playout.begun),
        offsetof(struct pipeline_capture_memory, playout.live),
        offsetof(struct pipeline_capture_memory, load.awaits_threads),
        offsetof(struct pipeline_capture_memory, load.keys_are_rare),
        offsetof(struct pipeline_capture_memory, load.keyed),
        offsetof(struct pipeline_capture_memory, reached_end),
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        union pipeline_isolate_message message = good_end();
        *((unsigned char *)&message.end.memory + flags[i]) = 2;
        assert_false(accepts_end(message));
    }
    static const int efforts[] = { INT_MIN, -1, PIPELINE_DECODE_KEY + 1, 1 << 30, INT_MAX };
    for (size_t i = 0; i < sizeof efforts / sizeof efforts[0]; i++) {
        union pipeline_isolate_message message = good_end();
        memcpy(&message.end.memory.load.effort, &efforts[i], sizeof efforts[i]);
        assert_false(accepts_end(message));
    }
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
        cmocka_unit_test(nothing_impossible_is_left_for_the_next_decoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
