#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/synthface/synthface.h"

enum { WIDTH = 160, HEIGHT = 120, BYTES = WIDTH * HEIGHT * 3, FPS = 25, LOOP = 250 };

static struct synthface *face_create(unsigned seed, bool still)
{
    struct mc_error err = { 0 };
    struct synthface *face = synthface_create(seed, WIDTH, HEIGHT, still, &err);
    if (face == NULL) {
        fail_msg("%s", err.message);
    }
    return face;
}

static float distance(const struct synthface_truth *truth, int a, int b)
{
    return hypotf(truth->points[a][0] - truth->points[b][0],
                  truth->points[a][1] - truth->points[b][1]);
}

static void the_same_arguments_give_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t first[BYTES], second[BYTES];
    struct synthface_truth a, b;
    struct synthface *one = face_create(3, false), *other = face_create(3, false);
    synthface_render(one, 40, FPS, first, &a);
    synthface_render(other, 7, FPS, second, &b); // order must not matter
    synthface_render(other, 40, FPS, second, &b);
    assert_memory_equal(first, second, BYTES);
    assert_memory_equal(&a, &b, sizeof a);
    synthface_destroy(one);
    synthface_destroy(other);
    other = face_create(4, false);
    synthface_render(other, 40, FPS, second, &b);
    assert_memory_not_equal(first, second, BYTES);
    synthface_destroy(other);
}

static void the_motion_repeats_after_ten_seconds(void **state)
{
    (void)state;
    static uint8_t rgb[BYTES];
    struct synthface_truth first, again;
    struct synthface *face = face_create(1, false);
    synthface_render(face, 13, FPS, rgb, &first);
    synthface_render(face, 13 + LOOP, FPS, rgb, &again);
    for (int i = 0; i < SYNTHFACE_LANDMARKS; i++) {
        assert_true(fabsf(first.points[i][0] - again.points[i][0]) < 0.01f);
        assert_true(fabsf(first.points[i][1] - again.points[i][1]) < 0.01f);
    }
    synthface_destroy(face);
}

// Lids and lips: the landmarks do what the motion says.
static void landmarks_follow_eyes_and_mouth(void **state)
{
    (void)state;
    static uint8_t rgb[BYTES];
    struct synthface *face = face_create(2, false);
    float shut = 1, open = 0, quiet = 1, wide = 0;
    for (unsigned frame = 0; frame < LOOP; frame += 2) {
        struct synthface_truth truth;
        synthface_render(face, frame, FPS, rgb, &truth);
        float eye =
            (distance(&truth, 37, 41) + distance(&truth, 38, 40)) / (2 * distance(&truth, 36, 39));
        float mouth = distance(&truth, 62, 66) / distance(&truth, 60, 64);
        if (truth.eye_open[0] < 0.05f) {
            shut = fminf(shut, eye);
        }
        if (truth.eye_open[0] > 0.95f) {
            open = fmaxf(open, eye);
        }
        if (truth.mouth_open < 0.02f) {
            quiet = fminf(quiet, mouth);
        }
        wide = truth.mouth_open > 0.8f ? fmaxf(wide, mouth) : wide;
    }
    assert_true(shut < 0.12f);
    assert_true(open > 0.22f);
    assert_true(quiet < 0.08f);
    assert_true(wide > 0.35f);
    synthface_destroy(face);
}

// Where the landmarks of the face are, the frame differs from the background.
static void landmarks_lie_on_the_head(void **state)
{
    (void)state;
    static uint8_t rgb[BYTES];
    struct synthface *face = face_create(1, true);
    struct synthface_truth truth;
    synthface_render(face, 0, FPS, rgb, &truth);
    const uint8_t *corner = rgb;
    for (int i = 17; i < SYNTHFACE_LANDMARKS; i++) {
        int x = (int)truth.points[i][0], y = (int)truth.points[i][1];
        assert_true(x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT);
        const uint8_t *pixel = rgb + (y * WIDTH + x) * 3;
        int difference =
            abs(pixel[0] - corner[0]) + abs(pixel[1] - corner[1]) + abs(pixel[2] - corner[2]);
        assert_true(difference > 24);
    }
    synthface_destroy(face);
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_null(synthface_create(1, 31, 100, false, &err));
    assert_string_equal(err.message, "frame size must have edges from 32 to 4096, got 31x100");
    assert_null(synthface_create(1, 100, 5000, false, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_arguments_give_the_same_bytes),
        cmocka_unit_test(the_motion_repeats_after_ten_seconds),
        cmocka_unit_test(landmarks_follow_eyes_and_mouth),
        cmocka_unit_test(landmarks_lie_on_the_head),
        cmocka_unit_test(absurd_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
