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
#include "tests/larger.h"
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

// Between two rotations, degrees; NAN when one of them is none.
static float angle_between(const float a[3][3], const float b[3][3])
{
    float trace = 0;
    for (int i = 0; i < 9; i++) {
        trace += a[i / 3][i % 3] * b[i / 3][i % 3];
    }
    return isnan(trace) ? NAN : acosf(fmaxf(-1, fminf(1, (trace - 1) / 2))) * 57.29578f;
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
            worst = test_larger(worst, angle);
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

// Brows that rise or sink, an open mouth, a smile: by how far the landmarks are moved, and by how
// many degrees the head may turn for it.
static void expressions_hardly_move_the_head(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int first, last;
        float x, y; // widths of the face; x away from the middle
    } moves[] = {
        { "brows up", 17, 26, 0, -0.07f },      { "brows down", 17, 26, 0, 0.04f },
        { "right brow up", 17, 21, 0, -0.07f }, { "mouth up", 48, 67, 0, -0.04f },
        { "mouth wide", 48, 67, 0.05f, 0 },     { "jaw to the left", 4, 12, 0, 0 },
        { "chin down", 5, 11, 0, 0.15f },       { "nose wrinkled", 31, 35, 0, -0.02f },
    };
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    for (size_t k = 0; k < sizeof moves / sizeof moves[0]; k++) {
        for (float yaw = -30; yaw <= 30; yaw += 30) {
            const float degrees[3] = { 0, yaw, 0 }, shift[3] = { 0, 0, 4 };
            float truth[3][3];
            struct mc_keypoint points[POINTS];
            struct protocol_pose pose;
            euler_matrix(degrees, truth);
            project(&camera, (const float(*)[3])truth, shift, points);
            for (int i = moves[k].first; i <= moves[k].last; i++) {
                const float x = pipeline_mean_face[i].x, width = camera.focal / shift[2];
                const float out =
                    strcmp(moves[k].name, "jaw to the left") == 0 ? 0.04f : moves[k].x * x / 0.2f;
                points[i].x += out * cosf(yaw / 57.3f) * width;
                points[i].y += moves[k].y * width;
            }
            fit(points, &camera, &pose);
            assert_true(fabsf(pose.euler[0]) < 2.5f);
            assert_true(fabsf(pose.euler[1] - yaw) < 2.5f);
        }
    }
}

// No group as small as the bridge of the nose decides: off by a pixel or two, which networks are,
// it must not turn the head.
static void no_small_group_rules(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    static const int groups[][2] = { { 27, 30 }, { 31, 35 }, { 36, 41 }, { 42, 47 },
                                     { 17, 21 }, { 48, 54 }, { 0, 4 },   { 60, 67 } };
    const float none[3] = { 0, 0, 0 }, shift[3] = { 0, 0, 4 };
    float straight[3][3];
    euler_matrix(none, straight);
    for (size_t k = 0; k < sizeof groups / sizeof groups[0]; k++) {
        for (int axis = 0; axis < 2; axis++) {
            struct mc_keypoint points[POINTS];
            struct protocol_pose pose;
            project(&camera, (const float(*)[3])straight, shift, points);
            for (int i = groups[k][0]; i <= groups[k][1]; i++) {
                *(axis == 0 ? &points[i].x : &points[i].y) += 0.02f * camera.focal / shift[2];
            }
            fit(points, &camera, &pose);
            assert_true(fabsf(pose.euler[0]) < 1.8f && fabsf(pose.euler[1]) < 1.8f);
        }
    }
}

// In profile the far half is guessed: those landmarks lie anywhere near the contour.
static void a_profile_holds(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    unsigned seed = 11;
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int frame = 0; frame < 100; frame++) {
            const float yaw = (float)sign * (45 + 0.3f * (float)frame);
            const float degrees[3] = { 5, yaw, 0 }, shift[3] = { 0.3f, 0, 4 };
            float truth[3][3];
            struct mc_keypoint points[POINTS];
            struct protocol_pose pose;
            euler_matrix(degrees, truth);
            project(&camera, (const float(*)[3])truth, shift, points);
            for (int i = 0; i < POINTS; i++) {
                const bool hidden = pipeline_mean_face[i].x * (float)sign < -0.05f;
                const float reach = (hidden ? 0.08f : 0.01f) * camera.focal / shift[2];
                points[i].x += reach * noise(&seed);
                points[i].y += reach * noise(&seed);
            }
            fit(points, &camera, &pose);
            assert_true(fabsf(pose.euler[1] - yaw) < 5);
        }
    }
}

// Whatever another source expects: right, wrong, flipped, no rotation at all.
static void what_is_expected_helps_and_does_no_harm(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    static const float odd[][3][3] = {
        { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },     { { -1, 0, 0 }, { 0, 1, 0 }, { 0, 0, -1 } },
        { { 0, 1, 0 }, { -1, 0, 0 }, { 0, 0, 1 } },    { { 0 } },
        { { NAN, 0, 0 }, { 0, NAN, 0 }, { 0, 0, 1 } },
    };
    const float shift[3] = { 0.2f, -0.1f, 4 };
    for (float yaw = -60; yaw <= 60; yaw += 20) {
        const float degrees[3] = { 10, yaw, -5 };
        float truth[3][3], found[3][3];
        struct mc_keypoint points[POINTS];
        euler_matrix(degrees, truth);
        project(&camera, (const float(*)[3])truth, shift, points);
        for (size_t k = 0; k <= sizeof odd / sizeof odd[0]; k++) {
            struct pipeline_pose_fit fitted;
            assert_true(pipeline_pose_find(
                points, &camera, k == 0 ? (const float(*)[3])truth : odd[k - 1], &fitted));
            pipeline_pose_matrix(&fitted.pose, found);
            assert_true(angle_between((const float(*)[3])found, (const float(*)[3])truth) < 0.5f);
        }
    }
}

// Landmarks that fit two heads, one of them turned away: the expected one is taken.
static void a_wild_fit_starts_again_where_it_is_expected(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    const float degrees[3] = { 0, 35, 0 }, shift[3] = { 0, 0, 4 };
    float truth[3][3], found[3][3];
    struct mc_keypoint points[POINTS];
    struct pipeline_pose_fit fitted;
    euler_matrix(degrees, truth);
    project(&camera, (const float(*)[3])truth, shift, points);
    // More than half of the landmarks say that the head looks the other way.
    const float other_degrees[3] = { 0, -35, 0 };
    float other[3][3];
    struct mc_keypoint mirrored[POINTS];
    euler_matrix(other_degrees, other);
    project(&camera, (const float(*)[3])other, shift, mirrored);
    for (int i = 0; i < 17; i++) {
        points[i] = mirrored[i];
    }
    for (int i = 48; i < POINTS; i++) {
        points[i] = mirrored[i];
    }
    for (int side = 0; side < 2; side++) {
        const float(*expected)[3] = (const float(*)[3])(side == 0 ? truth : other);
        assert_true(pipeline_pose_find(points, &camera, expected, &fitted));
        pipeline_pose_matrix(&fitted.pose, found);
        assert_true(angle_between((const float(*)[3])found, expected) < 30);
    }
}

// Behind the camera's back, or seen from behind: no face looks like that.
static void a_face_is_never_seen_from_behind(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    const float shift[3] = { 0, 0, 4 };
    for (float yaw = 120; yaw <= 240; yaw += 20) {
        const float degrees[3] = { 0, yaw, 0 };
        float behind[3][3], found[3][3];
        struct mc_keypoint points[POINTS];
        struct protocol_pose pose;
        euler_matrix(degrees, behind);
        project(&camera, (const float(*)[3])behind, shift, points);
        if (pipeline_pose_fit(points, &camera, &pose)) {
            pipeline_pose_matrix(&pose, found);
            assert_true(found[2][2] > -0.35f);
        }
    }
}

static void the_camera_of_a_pose_is_found_again(void **state)
{
    (void)state;
    for (float fov = 20; fov <= 100; fov += 20) {
        const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, fov);
        const float degrees[3] = { 8, -20, 3 }, shift[3] = { 0.5f, 0.3f, 5 };
        float truth[3][3];
        struct mc_keypoint points[POINTS];
        struct protocol_pose pose;
        euler_matrix(degrees, truth);
        project(&camera, (const float(*)[3])truth, shift, points);
        fit(points, &camera, &pose);
        const struct pipeline_camera found = pipeline_camera_of_pose(WIDTH, HEIGHT, points, &pose);
        assert_true(fabsf(found.focal / camera.focal - 1) < 0.01f);
        assert_true(found.x == camera.x && found.y == camera.y);
    }
}

// More pitch, and yaw and roll as they were.
static void a_correction_is_of_the_nod_alone(void **state)
{
    (void)state;
    for (float pitch = -90; pitch <= 90; pitch += 15) {
        for (float yaw = -60; yaw <= 60; yaw += 30) {
            const float degrees[3] = { pitch, yaw, 10 };
            float turn[3][3];
            struct protocol_pose pose = { .error = 0.5f };
            euler_matrix(degrees, turn);
            pipeline_pose_set_rotation(&pose, (const float(*)[3])turn);
            const struct protocol_pose before = pose;
            pipeline_pose_correct(&pose);
            assert_true(fabsf(pose.euler[0]) >= fabsf(before.euler[0]) - 0.01f);
            assert_true(pose.euler[0] * pitch >= 0 && fabsf(pose.euler[0]) < 90.1f);
            assert_true(fabsf(pitch) == 90 || fabsf(pose.euler[1] - yaw) < 0.01f);
            assert_true(fabsf(pitch) == 90 || fabsf(pose.euler[2] - 10) < 0.01f);
            assert_true(pitch == 0 || fabsf(pitch) > 71 ||
                        fabsf(pose.euler[0] / pitch - 1.2f) < 0.01f);
        }
    }
}

// A head that looks into the camera from the frame's edge is turned towards its middle.
static void a_rotation_is_turned_with_the_line_of_sight(void **state)
{
    (void)state;
    const struct pipeline_camera camera = pipeline_camera_make(WIDTH, HEIGHT, 60);
    const float none[3] = { 0, 0, 0 };
    float straight[3][3], turned[3][3];
    euler_matrix(none, straight);
    pipeline_camera_turn(&camera, camera.x, camera.y, (const float(*)[3])straight, turned);
    assert_true(angle_between((const float(*)[3])turned, (const float(*)[3])straight) < 0.1f);
    pipeline_camera_turn(&camera, 500, 90, (const float(*)[3])straight, turned);
    const float sight[3] = { (500 - camera.x) / camera.focal, (90 - camera.y) / camera.focal, 1 };
    for (int i = 0; i < 2; i++) {
        assert_true(fabsf(turned[i][2] / turned[2][2] - sight[i]) < 1e-5f);
    }
    for (int i = 0; i < 3; i++) {
        float square = 0, mixed = 0;
        for (int k = 0; k < 3; k++) {
            square += turned[i][k] * turned[i][k];
            mixed += turned[i][k] * turned[(i + 1) % 3][k];
        }
        assert_true(fabsf(square - 1) < 1e-5f && fabsf(mixed) < 1e-5f);
    }
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
        cmocka_unit_test(expressions_hardly_move_the_head),
        cmocka_unit_test(no_small_group_rules),
        cmocka_unit_test(a_profile_holds),
        cmocka_unit_test(what_is_expected_helps_and_does_no_harm),
        cmocka_unit_test(a_wild_fit_starts_again_where_it_is_expected),
        cmocka_unit_test(a_face_is_never_seen_from_behind),
        cmocka_unit_test(the_camera_of_a_pose_is_found_again),
        cmocka_unit_test(a_rotation_is_turned_with_the_line_of_sight),
        cmocka_unit_test(a_correction_is_of_the_nod_alone),
        cmocka_unit_test(what_is_no_face_has_no_pose),
        cmocka_unit_test(garbage_gives_finite_numbers_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
