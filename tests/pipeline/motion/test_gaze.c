#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/motion/gaze.h"
#include "tests/larger.h"

static const float degree = 0.0174532925f;

// Looks of both eyes with the given yaw and pitch, all others 9.
static void look(float yaw, float pitch, float shapes[PROTOCOL_SHAPE_COUNT])
{
    const float gaze[2][2] = { { yaw, pitch }, { yaw, pitch } };
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        shapes[i] = 9;
    }
    pipeline_gaze_looks(gaze, shapes);
}

static void looks_follow_the_eyes(void **state)
{
    (void)state;
    static const struct {
        float yaw, pitch, value;
        enum protocol_shape left, right;
    } cases[] = {
        { 15, 0, 0.5f, PROTOCOL_EYE_LOOK_IN_LEFT, PROTOCOL_EYE_LOOK_OUT_RIGHT },
        { -15, 0, 0.5f, PROTOCOL_EYE_LOOK_OUT_LEFT, PROTOCOL_EYE_LOOK_IN_RIGHT },
        { 0, 25, 1, PROTOCOL_EYE_LOOK_DOWN_LEFT, PROTOCOL_EYE_LOOK_DOWN_RIGHT },
        { 0, -10, 0.4f, PROTOCOL_EYE_LOOK_UP_LEFT, PROTOCOL_EYE_LOOK_UP_RIGHT },
        { 50, 0, 1, PROTOCOL_EYE_LOOK_IN_LEFT, PROTOCOL_EYE_LOOK_OUT_RIGHT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float shapes[PROTOCOL_SHAPE_COUNT];
        look(cases[i].yaw * degree, cases[i].pitch * degree, shapes);
        for (int k = 0; k < PROTOCOL_SHAPE_COUNT; k++) {
            const bool is_look = k >= PROTOCOL_EYE_LOOK_UP_LEFT && k <= PROTOCOL_EYE_LOOK_OUT_RIGHT;
            const bool moves = k == (int)cases[i].left || k == (int)cases[i].right;
            const float want = moves ? cases[i].value : is_look ? 0 : 9;
            assert_true(fabsf(shapes[k] - want) < 1e-5f);
        }
    }
}

static void what_is_no_number_looks_nowhere(void **state)
{
    (void)state;
    float shapes[PROTOCOL_SHAPE_COUNT];
    look(NAN, NAN, shapes);
    assert_true(shapes[PROTOCOL_EYE_LOOK_UP_LEFT] == 0 && shapes[PROTOCOL_EYE_LOOK_IN_LEFT] == 0);
}

// Sees the same for half a second; returns what comes of it.
static void watch(struct pipeline_gaze *state, float yaw, const float blinks[2], float gaze[2][2])
{
    const struct pipeline_smooth_options options = pipeline_smooth_options_default();
    for (int i = 0; i < 15; i++) {
        for (int eye = 0; eye < 2; eye++) {
            gaze[eye][0] = yaw;
            gaze[eye][1] = yaw / 2;
        }
        pipeline_gaze_run(state, &options, blinks, 1.0f / 30, gaze);
    }
}

static void a_closed_eye_turns_with_the_open_one(void **state)
{
    (void)state;
    struct pipeline_gaze eyes = { 0 };
    static const float open[2] = { 0.1f, 0 }, wink[2] = { 0.9f, 0.1f }, shut[2] = { 1, 0.7f };
    float gaze[2][2];
    watch(&eyes, 0.2f, open, gaze);
    assert_true(fabsf(gaze[0][0] - 0.2f) < 1e-3f && fabsf(gaze[1][1] - 0.1f) < 1e-3f);
    // The left eye, which is closed, is guessed to look elsewhere.
    const struct pipeline_smooth_options off = { .on = false };
    gaze[0][0] = 0.9f;
    gaze[1][0] = gaze[1][1] = -0.3f;
    pipeline_gaze_run(&eyes, &off, wink, 1.0f / 30, gaze);
    for (int i = 0; i < 4; i++) {
        assert_true(fabsf(gaze[i / 2][i % 2] + 0.3f) < 1e-3f);
    }
    // Both keep what they had.
    watch(&eyes, 0.5f, shut, gaze);
    assert_true(fabsf(gaze[0][0] + 0.3f) < 0.01f && fabsf(gaze[1][0] + 0.3f) < 0.01f);
    pipeline_gaze_reset(&eyes); // another face, whose eyes are closed from the start
    watch(&eyes, 0.4f, shut, gaze);
    assert_true(fabsf(gaze[0][0] - 0.4f) < 1e-3f);
}

// A squint is seen, only later than a saccade.
static void eyes_that_cross_are_followed(void **state)
{
    (void)state;
    const struct pipeline_smooth_options options = pipeline_smooth_options_default();
    static const float open[2] = { 0 };
    struct pipeline_gaze eyes = { 0 };
    float gaze[2][2];
    watch(&eyes, 0, open, gaze);
    for (int i = 0; i < 15; i++) {
        gaze[0][0] = 0.3f;
        gaze[1][0] = -0.3f;
        gaze[0][1] = gaze[1][1] = 0;
        pipeline_gaze_run(&eyes, &options, open, 1.0f / 30, gaze);
    }
    assert_true(gaze[0][0] > 0.27f && gaze[1][0] < -0.27f);
}

static void what_is_not_finite_is_not_seen(void **state)
{
    (void)state;
    struct pipeline_gaze eyes = { 0 };
    static const float open[2] = { 0 };
    float gaze[2][2];
    watch(&eyes, NAN, open, gaze);
    assert_true(gaze[0][0] == 0 && gaze[1][1] == 0);
    watch(&eyes, 0.2f, open, gaze);
    watch(&eyes, INFINITY, open, gaze);
    assert_true(fabsf(gaze[0][0] - 0.2f) < 1e-3f && fabsf(gaze[1][1] - 0.1f) < 1e-3f);
}

// A saccade of 20 degrees is there within a tenth of a second; trembling is not.
static void saccades_pass_and_trembling_does_not(void **state)
{
    (void)state;
    const struct pipeline_smooth_options options = pipeline_smooth_options_default();
    static const float open[2] = { 0 };
    struct pipeline_gaze eyes = { 0 };
    float gaze[2][2], most = 0;
    for (int i = 0; i < 60; i++) {
        const float seen = (i % 2 == 0 ? 0.5f : -0.5f) * degree;
        gaze[0][0] = gaze[0][1] = gaze[1][0] = gaze[1][1] = seen;
        pipeline_gaze_run(&eyes, &options, open, 1.0f / 30, gaze);
        most = i < 30 ? 0 : (float)test_larger(most, fabsf(gaze[0][0]));
    }
    assert_true(most < 0.25f * degree);
    for (int i = 0; i < 3; i++) {
        gaze[0][0] = gaze[0][1] = gaze[1][0] = gaze[1][1] = 20 * degree;
        pipeline_gaze_run(&eyes, &options, open, 1.0f / 30, gaze);
    }
    assert_true(gaze[0][0] > 16 * degree);
}

static void lines_of_sight_meet_where_they_are_aimed(void **state)
{
    (void)state;
    static const float targets[][3] = { { 0, 0, -3 }, { 1, -0.5f, -4 }, { -2, 1, -5 } };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        float gaze[2][2];
        struct protocol_gaze filled;
        for (int eye = 0; eye < 2; eye++) { // the left one is at the right
            const float x = targets[i][0] - (eye == 0 ? 0.21f : -0.21f);
            const float y = targets[i][1], z = targets[i][2] - 0.041f;
            gaze[eye][0] = atan2f(-x, -z);
            gaze[eye][1] = atan2f(y, hypotf(x, z));
        }
        pipeline_gaze_fill((const float(*)[2])gaze, &filled);
        assert_true(filled.has_point);
        for (int k = 0; k < 3; k++) {
            assert_true(fabsf(filled.point[k] - targets[i][k]) < 0.01f);
        }
        assert_true(fabsf(filled.left[0] - gaze[0][0] / degree) < 1e-3f);
        assert_true(fabsf(filled.right[1] - gaze[1][1] / degree) < 1e-3f);
    }
}

static void lines_that_part_have_no_point(void **state)
{
    (void)state;
    static const float apart[][2] = { { -5, 5 }, { 0, 0 }, { 0.1f, -0.1f }, { 1, -1 } };
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        const float gaze[2][2] = { { apart[i][0] * degree, 0 }, { apart[i][1] * degree, 0 } };
        struct protocol_gaze filled;
        pipeline_gaze_fill(gaze, &filled);
        assert_false(filled.has_point);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_follow_the_eyes),
        cmocka_unit_test(what_is_no_number_looks_nowhere),
        cmocka_unit_test(a_closed_eye_turns_with_the_open_one),
        cmocka_unit_test(eyes_that_cross_are_followed),
        cmocka_unit_test(what_is_not_finite_is_not_seen),
        cmocka_unit_test(saccades_pass_and_trembling_does_not),
        cmocka_unit_test(lines_of_sight_meet_where_they_are_aimed),
        cmocka_unit_test(lines_that_part_have_no_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
