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
#include "tools/bridge/osf.h"
#include "tools/bridge/rotation.h"

enum { WIDTH = 640, HEIGHT = 480, SCALE = 200 }; // the face is 200 pixels wide

static struct bridge_osf osf;
static struct bridge_face_numbers numbers;
static struct mocap_record record;
static struct mocap_face faces[PROTOCOL_FACES_MAX];
static struct mocap_pose poses[PROTOCOL_FACES_MAX];
static struct mocap_keypoint keypoints[PROTOCOL_FACES_MAX][68];
static unsigned char bytes[BRIDGE_OSF_BYTES_MAX];

static int set_up(void **state)
{
    (void)state;
    memset(&osf, 0, sizeof osf);
    memset(&numbers, 0, sizeof numbers);
    memset(&record, 0, sizeof record);
    record.width = WIDTH;
    record.height = HEIGHT;
    record.faces = faces;
    return 0;
}

// The mean face with this rotation and its origin here, seen from far away.
static struct mocap_face *add_face(int id, const float rotation[4], double x, double y)
{
    const int index = record.face_count++;
    struct mocap_face *face = &faces[index];
    double matrix[3][3];
    bridge_rotation_matrix(rotation, matrix);
    face->id = id;
    face->keypoint_count = 68;
    face->keypoints = keypoints[index];
    for (int i = 0; i < 68; i++) {
        const struct pipeline_mean_point *p = &pipeline_mean_face[i];
        keypoints[index][i] = (struct mocap_keypoint){
            .x = (float)(x +
                         SCALE * (matrix[0][0] * p->x + matrix[0][1] * p->y + matrix[0][2] * p->z)),
            .y = (float)(y +
                         SCALE * (matrix[1][0] * p->x + matrix[1][1] * p->y + matrix[1][2] * p->z)),
            .c = 0.9f,
        };
    }
    face->pose = &poses[index];
    memcpy(poses[index].rotation, rotation, sizeof poses[index].rotation);
    return face;
}

static size_t write_record(double unix_s)
{
    bridge_face_numbers_update(&numbers, &record);
    return bridge_osf_write(&osf, &record, &numbers, 0, unix_s, bytes);
}

static float float_at(size_t offset)
{
    float value;
    memcpy(&value, bytes + offset, sizeof value);
    return value;
}

// ---- what a receiver makes of it: Unity/OpenSee.cs and OpenSeeShowPoints.cs, in Unity's axes

struct quaternion {
    double x, y, z, w;
};

static struct quaternion multiply(struct quaternion a, struct quaternion b)
{
    return (struct quaternion){
        a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
        a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
        a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w,
        a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z,
    };
}

// Where the receiver's head looks: the tip of the nose, seen from between the ears.
static void receive_direction(double direction[3])
{
    const struct quaternion raw = { float_at(33), float_at(37), float_at(41), float_at(45) };
    const struct quaternion upright = { 0, 0, -sqrt(0.5), sqrt(0.5) };
    const struct quaternion q =
        multiply((struct quaternion){ -raw.y, -raw.x, raw.z, raw.w }, upright);
    const size_t ear = 889, other = 889 + 12 * 16, nose = 889 + 12 * 30;
    struct quaternion local = { 0 };
    // x and -y as they are read, then x turned round once more.
    local.x = -(float_at(nose) - (float_at(ear) + float_at(other)) / 2);
    local.y = -(float_at(nose + 4) - (float_at(ear + 4) + float_at(other + 4)) / 2);
    local.z = float_at(nose + 8) - (float_at(ear + 8) + float_at(other + 8)) / 2;
    const struct quaternion inverse = { -q.x, -q.y, -q.z, q.w };
    const struct quaternion turned = multiply(multiply(q, local), inverse);
    direction[0] = turned.x;
    direction[1] = turned.y;
    direction[2] = turned.z;
}

static void an_upright_head_has_the_angles_that_receivers_expect(void **state)
{
    (void)state;
    const float none[4] = { 0, 0, 0, 1 };
    add_face(7, none, WIDTH / 2, HEIGHT / 2);
    assert_int_equal(write_record(1234.5), BRIDGE_OSF_FACE_BYTES);
    assert_float_equal(fabsf(float_at(49)), 180, 1e-3);
    assert_float_equal(float_at(53), 0, 1e-3);
    assert_float_equal(float_at(57), 90, 1e-3);
    assert_float_equal(float_at(33), sqrt(0.5), 1e-5);
    assert_float_equal(float_at(37), sqrt(0.5), 1e-5);
    assert_float_equal(float_at(41), 0, 1e-5);
    assert_float_equal(float_at(45), 0, 1e-5);
    assert_int_equal(bytes[28], 1);
}

static void the_receivers_head_turns_as_the_persons(void **state)
{
    (void)state;
    // The person turns to the left, where the image's right is: about our y the
    // other way round. Unity's avatar has its left at -x.
    const float left[4] = { 0, -0.2588f, 0, 0.9659f };
    // Where OpenSeeFace takes the middle of the image to be.
    const double middle_x = HEIGHT / 2.0, middle_y = WIDTH / 2.0;
    double ahead[3], turned[3];
    add_face(1, left, middle_x, middle_y);
    write_record(0);
    receive_direction(turned);
    set_up(NULL);
    add_face(1, (const float[4]){ 0, 0, 0, 1 }, middle_x, middle_y);
    write_record(0);
    receive_direction(ahead);
    assert_true(fabs(ahead[0]) < 0.01 && ahead[2] > 0.4);
    assert_true(turned[0] < -0.2);
    // The person looks down.
    const float down[4] = { 0.1736f, 0, 0, 0.9848f };
    set_up(NULL);
    add_face(1, down, middle_x, middle_y);
    write_record(0);
    receive_direction(turned);
    assert_true(turned[1] < ahead[1] - 0.15 && fabs(turned[0]) < 0.01);
}

// Unity's translation, as OpenSeeShowPoints has it.
static void receive_translation(double translation[3])
{
    translation[0] = float_at(65);
    translation[1] = float_at(61);
    translation[2] = float_at(69);
}

static void the_receivers_head_moves_as_the_persons(void **state)
{
    (void)state;
    const float none[4] = { 0, 0, 0, 1 };
    double middle[3], moved[3];
    add_face(1, none, WIDTH / 2, HEIGHT / 2);
    write_record(0);
    receive_translation(middle);
    assert_float_equal(fabs(middle[2]), (double)WIDTH / SCALE, 1e-3); // focal length: the width
    set_up(NULL);
    add_face(1, none, WIDTH / 2 + SCALE, HEIGHT / 2 - SCALE); // the person's left, and up
    write_record(0);
    receive_translation(moved);
    assert_float_equal(moved[0] - middle[0], -1, 1e-3);
    assert_float_equal(moved[1] - middle[1], 1, 1e-3);
}

static void points_are_the_heads_whatever_its_pose(void **state)
{
    (void)state;
    const float turn[4] = { 0.1f, -0.15f, 0.05f, 0.98f };
    float first[70 * 3];
    add_face(1, (const float[4]){ 0, 0, 0, 1 }, WIDTH / 2, HEIGHT / 2);
    write_record(0);
    memcpy(first, bytes + 889, sizeof first);
    assert_float_equal(first[30 * 3], 0, 1e-3); // the tip of the nose is the origin
    assert_true(first[0] > 0.3);                // the person's right ear
    assert_true(first[8 * 3 + 1] > 0.3);        // the chin; y comes with the other sign
    assert_true(first[2] > 0.2);                // ears behind the nose; z does, too
    set_up(NULL);
    add_face(1, turn, WIDTH / 2 - 90, HEIGHT / 2 + 40);
    write_record(0);
    for (size_t i = 0; i < 70 * 3; i++) {
        // Seen by a camera that is near, where it was drawn for one far away.
        assert_float_equal(float_at(889 + 4 * i), first[i], 0.12);
    }
}

static void eyes_look_straight_ahead(void **state)
{
    (void)state;
    add_face(1, (const float[4]){ 0, 0, 0, 1 }, WIDTH / 2, HEIGHT / 2);
    write_record(0);
    for (size_t eye = 0; eye < 2; eye++) {
        const size_t pupil = 889 + 12 * (66 + eye), ball = 889 + 12 * (68 + eye);
        assert_float_equal(float_at(pupil), float_at(ball), 1e-6);
        assert_float_equal(float_at(pupil + 4), float_at(ball + 4), 1e-6);
        assert_true(float_at(ball + 8) > float_at(pupil + 8)); // behind: z is turned round
        assert_float_equal(float_at(73 + 4 * (66 + eye)), 0, 0);
    }
}

// The points of the frame follow: OpenSeeFace puts a pupil where its landmark is.
static void pupils_move_in_the_frame(void **state)
{
    (void)state;
    const struct mocap_gaze gaze = { .left = { 20, 0 }, .right = { 20, 10 } }; // right, and down
    const struct mocap_face_more more = { .gaze = &gaze }, *const mores[] = { &more };
    float ahead[4];
    add_face(1, (const float[4]){ 0, 0, 0, 1 }, WIDTH / 2, HEIGHT / 2);
    write_record(0);
    memcpy(ahead, bytes + 345 + 8 * 66, sizeof ahead);
    record.more = mores;
    write_record(0);
    const double eye = (double)keypoints[0][39].x - keypoints[0][36].x;
    const double depth = 0.385 * eye; // of the pupil before the middle of its eyeball
    const double right_x = float_at(345 + 8 * 66) - ahead[0];
    const double right_y = float_at(345 + 8 * 66 + 4) - ahead[1];
    const double left_x = float_at(345 + 8 * 67) - ahead[2];
    const double left_y = float_at(345 + 8 * 67 + 4) - ahead[3];
    // The person's right is the frame's left. The camera is near: it sees the eyes from inside.
    assert_float_equal(left_x, -depth * sin(20 / 57.29577951), 0.15 * depth);
    assert_float_equal(right_x, -depth * sin(20 / 57.29577951) * cos(10 / 57.29577951),
                       0.15 * depth);
    assert_float_equal(right_y - left_y, depth * sin(10 / 57.29577951), 0.05 * depth);
    assert_float_equal(float_at(73 + 4 * 66), 0.9f, 1e-6);
    assert_float_equal(float_at(73 + 4 * 67), 0.9f, 1e-6);
}

static int id_at(int face)
{
    int32_t id;
    memcpy(&id, bytes + face * BRIDGE_OSF_FACE_BYTES + 8, sizeof id);
    return id;
}

static void faces_keep_their_numbers(void **state)
{
    (void)state;
    const float none[4] = { 0, 0, 0, 1 };
    add_face(5, none, 200, 200);
    add_face(6, none, 400, 200);
    assert_int_equal(write_record(0), 2 * BRIDGE_OSF_FACE_BYTES);
    assert_int_equal(id_at(0), 0);
    assert_int_equal(id_at(1), 1);
    record.face_count = 0;
    add_face(6, none, 400, 200);
    assert_int_equal(write_record(0), BRIDGE_OSF_FACE_BYTES);
    assert_int_equal(id_at(0), 1);
    add_face(9, none, 400, 200);
    write_record(0);
    assert_int_equal(id_at(0), 0);
    assert_int_equal(id_at(1), 1);
    record.lost = MOCAP_LOST_HOLD; // they were there in an earlier frame
    assert_int_equal(write_record(0), 0);
    record.lost = MOCAP_LOST_NONE;
    record.face_count = 0;
    assert_int_equal(write_record(0), 0);
}

// Receivers show face 0.
static void one_face_alone_is_face_0(void **state)
{
    (void)state;
    const float none[4] = { 0, 0, 0, 1 };
    add_face(5, none, 200, 200);
    add_face(6, none, 400, 200);
    bridge_face_numbers_update(&numbers, &record);
    assert_int_equal(bridge_osf_write(&osf, &record, &numbers, 6, 0, bytes), BRIDGE_OSF_FACE_BYTES);
    assert_int_equal(id_at(0), 0);
    assert_float_equal(float_at(345 + 8 * 30), keypoints[1][30].x, 1e-3);
}

static void hostile_faces_do_no_harm(void **state)
{
    (void)state;
    const float none[4] = { 0, 0, 0, 1 };
    struct mocap_face *face = add_face(1, none, 200, 200);
    memset(keypoints[0], 0, sizeof keypoints[0]); // all in one place
    assert_int_equal(write_record(0), BRIDGE_OSF_FACE_BYTES);
    assert_int_equal(bytes[28], 0);
    keypoints[0][3].x = NAN;
    assert_int_equal(write_record(0), BRIDGE_OSF_FACE_BYTES);
    assert_int_equal(bytes[28], 0);
    face->keypoint_count = 5;
    assert_int_equal(write_record(0), 0);
    face->keypoint_count = 68;
    face->pose = NULL;
    record.width = record.height = 0;
    assert_int_equal(write_record(0), BRIDGE_OSF_FACE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_upright_head_has_the_angles_that_receivers_expect, set_up),
        cmocka_unit_test_setup(the_receivers_head_turns_as_the_persons, set_up),
        cmocka_unit_test_setup(the_receivers_head_moves_as_the_persons, set_up),
        cmocka_unit_test_setup(points_are_the_heads_whatever_its_pose, set_up),
        cmocka_unit_test_setup(eyes_look_straight_ahead, set_up),
        cmocka_unit_test_setup(pupils_move_in_the_frame, set_up),
        cmocka_unit_test_setup(faces_keep_their_numbers, set_up),
        cmocka_unit_test_setup(one_face_alone_is_face_0, set_up),
        cmocka_unit_test_setup(hostile_faces_do_no_harm, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
