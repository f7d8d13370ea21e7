// The pose against truths: the mean face itself, turned and seen by a camera, must
// be found exactly; faces of synthface, whose heads differ from the mean, within
// some degrees.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/motion/mean_face.h"
#include "pipeline/motion/pose.h"
#include "tools/synthface/synthface.h"

enum { POINTS = PIPELINE_MEAN_FACE_POINTS, WIDTH = 640, HEIGHT = 480 };

static const int mirror[POINTS] = {
    16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,  26, 25, 24, 23, 22, 21,
    20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
};

static float noise(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 8388608.0f - 1;
}

// Ry(yaw) Rx(pitch) Rz(roll), written out.
static void euler_matrix(const float degrees[3], float m[3][3])
{
    const float k = 0.017453293f;
    const float cp = cosf(degrees[0] * k), sp = sinf(degrees[0] * k);
    const float cy = cosf(degrees[1] * k), sy = sinf(degrees[1] * k);
    const float cr = cosf(degrees[2] * k), sr = sinf(degrees[2] * k);
    const float rows[3][3] = { { cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, sy * cp },
                               { cp * sr, cp * cr, -sp },
                               { -sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp } };
    memcpy(m, rows, sizeof rows);
}

// The mean face as a camera sees it.
static void project(const struct pipeline_camera *camera, const float m[3][3], const float shift[3],
                    struct mc_keypoint points[POINTS])
{
    for (int i = 0; i < POINTS; i++) {
        const struct pipeline_mean_point *p = &pipeline_mean_face[i];
        float q[3];
        for (int row = 0; row < 3; row++) {
            q[row] = m[row][0] * p->x + m[row][1] * p->y + m[row][2] * p->z + shift[row];
        }
        points[i] = (struct mc_keypoint){ camera->x + camera->focal * q[0] / q[2],
                                          camera->y + camera->focal * q[1] / q[2], 0.8f };
    }
}

// Between two rotations, degrees.
static float angle_between(const float a[3][3], const float b[3][3])
{
    float trace = 0;
    for (int i = 0; i < 9; i++) {
        trace += a[i / 3][i % 3] * b[i / 3][i % 3];
    }
    return acosf(fmaxf(-1, fminf(1, (trace - 1) / 2))) * 57.29578f;
}

static void fit(const struct mc_keypoint *points, const struct pipeline_camera *camera,
                struct protocol_pose *pose)
{
    assert_true(pipeline_pose_fit(points, camera, pose));
    const float *q = pose->rotation;
    assert_true(fabsf(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3] - 1) < 1e-4f);
    assert_true(q[3] >= 0);
}

static void the_mean_face_is_found_exactly(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    for (float yaw = -70; yaw <= 70; yaw += 14) {
        for (float pitch = -40; pitch <= 40; pitch += 20) {
            for (float roll = -170; roll <= 170; roll += 85) {
                const float degrees[3] = { pitch, yaw, roll };
                const float shift[3] = { yaw / 100, -pitch / 60, 4 + roll / 100 };
                float truth[3][3], found[3][3];
                struct mc_keypoint points[POINTS];
                struct protocol_pose pose;
                euler_matrix(degrees, truth);
                project(&camera, (const float(*)[3])truth, shift, points);
                fit(points, &camera, &pose);
                pipeline_pose_matrix(&pose, found);
                assert_true(angle_between((const float(*)[3])found, (const float(*)[3])truth) <
                            0.2f);
                for (int i = 0; i < 3; i++) {
                    assert_true(fabsf(pose.euler[i] - degrees[i]) < 0.3f);
                    assert_true(fabsf(pose.translation[i] - shift[i]) < 0.02f);
                }
                assert_true(pose.error < 1e-3f);
            }
        }
    }
}

// What documentation says of the signs: nod down, turn to the image's left, tilt
// clockwise are positive.
static void signs_are_as_documented(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(64, 48, 60);
    struct synthface *face = synthface_create(1, 64, 48, false, NULL);
    static uint8_t rgb[64 * 48 * 3];
    assert_non_null(face);
    for (unsigned frame = 0; frame < 250; frame += 50) {
        struct synthface_truth truth; // its yaw is to the image's right
        struct mc_keypoint points[POINTS];
        struct protocol_pose pose;
        synthface_render(face, frame, 25, rgb, &truth);
        for (int i = 0; i < POINTS; i++) {
            points[i] = (struct mc_keypoint){ truth.points[i][0], truth.points[i][1], 0.8f };
        }
        fit(points, &camera, &pose);
        const float want[3] = { truth.pitch, -truth.yaw, truth.roll };
        for (int i = 0; i < 3; i++) {
            assert_true(fabsf(want[i]) < 9 || pose.euler[i] * want[i] > 0);
        }
    }
    synthface_destroy(face);
}

// Eight heads through their motion, from exact landmarks.
static void synthetic_heads_are_found_within_degrees(void **state)
{
    (void)state;
    static uint8_t rgb[64 * 48 * 3];
    double sum = 0, worst = 0, turn_sum = 0;
    int count = 0;
    for (unsigned seed = 1; seed <= 8; seed++) {
        struct synthface *face = synthface_create(seed, 64, 48, false, NULL);
        assert_non_null(face);
        for (unsigned frame = 0; frame < 250; frame += 10) {
            struct synthface_truth truth;
            struct mc_keypoint points[POINTS];
            struct protocol_pose pose;
            float found[3][3];
            synthface_render(face, frame, 25, rgb, &truth);
            const struct pipeline_camera camera = { truth.focal, truth.middle[0], truth.middle[1] };
            for (int i = 0; i < POINTS; i++) {
                points[i] = (struct mc_keypoint){ truth.points[i][0], truth.points[i][1], 0.8f };
            }
            fit(points, &camera, &pose);
            pipeline_pose_matrix(&pose, found);
            const double angle =
                angle_between((const float(*)[3])found, (const float(*)[3])truth.rotation);
            const float identity[3][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } };
            turn_sum += angle_between(identity, (const float(*)[3])truth.rotation);
            sum += angle;
            worst = fmax(worst, angle);
            count++;
        }
        synthface_destroy(face);
    }
    printf("mean angular error %.1f degrees, worst %.1f; heads turn by %.1f\n", sum / count, worst,
           turn_sum / count);
    assert_true(sum / count < 4);
    assert_true(worst < 7);
    assert_true(turn_sum / count > 12); // an answer that is always "straight ahead" fails
}

static void a_mirrored_face_has_the_mirrored_pose(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    const float degrees[3] = { 12, -25, 8 }, shift[3] = { 0.4f, 0.2f, 5 };
    float truth[3][3];
    struct mc_keypoint points[POINTS], mirrored[POINTS];
    unsigned seed = 3;
    euler_matrix(degrees, truth);
    project(&camera, (const float(*)[3])truth, shift, points);
    for (int i = 0; i < POINTS; i++) {
        points[i].x += 3 * noise(&seed);
        points[i].y += 3 * noise(&seed);
        points[i].c = 0.5f + 0.4f * noise(&seed);
    }
    for (int i = 0; i < POINTS; i++) {
        mirrored[i] = points[mirror[i]];
        mirrored[i].x = WIDTH - mirrored[i].x;
    }
    struct protocol_pose pose, other;
    fit(points, &camera, &pose);
    fit(mirrored, &camera, &other);
    assert_true(fabsf(pose.euler[0] - other.euler[0]) < 0.02f);
    assert_true(fabsf(pose.euler[1] + other.euler[1]) < 0.02f);
    assert_true(fabsf(pose.euler[2] + other.euler[2]) < 0.02f);
    assert_true(fabsf(pose.translation[0] + other.translation[0]) < 2e-3f);
    assert_true(fabsf(pose.translation[1] - other.translation[1]) < 2e-3f);
    assert_true(fabsf(pose.error - other.error) < 1e-4f);
}

// A hand before the chin and a cheek: those landmarks are anywhere, and say so, or
// do not even say so.
static void occluded_landmarks_do_little_harm(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    const float degrees[3] = { -5, 20, 4 }, shift[3] = { 0, 0, 5 };
    const float confidences[2] = { 0.15f, 0.8f }, bounds[2] = { 1, 3 };
    for (int k = 0; k < 2; k++) {
        float truth[3][3], found[3][3];
        struct mc_keypoint points[POINTS];
        struct protocol_pose pose;
        euler_matrix(degrees, truth);
        project(&camera, (const float(*)[3])truth, shift, points);
        for (int i = 0; i < POINTS; i++) {
            if (i < 9 || i >= 48) {
                points[i].x += 40;
                points[i].y -= 30;
                points[i].c = confidences[k];
            }
        }
        fit(points, &camera, &pose);
        pipeline_pose_matrix(&pose, found);
        const float angle = angle_between((const float(*)[3])found, (const float(*)[3])truth);
        printf("a third occluded, confidence %.2f: off by %.1f degrees\n", (double)confidences[k],
               (double)angle);
        assert_true(angle < bounds[k]);
    }
}

// A mouth that opens wide is no head that is lifted.
static void an_open_mouth_hardly_moves_the_head(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    const float none[3] = { 0, 0, 0 }, shift[3] = { 0, 0, 5 };
    float straight[3][3];
    struct mc_keypoint points[POINTS];
    struct protocol_pose pose;
    euler_matrix(none, straight);
    project(&camera, (const float(*)[3])straight, shift, points);
    for (int i = 0; i < POINTS; i++) {
        bool lower = (i >= 5 && i <= 11) || (i >= 55 && i <= 59) || i >= 65;
        points[i].y += lower ? 0.2f * camera.focal / shift[2] : 0; // a fifth of the face
    }
    fit(points, &camera, &pose);
    assert_true(fabsf(pose.euler[0]) < 3);
}

static void what_is_no_face_has_no_pose(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    struct mc_keypoint points[POINTS];
    struct protocol_pose pose = { .error = 77 };
    for (int i = 0; i < POINTS; i++) {
        points[i] = (struct mc_keypoint){ 100, 100, 0.9f };
    }
    assert_false(pipeline_pose_fit(points, &camera, &pose)); // all at one point
    for (int i = 0; i < POINTS; i++) {
        points[i] = (struct mc_keypoint){ (float)i, 100, 0.9f };
    }
    assert_false(pipeline_pose_fit(points, &camera, &pose)); // on a line
    for (int i = 0; i < POINTS; i++) {
        points[i] = (struct mc_keypoint){ NAN, INFINITY, 0.9f };
    }
    assert_false(pipeline_pose_fit(points, &camera, &pose));
    const float none[3] = { 0, 0, 0 }, shift[3] = { 0, 0, 5 };
    float straight[3][3];
    euler_matrix(none, straight);
    project(&camera, (const float(*)[3])straight, shift, points);
    for (int i = 0; i < POINTS; i++) {
        points[i].c = 0.05f;
    }
    assert_false(pipeline_pose_fit(points, &camera, &pose)); // nothing is sure
    assert_true(pose.error == 77);
}

// Whatever the points are, what comes out is a pose or nothing.
static void garbage_gives_finite_numbers_or_none(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 5000; round++) {
        const struct pipeline_camera camera =
            pipeline_camera_make(WIDTH, HEIGHT, 5 + 80 * (1 + noise(&seed)));
        const float reach = expf(12 * noise(&seed));
        struct mc_keypoint points[POINTS];
        struct protocol_pose pose;
        for (int i = 0; i < POINTS; i++) {
            points[i] =
                (struct mc_keypoint){ reach * noise(&seed), reach * noise(&seed), noise(&seed) };
            if (noise(&seed) > 0.97f) {
                points[i].x = noise(&seed) > 0 ? NAN : INFINITY;
            }
            if (noise(&seed) > 0.99f) {
                points[i].c = noise(&seed) > 0 ? NAN : INFINITY;
            }
        }
        if (pipeline_pose_fit(points, &camera, &pose)) {
            for (int i = 0; i < 4; i++) {
                assert_true(fabsf(pose.rotation[i]) <= 1.001f);
            }
            for (int i = 0; i < 3; i++) {
                assert_true(isfinite(pose.euler[i]) && isfinite(pose.translation[i]));
            }
            assert_true(isfinite(pose.error) && pose.error >= 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_face_is_found_exactly),
        cmocka_unit_test(signs_are_as_documented),
        cmocka_unit_test(synthetic_heads_are_found_within_degrees),
        cmocka_unit_test(a_mirrored_face_has_the_mirrored_pose),
        cmocka_unit_test(occluded_landmarks_do_little_harm),
        cmocka_unit_test(an_open_mouth_hardly_moves_the_head),
        cmocka_unit_test(what_is_no_face_has_no_pose),
        cmocka_unit_test(garbage_gives_finite_numbers_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
