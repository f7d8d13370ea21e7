#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bridge/rotation.h"

#define HALF_15 0.258819045f // sine of 15 degrees
#define COS_15 0.965925826f

static void assert_quaternion(const float *got, float x, float y, float z, float w)
{
    const float wanted[4] = { x, y, z, w };
    for (int i = 0; i < 4; i++) {
        assert_float_equal(got[i], wanted[i], 1e-5);
    }
}

static void thirty_degrees_about_x(double matrix[3][3])
{
    const float quaternion[4] = { HALF_15, 0, 0, COS_15 };
    bridge_rotation_matrix(quaternion, matrix);
}

static void the_matrix_turns_y_towards_z(void **state)
{
    (void)state;
    double matrix[3][3];
    thirty_degrees_about_x(matrix);
    assert_float_equal(matrix[1][1], 0.8660254, 1e-6);
    assert_float_equal(matrix[2][1], 0.5, 1e-6);
    assert_float_equal(matrix[1][2], -0.5, 1e-6);
}

static void the_transposed_quaternion_has_the_other_sign(void **state)
{
    (void)state;
    double matrix[3][3];
    float quaternion[4];
    thirty_degrees_about_x(matrix);
    bridge_rotation_transposed_quaternion(matrix, quaternion);
    assert_quaternion(quaternion, -HALF_15, 0, 0, COS_15);
}

// Where w is 0 the other parts have to carry it.
static void half_turns_have_quaternions(void **state)
{
    (void)state;
    for (int axis = 0; axis < 3; axis++) {
        float turn[4] = { 0 }, quaternion[4];
        double matrix[3][3];
        turn[axis] = 1;
        bridge_rotation_matrix(turn, matrix);
        bridge_rotation_transposed_quaternion(matrix, quaternion);
        assert_float_equal(fabsf(quaternion[axis]), 1, 1e-6);
        assert_float_equal(quaternion[3], 0, 1e-6);
    }
}

// OpenSeeFace's head is upright at w = 0: nodding and tilting through it keep the sign.
static void the_transposed_quaternion_never_jumps(void **state)
{
    (void)state;
    float last[4] = { 0 };
    for (int i = 0; i < 2000; i++) {
        // Through nods, turns and tilts of up to 50 degrees, in small steps.
        const double t = i * 0.01;
        const float turn[4] = { (float)(0.4 * sin(3 * t)), (float)(0.4 * sin(2 * t)),
                                (float)(0.4 * sin(5 * t)), 1 };
        double ours[3][3], sent[3][3];
        float quaternion[4], off = 0;
        bridge_rotation_matrix(turn, ours);
        for (int j = 0; j < 3; j++) { // as osf.h has it
            sent[0][j] = ours[1][j];
            sent[1][j] = ours[0][j];
            sent[2][j] = -ours[2][j];
        }
        bridge_rotation_transposed_quaternion(sent, quaternion);
        assert_true(quaternion[0] > 0 || quaternion[1] > 0);
        for (int k = 0; k < 4; k++) {
            off += fabsf(quaternion[k] - last[k]);
        }
        assert_true(i == 0 || off < 0.1f);
        memcpy(last, quaternion, sizeof last);
    }
}

static void angles_make_the_matrix_again(void **state)
{
    (void)state;
    const float quaternion[4] = { 0.3f, -0.2f, 0.5f, 0.78f };
    double matrix[3][3];
    float angles[3];
    bridge_rotation_matrix(quaternion, matrix);
    bridge_rotation_angles(matrix, angles);
    const double x = angles[0] / 57.29577951, y = angles[1] / 57.29577951,
                 z = angles[2] / 57.29577951;
    // The first column and the last row of Rz Ry Rx.
    assert_float_equal(matrix[0][0], cos(z) * cos(y), 1e-6);
    assert_float_equal(matrix[1][0], sin(z) * cos(y), 1e-6);
    assert_float_equal(matrix[2][0], -sin(y), 1e-6);
    assert_float_equal(matrix[2][1], cos(y) * sin(x), 1e-6);
    assert_float_equal(matrix[2][2], cos(y) * cos(x), 1e-6);
}

static void shares_add_up(void **state)
{
    (void)state;
    const float turn[4] = { HALF_15, 0, 0, COS_15 }, other_sign[4] = { -HALF_15, 0, 0, -COS_15 };
    float half[4];
    bridge_rotation_share(turn, 0.5, half);
    assert_quaternion(half, sinf(0.13089969f), 0, 0, cosf(0.13089969f));
    bridge_rotation_share(other_sign, 0.5, half); // the same turn
    assert_quaternion(half, sinf(0.13089969f), 0, 0, cosf(0.13089969f));
    bridge_rotation_share(turn, 1, half);
    assert_quaternion(half, HALF_15, 0, 0, COS_15);
    bridge_rotation_share(turn, 0, half);
    assert_quaternion(half, 0, 0, 0, 1);
}

static void what_is_no_rotation_turns_nothing(void **state)
{
    (void)state;
    const float bad[][4] = { { 0, 0, 0, 0 }, { NAN, 0, 0, 1 }, { INFINITY, 0, 0, 1 } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        float share[4];
        bridge_rotation_share(bad[i], 0.5, share);
        assert_quaternion(share, 0, 0, 0, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_turns_y_towards_z),
        cmocka_unit_test(the_transposed_quaternion_has_the_other_sign),
        cmocka_unit_test(half_turns_have_quaternions),
        cmocka_unit_test(the_transposed_quaternion_never_jumps),
        cmocka_unit_test(angles_make_the_matrix_again),
        cmocka_unit_test(shares_add_up),
        cmocka_unit_test(what_is_no_rotation_turns_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
