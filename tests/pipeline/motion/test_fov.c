// The field of view from faces whose camera is known: heads that differ from the mean face, turn,
// speak and are seen by a network that errs.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/motion/fov.h"
#include "pipeline/motion/mean_face.h"
#include "tests/larger.h"

enum { POINTS = PIPELINE_MEAN_FACE_POINTS, WIDTH = 640, HEIGHT = 480, RATE = 25 };

static unsigned seed;

static float noise(void) // nearly normal, of variance 1
{
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        seed = seed * 1664525u + 1013904223u;
        sum += (float)(seed >> 8) / 8388608.0f - 1;
    }
    return sum * 0.87f;
}

struct person {
    float x[POINTS], y[POINTS], z[POINTS];
};

// A head that differs from the mean face smoothly: another width, height and depth, and a little
// everywhere.
static struct person draw_person(void)
{
    struct person person;
    const float wide = 1 + 0.04f * noise(), high = 1 + 0.04f * noise(), deep = 1 + 0.08f * noise();
    for (int i = 0; i < POINTS; i++) {
        const struct pipeline_mean_point *p = &pipeline_mean_face[i];
        person.x[i] = wide * p->x + 0.01f * noise();
        person.y[i] = high * p->y + 0.01f * noise();
        person.z[i] = deep * p->z + 0.01f * noise();
    }
    return person;
}

static void see(const struct person *person, const struct pipeline_camera *camera, float near,
                float time, struct mc_keypoint points[POINTS])
{
    const float yaw = 0.35f * sinf(time), pitch = 0.2f * sinf(0.7f * time);
    const float cy = cosf(yaw), sy = sinf(yaw), cp = cosf(pitch), sp = sinf(pitch);
    for (int i = 0; i < POINTS; i++) {
        const bool jaw = (i >= 5 && i <= 11) || (i >= 55 && i <= 59) || i >= 65;
        const float x = person->x[i], z0 = person->z[i];
        const float y0 = person->y[i] + (jaw ? 0.05f * (1 + sinf(9 * time)) : 0);
        const float y = cp * y0 - sp * z0, z = sp * y0 + cp * z0;
        const float depth = cy * z - sy * x + 1 / near;
        const float scale = camera->focal / depth, pixel = 0.015f * camera->focal * near;
        points[i] =
            (struct mc_keypoint){ camera->x + scale * (cy * x + sy * z + 0.2f * sinf(0.3f * time)) +
                                      pixel * noise(),
                                  camera->y + scale * (y - 0.2f) + pixel * noise(), 0.95f };
    }
}

// What is in use after seconds of a person whose face's width is near times its distance.
static float estimate_of(struct pipeline_fov *fov, const struct person *person, float degrees,
                         float near, float first_s, float seconds)
{
    const struct pipeline_camera truth = pipeline_camera_make(WIDTH, HEIGHT, degrees);
    for (int frame = 0; frame < (int)(seconds * RATE); frame++) {
        struct mc_keypoint points[POINTS];
        struct pipeline_pose_fit fit;
        see(person, &truth, near, first_s + (float)frame / RATE, points);
        const struct pipeline_camera camera = pipeline_fov_camera(fov, WIDTH, HEIGHT);
        assert_true(pipeline_pose_find(points, &camera, NULL, &fit));
        pipeline_fov_add(fov, &fit, 1.0f / RATE);
    }
    return pipeline_fov_degrees(fov);
}

// Twelve people before each camera. Faces as large as these show perspective: of narrow fields of
// view because they fill the frame, of wide ones because they are near.
static void cameras_are_told_apart(void **state)
{
    (void)state;
    static const float cameras[][2] = { { 24, 0.2f }, { 40, 0.25f }, { 60, 0.3f }, { 90, 0.5f } };
    float before = 0;
    seed = 5;
    for (size_t k = 0; k < sizeof cameras / sizeof cameras[0]; k++) {
        float sum = 0, worst = 0;
        for (int i = 0; i < 12; i++) {
            struct pipeline_fov fov;
            const struct person person = draw_person();
            pipeline_fov_init(&fov, 0);
            const float found = estimate_of(&fov, &person, cameras[k][0], cameras[k][1], 0, 15);
            sum += found / 12;
            worst = (float)test_larger(worst, fabsf(found - cameras[k][0]));
        }
        printf("%.0f degrees: %.0f in the mean, at most %.0f off\n", (double)cameras[k][0],
               (double)sum, (double)worst);
        assert_true(fabsf(sum - cameras[k][0]) < 0.25f * cameras[k][0]);
        assert_true(sum > before + 5);
        before = sum;
    }
}

static void a_far_face_leaves_what_is_usual(void **state)
{
    (void)state;
    struct pipeline_fov fov;
    seed = 6;
    const struct person person = draw_person();
    pipeline_fov_init(&fov, 0);
    assert_true(fabsf(estimate_of(&fov, &person, 60, 0.07f, 0, 15) - 60) < 0.1f);
}

// It moves in the first seconds; then distances must not swim.
static void what_is_in_use_is_calm(void **state)
{
    (void)state;
    struct pipeline_fov fov;
    seed = 7;
    const struct person person = draw_person();
    pipeline_fov_init(&fov, 0);
    const float start = pipeline_fov_degrees(&fov);
    float last = estimate_of(&fov, &person, 30, 0.25f, 0, 2);
    assert_true(last < start - 10);
    last = estimate_of(&fov, &person, 30, 0.25f, 2, 8);
    for (int second = 10; second < 60; second++) {
        const float now = estimate_of(&fov, &person, 30, 0.25f, (float)second, 1);
        assert_true(fabsf(now / last - 1) < 0.01f);
        last = now;
    }
}

static void one_long_look_counts_less_than_many(void **state)
{
    (void)state;
    struct pipeline_fov fov;
    struct pipeline_pose_fit fit = { .pose.translation = { 0, 0, 5 }, .lens = { 0.4f, 0.8f } };
    pipeline_fov_init(&fov, 0);
    pipeline_fov_camera(&fov, WIDTH, HEIGHT);
    for (int frame = 0; frame < 1000; frame++) {
        fit.lens.scale = 0.2f / fov.tangent;
        pipeline_fov_add(&fov, &fit, 0.04f);
    }
    const float one = fov.tangent;
    for (int frame = 0; frame < 4000; frame++) {
        fit.lens.scale = 0.2f / fov.tangent;
        fit.pose.euler[1] = 20 * (float)(frame % 3 - 1);
        pipeline_fov_add(&fov, &fit, 0.04f);
    }
    assert_true(one < 0.55f && fov.tangent < one - 0.02f && fov.tangent > 0.2f);
}

static void another_size_is_another_camera(void **state)
{
    (void)state;
    struct pipeline_fov fov;
    seed = 8;
    const struct person person = draw_person();
    pipeline_fov_init(&fov, 0);
    const float found = estimate_of(&fov, &person, 25, 0.25f, 0, 10);
    pipeline_fov_camera(&fov, WIDTH, HEIGHT); // the same one
    assert_true(pipeline_fov_degrees(&fov) == found && found < 45);
    const struct pipeline_camera camera = pipeline_fov_camera(&fov, HEIGHT, WIDTH);
    assert_true(fabsf(pipeline_fov_degrees(&fov) - 60) < 0.1f);
    assert_true(fabsf(camera.focal - pipeline_camera_make(HEIGHT, WIDTH, 60).focal) < 1);
}

static void a_given_field_of_view_stays(void **state)
{
    (void)state;
    struct pipeline_fov fov;
    seed = 9;
    const struct person person = draw_person();
    pipeline_fov_init(&fov, 75);
    assert_true(fabsf(estimate_of(&fov, &person, 25, 0.25f, 0, 5) - 75) < 1e-3f);
    pipeline_fov_camera(&fov, 10, 10);
    assert_true(fabsf(pipeline_fov_degrees(&fov) - 75) < 1e-3f);
}

static void bad_fits_teach_nothing(void **state)
{
    (void)state;
    const struct pipeline_pose_fit good = { .pose.translation = { 0, 0, 3 }, .lens = { 0.1f, 20 } };
    struct pipeline_pose_fit bad[5] = { good, good, good, good, good };
    bad[0].pose.error = 0.2f;
    bad[1].pose.euler[1] = 60;
    bad[2].pose.euler[0] = -50;
    bad[3].lens.information = 0;
    bad[4].pose.translation[2] = 30; // far away
    struct pipeline_fov fov;
    pipeline_fov_init(&fov, 0);
    pipeline_fov_camera(&fov, WIDTH, HEIGHT);
    const float before = fov.tangent;
    for (int i = 0; i < 5; i++) {
        pipeline_fov_add(&fov, &bad[i], 0.04f);
        assert_true(fov.tangent == before);
    }
    pipeline_fov_add(&fov, &good, 0.04f);
    assert_true(fov.tangent < before);
}

// However odd the evidence is.
static void it_stays_within_bounds(void **state)
{
    (void)state;
    static const float scales[] = { -1e30f, -3, 0, 1e-30f, 1, 50, 1e30f };
    struct pipeline_fov fov;
    seed = 10;
    pipeline_fov_init(&fov, 0);
    for (int i = 0; i < 3000; i++) {
        pipeline_fov_camera(&fov, WIDTH + i / 700, HEIGHT);
        const struct pipeline_pose_fit fit = {
            .pose = { .euler = { 20 * noise(), 30 * noise() },
                      .translation = { 0, 0, expf(2 * noise()) } },
            .lens = { scales[i / 100 % 7], expf(20 * noise()) },
        };
        pipeline_fov_add(&fov, &fit, fabsf(noise()));
        assert_true(pipeline_fov_degrees(&fov) > 19.9f && pipeline_fov_degrees(&fov) < 110.1f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cameras_are_told_apart),
        cmocka_unit_test(a_far_face_leaves_what_is_usual),
        cmocka_unit_test(what_is_in_use_is_calm),
        cmocka_unit_test(one_long_look_counts_less_than_many),
        cmocka_unit_test(another_size_is_another_camera),
        cmocka_unit_test(a_given_field_of_view_stays),
        cmocka_unit_test(bad_fits_teach_nothing),
        cmocka_unit_test(it_stays_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
