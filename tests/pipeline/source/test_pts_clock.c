#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/avutil.h>
#include <libavutil/frame.h>

#include "base/clock.h"
#include "pipeline/source/pts_clock.h"

static const AVRational ms_base = { 1, 1000 };

static double pts_of(struct pipeline_pts_clock *pace, int64_t ticks, bool live, int64_t arrival_ns)
{
    AVFrame *picture = av_frame_alloc();
    picture->best_effort_timestamp = ticks;
    double source_pts = pipeline_pts_clock_source_pts(pace, picture, ms_base);
    av_frame_free(&picture);
    return pipeline_pts_clock_pts(pace, source_pts, live, arrival_ns);
}

static void assert_near(double value, double wanted)
{
    assert_float_equal(value, wanted, 1e-9);
}

static void time_goes_on_when_a_file_begins_again(void **state)
{
    (void)state;
    struct pipeline_pts_clock pace = { 0 };
    for (int round = 0; round < 3; round++) {
        pipeline_pts_clock_begin(&pace, 25);
        for (int i = 0; i < 10; i++) {
            assert_near(pts_of(&pace, 500 + 40 * i, false, 0), 0.5 + 0.04 * (10 * round + i));
        }
    }
}

static void time_goes_on_by_the_time_that_passed_when_a_camera_comes_back(void **state)
{
    (void)state;
    struct pipeline_pts_clock pace = { 0 };
    pipeline_pts_clock_begin(&pace, 25);
    assert_near(pts_of(&pace, 1000, true, 5 * MC_NS_PER_SECOND), 1);
    pipeline_pts_clock_begin(&pace, 25);
    assert_near(pts_of(&pace, 0, true, 12 * MC_NS_PER_SECOND), 8);
    assert_near(pts_of(&pace, 40, true, 13 * MC_NS_PER_SECOND), 8.04);
}

static void a_missing_or_absurd_time_is_guessed(void **state)
{
    (void)state;
    struct pipeline_pts_clock pace = { 0 };
    pipeline_pts_clock_begin(&pace, 50);
    assert_near(pts_of(&pace, AV_NOPTS_VALUE, false, 0), 0);
    assert_near(pts_of(&pace, AV_NOPTS_VALUE, false, 0), 0.02);
    assert_near(pts_of(&pace, INT64_MAX, false, 0), 0.04);
    assert_near(pts_of(&pace, 100, false, 0), 0.1);
}

static void frames_are_due_as_their_pts_says(void **state)
{
    (void)state;
    struct pipeline_pts_clock pace = { 0 };
    int64_t s = MC_NS_PER_SECOND;
    assert_int_equal(pipeline_pts_clock_due_ns(&pace, 7, 100 * s), 100 * s);
    assert_int_equal(pipeline_pts_clock_due_ns(&pace, 7.5, 100 * s), 100 * s + s / 2);
    assert_int_equal(pipeline_pts_clock_due_ns(&pace, 8, 101 * s + s / 4),
                     101 * s); // a little late
}

static void a_gap_is_not_waited_for(void **state)
{
    (void)state;
    struct pipeline_pts_clock pace = { 0 };
    int64_t s = MC_NS_PER_SECOND;
    assert_int_equal(pipeline_pts_clock_due_ns(&pace, 0, 100 * s), 100 * s);
    assert_int_equal(pipeline_pts_clock_due_ns(&pace, 1e12, 101 * s), 101 * s);
    assert_int_equal(pipeline_pts_clock_due_ns(&pace, 1e12 + 1, 101 * s), 102 * s);
    assert_int_equal(pipeline_pts_clock_due_ns(&pace, -5, 103 * s), 103 * s);
    // Nor is lost time made up in a rush, after a suspend.
    assert_int_equal(pipeline_pts_clock_due_ns(&pace, -4.96, 500 * s), 500 * s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_goes_on_when_a_file_begins_again),
        cmocka_unit_test(time_goes_on_by_the_time_that_passed_when_a_camera_comes_back),
        cmocka_unit_test(a_missing_or_absurd_time_is_guessed),
        cmocka_unit_test(frames_are_due_as_their_pts_says),
        cmocka_unit_test(a_gap_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
