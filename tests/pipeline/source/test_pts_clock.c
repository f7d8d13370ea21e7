// Cameras with clocks of every kind, simulated: the pts always rise, in true seconds.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/avutil.h>
#include <libavutil/frame.h>

#include "base/clock.h"
#include "pipeline/source/pts_clock.h"

static const AVRational ms_base = { 1, 1000 };
static struct pipeline_pts_clock clock;

static int set_up(void **state)
{
    (void)state;
    clock = (struct pipeline_pts_clock){ 0 };
    return 0;
}

static void assert_near(double value, double expected)
{
    assert_float_equal(value, expected, 1e-9);
}

// ---- files

static double stamp_of(int64_t ticks)
{
    AVFrame *frame = av_frame_alloc();
    frame->best_effort_timestamp = ticks;
    double stamp = pipeline_pts_clock_stamp(frame, ms_base);
    av_frame_free(&frame);
    return stamp;
}

static double file_pts(int64_t ticks)
{
    return pipeline_pts_clock_by_stamp(&clock, stamp_of(ticks), false, 0);
}

static void the_stamps_of_a_file_lead_no_further_than_a_record_can_say(void **state)
{
    (void)state;
    enum { FAR_S = 1900000000 }; // 60 years on
    double last = -1;
    for (int round = 0; round < 1000; round++) {
        pipeline_pts_clock_begin(&clock, 25, round > 0);
        for (int64_t s = 0; s <= FAR_S; s += FAR_S) {
            const double pts = file_pts(s * 1000);
            assert_true(pts > last && pts < last + 3600);
            last = pts;
        }
    }
    for (int i = 0; i < 1500000; i++) { // an hour on, again and again
        const double pts = pipeline_pts_clock_by_stamp(&clock, i % 2 * 3599, false, 0);
        assert_true(pts > last && pts < 3e9);
        last = pts;
    }
}

static void a_pause_in_a_file_is_kept(void **state)
{
    (void)state;
    pipeline_pts_clock_begin(&clock, 25, false);
    assert_near(file_pts(0), 0);
    assert_near(file_pts(3599 * 1000), 3599);
    assert_near(file_pts(3599 * 1000 + 40), 3599.04);
    assert_near(file_pts(7300 * 1000), 3599.08); // more is the clock's
    assert_near(file_pts(7300 * 1000 + 40), 3599.12);
}

static void time_goes_on_when_a_file_begins_again(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        pipeline_pts_clock_begin(&clock, 25, round > 0);
        for (int i = 0; i < 10; i++) {
            assert_near(file_pts(500 + 40 * i), 0.5 + 0.04 * (10 * round + i));
        }
    }
}

static void time_goes_on_by_the_time_that_passed_when_a_file_is_opened_again(void **state)
{
    (void)state;
    const int64_t s = MC_NS_PER_SECOND;
    for (int round = 0; round < 3; round++) {
        pipeline_pts_clock_begin(&clock, 25, false);
        for (int i = 0; i < 10; i++) {
            assert_near(pipeline_pts_clock_by_stamp(&clock, 0.04 * i, false, (100 + 7 * round) * s),
                        0.04 * i + (7 + 0.36) * round);
        }
    }
}

static void a_missing_or_absurd_stamp_is_filled_in(void **state)
{
    (void)state;
    pipeline_pts_clock_begin(&clock, 50, false);
    assert_near(file_pts(AV_NOPTS_VALUE), 0);
    assert_near(file_pts(AV_NOPTS_VALUE), 0.02);
    assert_near(file_pts(INT64_MAX), 0.04);
    assert_near(file_pts(100), 0.1);
}

static void a_files_stamps_that_do_not_rise_are_filled_in(void **state)
{
    (void)state;
    pipeline_pts_clock_begin(&clock, 25, false);
    for (int i = 0; i < 40; i++) { // each stamp twice
        assert_near(file_pts(i / 2 * 80), 0.04 * i);
    }
    assert_near(file_pts(-5000), 0.04 * 40); // the clock was set back
    assert_near(file_pts(-4900), 0.04 * 40 + 0.1);
}

// A file may count nanoseconds, records have six decimals.
static void pts_rise_as_records_round_them(void **state)
{
    (void)state;
    static const double begins_s[] = { 0, 1.9e9 }, steps_s[] = { 1e-9, 1e-7, 9e-7, 1.5e-6, 4e-6 };
    for (size_t b = 0; b < sizeof begins_s / sizeof begins_s[0]; b++) {
        for (size_t k = 0; k < sizeof steps_s / sizeof steps_s[0]; k++) {
            char last[64] = "", text[64];
            clock = (struct pipeline_pts_clock){ 0 };
            pipeline_pts_clock_begin(&clock, 25, false);
            for (int i = 0; i < 1000; i++) {
                const double stamp = begins_s[b] + steps_s[k] * i;
                const double pts = pipeline_pts_clock_by_stamp(&clock, stamp, false, 0);
                snprintf(text, sizeof text, "%.6f", pts);
                assert_true(i == 0 || atof(text) > atof(last));
                strcpy(last, text);
            }
        }
    }
}

// ---- live sources

// A camera that sends frames interval_s apart; a frame's stamp is what stamp makes of its
// number and the true time; jitter_s is the most that the network delays one.
struct camera {
    double interval_s, jitter_s, frame_rate;
    double (*stamp)(int number, double time_s);
    double from_s; // when stamps and arrivals are expected to agree; of seconds_s
    double seconds_s;
};

static double random_unit(void)
{
    static uint64_t seed = 88172645463325252u;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) / 9007199254740992.0;
}

// Runs the camera. From from_s on every step of pts must be within tolerance of the true
// interval, and pts as a whole never part from true time by more than drift_s.
static void run(const struct camera *camera, double tolerance, double drift_s)
{
    double last = 0, first = 0, first_s = 0;
    for (int i = 0;; i++) {
        const double time_s = i * camera->interval_s;
        if (time_s > camera->seconds_s) {
            return;
        }
        const double arrival_s = 1000 + time_s + camera->jitter_s * random_unit();
        const double pts = pipeline_pts_clock_by_arrival(&clock, camera->stamp(i, time_s),
                                                         (int64_t)(arrival_s * 1e9));
        if (i == 0) {
            first = pts;
        } else if (pts <= last) {
            fail_msg("frame %d: pts %.4f after %.4f", i, pts, last);
        }
        if (i > 0 && time_s > camera->from_s &&
            fabs(pts - last - camera->interval_s) > tolerance * camera->interval_s) {
            fail_msg("frame %d at %.2f s: pts rose by %.4f in %.4f s", i, time_s, pts - last,
                     camera->interval_s);
        }
        if (fabs(pts - first - (time_s - first_s)) > drift_s) {
            fail_msg("frame %d at %.2f s: pts parted from time by %.3f s", i, time_s,
                     pts - first - time_s);
        }
        last = pts;
    }
}

static double stamp_true(int number, double time_s)
{
    (void)number;
    return 7 + time_s;
}

static double stamp_none(int number, double time_s)
{
    (void)number, (void)time_s;
    return NAN;
}

static double stamp_of_30(int number, double time_s)
{
    (void)time_s;
    return number / 30.0;
}

static double stamp_slow(int number, double time_s)
{
    (void)number;
    return time_s * 0.9;
}

static double stamp_fast(int number, double time_s)
{
    (void)number;
    return time_s * 1.1;
}

static double stamp_twice_as_fast(int number, double time_s)
{
    (void)number;
    return time_s * 2;
}

static double stamp_constant(int number, double time_s)
{
    (void)number, (void)time_s;
    return 1;
}

static double stamp_twice(int number, double time_s)
{
    (void)time_s;
    return number / 2 * 0.08;
}

static double stamp_out_of_order(int number, double time_s)
{
    return time_s + (number % 2 == 0 ? 0 : 0.08);
}

static double stamp_back_5_s(int number, double time_s)
{
    (void)number;
    return time_s < 8 ? 100 + time_s : 95 + time_s;
}

static double stamp_forward_1_h(int number, double time_s)
{
    (void)number;
    return time_s < 8 ? time_s : 3600 + time_s;
}

static double stamp_back_1_h(int number, double time_s)
{
    (void)number;
    return time_s < 8 ? 4000 + time_s : 400 + time_s;
}

static double stamp_far_once(int number, double time_s)
{
    return number % 100 == 99 ? time_s + (number % 200 == 99 ? 36000 : -36000) : time_s;
}

static double stamp_wraps(int number, double time_s)
{
    (void)number;
    return fmod(47716 + time_s, 47721.86); // 2^32 ticks of 90 kHz
}

static void pts_rise_in_true_seconds_whatever_the_stamps(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double (*stamp)(int number, double time_s);
        double interval_s;
    } cases[] = {
        { "true", stamp_true, 0.04 },
        { "true, 5 frames/s", stamp_true, 0.2 },
        { "true, 60 frames/s", stamp_true, 1.0 / 60 },
        { "none", stamp_none, 0.04 },
        { "none, 5 frames/s", stamp_none, 0.2 },
        { "none, 60 frames/s", stamp_none, 1.0 / 60 },
        { "30 frames/s for 25", stamp_of_30, 0.04 },
        { "10 % slow", stamp_slow, 0.04 },
        { "10 % fast", stamp_fast, 0.04 },
        { "10 % fast, 5 frames/s", stamp_fast, 0.2 },
        { "twice as fast", stamp_twice_as_fast, 0.04 },
        { "constant", stamp_constant, 0.04 },
        { "each twice", stamp_twice, 0.04 },
        { "out of order", stamp_out_of_order, 0.04 },
        { "back by 5 s", stamp_back_5_s, 0.04 },
        { "an hour ahead", stamp_forward_1_h, 0.04 },
        { "an hour back", stamp_back_1_h, 0.04 },
        { "hours off once", stamp_far_once, 0.04 },
        { "wraps", stamp_wraps, 0.04 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].name);
        clock = (struct pipeline_pts_clock){ 0 };
        pipeline_pts_clock_begin(&clock, 25, false);
        struct camera camera = { .interval_s = cases[i].interval_s,
                                 .jitter_s = 0.001,
                                 .stamp = cases[i].stamp,
                                 .from_s = 3,
                                 .seconds_s = 60 };
        run(&camera, 0.1, 0.3);
    }
}

// Stamps tell what the network's jitter hides; without them it is smoothed.
static void jitter_does_not_show(void **state)
{
    (void)state;
    struct camera camera = {
        .interval_s = 0.04, .jitter_s = 0.03, .stamp = stamp_true, .from_s = 5, .seconds_s = 60
    };
    pipeline_pts_clock_begin(&clock, 25, false);
    run(&camera, 0.05, 0.1);
    clock = (struct pipeline_pts_clock){ 0 };
    pipeline_pts_clock_begin(&clock, 25, false);
    camera.stamp = stamp_none;
    camera.jitter_s = 0.015;
    run(&camera, 0.2, 0.1);
}

// 0.8 s of frames that come at once keep their stamps.
static void a_burst_after_a_stall_keeps_its_stamps(void **state)
{
    (void)state;
    double last = 0;
    pipeline_pts_clock_begin(&clock, 25, false);
    for (int i = 0; i < 400; i++) {
        const double time_s = i * 0.04;
        const double arrival_s = time_s > 10 && time_s < 10.8 ? 10.8 : time_s;
        const double pts =
            pipeline_pts_clock_by_arrival(&clock, time_s, (int64_t)((arrival_s + 50) * 1e9));
        assert_true(i == 0 || fabs(pts - last - 0.04) < 0.02);
        last = pts;
    }
}

// Servers send what they have since the last key frame at once.
static void a_burst_at_the_beginning_keeps_its_stamps(void **state)
{
    (void)state;
    double last = 0;
    pipeline_pts_clock_begin(&clock, 25, false);
    for (int i = 0; i < 400; i++) {
        const double time_s = i * 0.04;
        const double arrival_s = fmax(time_s, 2);
        const double pts =
            pipeline_pts_clock_by_arrival(&clock, time_s, (int64_t)((arrival_s + 50) * 1e9));
        assert_true(i == 0 || fabs(pts - last - 0.04) < 0.02);
        last = pts;
    }
}

// No stamps, and no rate either: the arrival times are the pts.
static void an_irregular_camera_without_stamps_goes_by_arrival(void **state)
{
    (void)state;
    static const double gaps_s[] = { 0.03, 0.1, 0.4 };
    double time_s = 0, last = 0;
    pipeline_pts_clock_begin(&clock, 25, false);
    for (int i = 0; i < 400; i++) {
        const double pts =
            pipeline_pts_clock_by_arrival(&clock, NAN, (int64_t)((time_s + 50) * 1e9));
        assert_true(i == 0 || pts > last);
        assert_true(fabs(pts - time_s) < 0.15);
        last = pts;
        time_s += gaps_s[(int)(random_unit() * 3)];
    }
}

static void time_goes_on_by_the_time_that_passed_when_a_camera_comes_back(void **state)
{
    (void)state;
    pipeline_pts_clock_begin(&clock, 25, false);
    assert_near(pipeline_pts_clock_by_arrival(&clock, 1, 5 * MC_NS_PER_SECOND), 1);
    pipeline_pts_clock_begin(&clock, 25, false);
    assert_near(pipeline_pts_clock_by_arrival(&clock, 0, 12 * MC_NS_PER_SECOND), 8);
}

// Segments come whole, the stamps pace them; a gap that was skipped takes its time.
static void a_live_stream_in_chunks_goes_by_stamps(void **state)
{
    (void)state;
    const int64_t s = MC_NS_PER_SECOND;
    pipeline_pts_clock_begin(&clock, 30, false);
    for (int i = 0; i < 120; i++) {
        assert_near(pipeline_pts_clock_by_stamp(&clock, 60 + i / 30.0, true, 5 * s), 60 + i / 30.0);
    }
    const double last = clock.pts;
    assert_near(pipeline_pts_clock_by_stamp(&clock, 3660, true, 7 * s), last + 2);
    assert_near(pipeline_pts_clock_by_stamp(&clock, 3660.5, true, 7 * s), last + 2.5);
    assert_near(pipeline_pts_clock_by_stamp(&clock, 0, true, 8 * s), last + 2.5 + 1 / 30.0);
}

// In the order in which a camera with frames that refer to later ones sends groups of four, the
// last one first: what came in time counts as having come with the one before.
static void arrivals_that_step_back_add_no_time(void **state)
{
    (void)state;
    static const int sent_as[] = { 3, 2, 4, 1 }; // of its group, the n-th
    static const double intervals_s[] = { 0.1, 0.04, 1.0 / 60 };
    for (size_t k = 0; k < sizeof intervals_s / sizeof intervals_s[0]; k++) {
        const double interval_s = intervals_s[k];
        double first = 0;
        clock = (struct pipeline_pts_clock){ 0 };
        pipeline_pts_clock_begin(&clock, 1 / interval_s, false);
        for (int i = 0; i * interval_s < 60; i++) {
            const int sent = i == 0 ? 0 : (i - 1) / 4 * 4 + sent_as[(i - 1) % 4];
            const int64_t arrival_ns = (int64_t)((100 + sent * interval_s) * 1e9);
            const double pts = pipeline_pts_clock_by_arrival(&clock, i * interval_s, arrival_ns);
            first = i == 0 ? pts : first;
            assert_true(fabs(pts - first - i * interval_s) < 0.3);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(the_stamps_of_a_file_lead_no_further_than_a_record_can_say),
        TEST(a_pause_in_a_file_is_kept),
        TEST(time_goes_on_when_a_file_begins_again),
        TEST(time_goes_on_by_the_time_that_passed_when_a_file_is_opened_again),
        TEST(a_missing_or_absurd_stamp_is_filled_in),
        TEST(a_files_stamps_that_do_not_rise_are_filled_in),
        TEST(pts_rise_as_records_round_them),
        TEST(pts_rise_in_true_seconds_whatever_the_stamps),
        TEST(jitter_does_not_show),
        TEST(a_burst_after_a_stall_keeps_its_stamps),
        TEST(a_burst_at_the_beginning_keeps_its_stamps),
        TEST(an_irregular_camera_without_stamps_goes_by_arrival),
        TEST(time_goes_on_by_the_time_that_passed_when_a_camera_comes_back),
        TEST(a_live_stream_in_chunks_goes_by_stamps),
        TEST(arrivals_that_step_back_add_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
