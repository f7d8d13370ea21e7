#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/motion/mean_face.h"
#include "tools/bridge/adjust.h"
#include "tools/bridge/rotation.h"

enum { WIDTH = 640, HEIGHT = 480 };

static struct bridge_settings settings;
static struct bridge_adjusted adjusted;
static float shapes[MOCAP_SHAPE_COUNT];
static struct mocap_pose pose;
static struct mocap_gaze gaze;
static struct mocap_keypoint keypoints[68];
static struct mocap_face face;
static struct mocap_face_more more;
static const struct mocap_face_more *mores[] = { &more };
static struct mocap_record record;

static int set_up(void **state)
{
    (void)state;
    static const float euler[3] = { 10, 20, -5 };
    settings = bridge_settings_default;
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        shapes[i] = (float)(i + 1) / 64;
    }
    pose = (struct mocap_pose){ .euler = { 10, 20, -5 }, .translation = { 0.5f, -0.25f, 4 } };
    bridge_rotation_of_euler(euler, pose.rotation);
    gaze = (struct mocap_gaze){ .left = { 20, 10 }, .right = { -5, 8 }, .point = { 1, 2, -3 } };
    for (int i = 0; i < 68; i++) {
        keypoints[i] = (struct mocap_keypoint){ pipeline_mean_face[i].x * 100 + 300,
                                                pipeline_mean_face[i].y * 100 + 200, 0.5f };
    }
    face = (struct mocap_face){ .id = 3,
                                .box = { 250, 150, 100, 110 },
                                .keypoint_count = 68,
                                .keypoints = keypoints,
                                .pose = &pose,
                                .shapes = shapes };
    more = (struct mocap_face_more){ .gaze = &gaze };
    record = (struct mocap_record){
        .width = WIDTH, .height = HEIGHT, .face_count = 1, .faces = &face, .more = mores
    };
    return 0;
}

static const struct mocap_face *adjust(void)
{
    bridge_adjust(&adjusted, &settings, &record);
    assert_int_equal(adjusted.record.face_count, 1);
    return &adjusted.record.faces[0];
}

static void by_default_nothing_changes(void **state)
{
    (void)state;
    const struct mocap_face *out = adjust();
    assert_memory_equal(out->shapes, shapes, sizeof shapes);
    assert_memory_equal(out->pose, &pose, sizeof pose);
    assert_ptr_equal(out->keypoints, keypoints);
    assert_ptr_equal(adjusted.record.more[0]->gaze, &gaze);
}

static void gains_multiply_what_exceeds_the_neutral_face(void **state)
{
    (void)state;
    settings.gains[MOCAP_JAW_OPEN] = 2;
    settings.neutral[MOCAP_JAW_OPEN] = 0.05f;
    settings.gains[MOCAP_TONGUE_OUT] = 5;
    settings.neutral[MOCAP_EYE_BLINK_LEFT] = 0.5f;
    const struct mocap_face *out = adjust();
    assert_float_equal(out->shapes[MOCAP_JAW_OPEN], 2 * (5.0 / 64 - 0.05), 1e-6);
    assert_float_equal(out->shapes[MOCAP_TONGUE_OUT], 1, 0);
    assert_float_equal(out->shapes[MOCAP_EYE_BLINK_LEFT], 0, 0);
    assert_float_equal(out->shapes[MOCAP_CHEEK_PUFF], 47.0 / 64, 1e-6);
}

static void every_face_has_all_shapes(void **state)
{
    (void)state;
    face.shapes = NULL;
    shapes[3] = NAN;
    const struct mocap_face *out = adjust();
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        assert_float_equal(out->shapes[i], 0, 0);
    }
    face.shapes = shapes;
    assert_float_equal(adjust()->shapes[3], 0, 0); // what is no number is 0
}

// A head that is as the neutral one looks ahead; one that is not is turned from there.
static void the_neutral_head_looks_ahead(void **state)
{
    (void)state;
    memcpy(settings.neutral_head, pose.euler, sizeof pose.euler);
    const struct mocap_face *out = adjust();
    for (int i = 0; i < 3; i++) {
        assert_float_equal(out->pose->rotation[i], 0, 1e-6);
        assert_float_equal(out->pose->euler[i], 0, 1e-4);
    }
    record.lost = MOCAP_LOST_NEUTRAL; // nobody is seen: that head looks ahead already
    assert_memory_equal(adjust()->pose, &pose, sizeof pose);
    record.lost = MOCAP_LOST_NONE;
    settings.neutral_head[0] = settings.neutral_head[2] = 0;
    out = adjust();
    assert_float_equal(out->pose->euler[0], 10, 1e-4);
    assert_float_equal(out->pose->euler[1], 0, 1e-4);
    assert_float_equal(out->pose->euler[2], -5, 1e-4);
}

static void a_mirror_swaps_the_sides(void **state)
{
    (void)state;
    settings.mirror = true;
    settings.gains[MOCAP_EYE_BLINK_LEFT] = 4; // of the person's
    const struct mocap_face *out = adjust();
    assert_float_equal(out->shapes[MOCAP_EYE_BLINK_RIGHT], 4 * shapes[MOCAP_EYE_BLINK_LEFT], 1e-6);
    assert_float_equal(out->shapes[MOCAP_JAW_LEFT], shapes[MOCAP_JAW_RIGHT], 0);
    assert_float_equal(out->shapes[MOCAP_JAW_OPEN], shapes[MOCAP_JAW_OPEN], 0);
    assert_float_equal(out->pose->euler[0], 10, 0);
    assert_float_equal(out->pose->euler[1], -20, 0);
    assert_float_equal(out->pose->euler[2], 5, 0);
    float euler[3];
    bridge_rotation_euler(out->pose->rotation, euler);
    for (int i = 0; i < 3; i++) {
        assert_float_equal(euler[i], out->pose->euler[i], 1e-4);
    }
    assert_float_equal(out->pose->translation[0], -0.5, 0);
    const struct mocap_gaze *mirrored = adjusted.record.more[0]->gaze;
    assert_float_equal(mirrored->left[0], 5, 0);
    assert_float_equal(mirrored->left[1], 8, 0);
    assert_float_equal(mirrored->right[0], -20, 0);
    assert_float_equal(mirrored->point[0], -1, 0);
    assert_float_equal(out->box[0], WIDTH - 350, 0);
}

// The mean face is symmetrical: mirrored about its own middle, landmarks stay where they are.
static void a_mirrored_landmark_is_the_one_opposite(void **state)
{
    (void)state;
    settings.mirror = true;
    record.width = 600;
    const struct mocap_face *out = adjust();
    assert_int_equal(out->keypoint_count, 68);
    for (int i = 0; i < 68; i++) {
        assert_float_equal(out->keypoints[i].x, keypoints[i].x, 0.5);
        assert_float_equal(out->keypoints[i].y, keypoints[i].y, 0.5);
    }
    face.keypoint_count = 5;
    assert_int_equal(adjust()->keypoint_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_default_nothing_changes, set_up),
        cmocka_unit_test_setup(gains_multiply_what_exceeds_the_neutral_face, set_up),
        cmocka_unit_test_setup(every_face_has_all_shapes, set_up),
        cmocka_unit_test_setup(the_neutral_head_looks_ahead, set_up),
        cmocka_unit_test_setup(a_mirror_swaps_the_sides, set_up),
        cmocka_unit_test_setup(a_mirrored_landmark_is_the_one_opposite, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
