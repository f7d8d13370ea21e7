// The filter against noise and motion that the test invents; time is what it says.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/motion/smooth.h"

enum { FRAMES = 400, POINTS = 68 };
static const float size = 200; // of the face, pixels
static const float frame_s = 1.0f / 30;

static float noise(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 8388608.0f - 1;
}

static struct pipeline_smooth filter;

static int set_up(void **state)
{
    (void)state;
    memset(&filter, 0, sizeof filter);
    return 0;
}

static float run(float x, float dt_s)
{
    const struct pipeline_smooth_options options = pipeline_smooth_options_default();
    struct mc_keypoint point = { x, 2 * x, 0.5f };
    pipeline_smooth_run(&filter, &options, &point, 1, size, dt_s);
    assert_true(point.c == 0.5f);
    return point.x;
}

// Root mean square of what is left of white noise of one pixel, in a face of 200.
static float noise_left(float scale, float dt_s)
{
    const struct pipeline_smooth_options options = pipeline_smooth_options_default();
    unsigned seed = 1;
    double sum = 0, raw = 0;
    memset(&filter, 0, sizeof filter);
    for (int i = 0; i < FRAMES; i++) {
        float n = scale * noise(&seed);
        struct mc_keypoint point = { 300 * scale + n, 0, 1 };
        pipeline_smooth_run(&filter, &options, &point, 1, size * scale, dt_s);
        float off = point.x - 300 * scale;
        sum += i > 30 ? off * off : 0;
        raw += i > 30 ? n * n : 0;
    }
    return (float)sqrt(sum / raw);
}

static void a_point_at_rest_is_held_still(void **state)
{
    (void)state;
    assert_true(noise_left(1, frame_s) < 0.5f);
}

// Twice the pixels of the same face: the same filter.
static void it_does_the_same_at_any_resolution(void **state)
{
    (void)state;
    assert_true(fabsf(noise_left(1, frame_s) - noise_left(4, frame_s)) < 1e-3f);
}

// A step of half a face: most of the way within two frames, all of it soon after.
static void a_fast_point_is_let_go(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        run(100, frame_s);
    }
    run(200, frame_s);
    assert_true(run(200, frame_s) > 180);
    for (int i = 0; i < 30; i++) {
        run(200, frame_s);
    }
    assert_true(fabsf(run(200, frame_s) - 200) < 0.5f);
}

// Steady motion of one face size a second at 30 frames/s: under a frame behind.
static void it_lags_less_than_a_frame_in_fast_motion(void **state)
{
    (void)state;
    float x = 0, got = 0;
    for (int i = 0; i < 60; i++) {
        x = size * frame_s * (float)i;
        got = run(x, frame_s);
    }
    assert_true(x - got < size * frame_s);
}

// Frames left out: what counts is time, not frames.
static void irregular_frames_end_in_the_same_place(void **state)
{
    (void)state;
    const struct pipeline_smooth_options slow = { true, 1, 0 };
    struct pipeline_smooth every = { 0 }, some = { 0 };
    struct mc_keypoint a = { 0, 0, 1 }, b = { 0, 0, 1 };
    pipeline_smooth_run(&every, &slow, &a, 1, size, 0);
    pipeline_smooth_run(&some, &slow, &b, 1, size, 0);
    for (int i = 1; i <= 60; i++) {
        a.x = 10;
        pipeline_smooth_run(&every, &slow, &a, 1, size, frame_s / 2);
        if (i % 4 == 0) {
            b.x = 10;
            pipeline_smooth_run(&some, &slow, &b, 1, size, 2 * frame_s);
        }
        if (i == 20) {
            assert_true(a.x > 5 && a.x < 9.9f);
            assert_true(fabsf(a.x - b.x) < 1);
        }
    }
    assert_true(fabsf(a.x - b.x) < 0.2f);
}

static void gaps_and_clock_jumps_start_anew(void **state)
{
    (void)state;
    const float jumps[] = { 0, -1, 0.6f, 1e9f, NAN, INFINITY, -INFINITY };
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        run(100, frame_s);
        run(100, frame_s);
        assert_true(run(150, jumps[i]) == 150);
    }
    run(100, frame_s);
    pipeline_smooth_reset(&filter);
    assert_true(run(170, frame_s) == 170);
}

static void what_is_not_finite_passes_and_is_forgotten(void **state)
{
    (void)state;
    run(100, frame_s);
    assert_true(isnan(run(NAN, frame_s)));
    assert_true(run(120, frame_s) == 120);
    assert_true(run(120, frame_s) == 120);
    const struct pipeline_smooth_options options = pipeline_smooth_options_default();
    const float sizes[] = { 0, -3, NAN };
    for (int i = 0; i < 3; i++) { // a face without a size can't be smoothed
        struct mc_keypoint point = { 7, 7, 1 };
        pipeline_smooth_run(&filter, &options, &point, 1, sizes[i], frame_s);
        assert_true(point.x == 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_point_at_rest_is_held_still, set_up),
        cmocka_unit_test_setup(it_does_the_same_at_any_resolution, set_up),
        cmocka_unit_test_setup(a_fast_point_is_let_go, set_up),
        cmocka_unit_test_setup(it_lags_less_than_a_frame_in_fast_motion, set_up),
        cmocka_unit_test_setup(irregular_frames_end_in_the_same_place, set_up),
        cmocka_unit_test_setup(gaps_and_clock_jumps_start_anew, set_up),
        cmocka_unit_test_setup(what_is_not_finite_passes_and_is_forgotten, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
