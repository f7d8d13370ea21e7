// The tracker with eyes that the test plays: a "face" of four corners at a known
// place scores by how well the square fits it.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/tracker.h"

enum { WIDTH = 640, HEIGHT = 480, CORNERS = 4 };

struct scene {
    bool visible;
    float x, y, size; // of the face's box
    int looks;
};

// Sure when the square is about 1.5 times the face and around it; the points are
// exact then, and else drawn towards the middle of the square.
static float look(void *user, const struct pipeline_square *square, struct mc_keypoint *keypoints)
{
    struct scene *scene = user;
    scene->looks++;
    float middle_x = square->x + square->side / 2, middle_y = square->y + square->side / 2;
    float face_x = scene->x + scene->size / 2, face_y = scene->y + scene->size / 2;
    float off = hypotf(middle_x - face_x, middle_y - face_y) / scene->size;
    float misfit = fabsf(logf(square->side / (1.5f * scene->size)));
    float score = scene->visible ? 0.86f - 0.5f * off - 0.25f * misfit : 0.1f;
    for (int i = 0; i < CORNERS; i++) {
        keypoints[i].x = scene->x + (i % 2 == 0 ? 0 : scene->size);
        keypoints[i].y = scene->y + (i < 2 ? 0 : scene->size);
        keypoints[i].c = score;
    }
    return score < 0 ? 0 : score;
}

// Runs frames until the face is seen; how many it took.
static int frames_until_seen(struct pipeline_tracker *tracker, struct scene *scene,
                             struct pipeline_sight *sight)
{
    for (int frame = 1; frame <= 200; frame++) {
        scene->looks = 0;
        pipeline_tracker_run(tracker, WIDTH, HEIGHT, look, scene, sight);
        assert_true(scene->looks <= 40); // bounded for each frame
        if (sight->seen) {
            return frame;
        }
    }
    fail_msg("not found at %g, %g, size %g", (double)scene->x, (double)scene->y,
             (double)scene->size);
    return 0;
}

static void faces_of_all_sizes_are_found(void **state)
{
    (void)state;
    static const float faces[][3] = {
        { 220, 140, 200 }, { 40, 30, 120 }, { 500, 350, 100 }, { 300, 60, 60 }, { 100, 20, 400 }
    };
    for (size_t i = 0; i < sizeof faces / sizeof faces[0]; i++) {
        struct scene scene = { true, faces[i][0], faces[i][1], faces[i][2], 0 };
        struct pipeline_tracker tracker;
        struct pipeline_sight sight;
        pipeline_tracker_init(&tracker, CORNERS, 1.5f);
        frames_until_seen(&tracker, &scene, &sight);
        assert_true(sight.fresh);
        assert_true(fabsf(sight.keypoints[0].x - scene.x) < 1);
    }
}

static void a_face_is_followed_with_one_look_a_frame(void **state)
{
    (void)state;
    struct scene scene = { true, 250, 150, 160, 0 };
    struct pipeline_tracker tracker;
    struct pipeline_sight sight;
    pipeline_tracker_init(&tracker, CORNERS, 1.5f);
    frames_until_seen(&tracker, &scene, &sight);
    for (int frame = 0; frame < 40; frame++) {
        scene.x += 5;
        scene.y -= 2;
        scene.looks = 0;
        pipeline_tracker_run(&tracker, WIDTH, HEIGHT, look, &scene, &sight);
        assert_true(sight.seen && !sight.fresh);
        assert_int_equal(scene.looks, 1);
    }
}

static void a_lost_face_is_looked_for_again(void **state)
{
    (void)state;
    struct scene scene = { true, 250, 150, 160, 0 };
    struct pipeline_tracker tracker;
    struct pipeline_sight sight;
    pipeline_tracker_init(&tracker, CORNERS, 1.5f);
    frames_until_seen(&tracker, &scene, &sight);
    scene.visible = false;
    for (int frame = 0; frame < 100; frame++) {
        pipeline_tracker_run(&tracker, WIDTH, HEIGHT, look, &scene, &sight);
        assert_false(sight.seen);
    }
    scene = (struct scene){ true, 40, 40, 120, 0 }; // back, elsewhere
    frames_until_seen(&tracker, &scene, &sight);
    assert_true(sight.fresh);
}

static void a_face_that_leaves_the_picture_is_not_followed_out(void **state)
{
    (void)state;
    struct scene scene = { true, 500, 200, 120, 0 };
    struct pipeline_tracker tracker;
    struct pipeline_sight sight;
    pipeline_tracker_init(&tracker, CORNERS, 1.5f);
    frames_until_seen(&tracker, &scene, &sight);
    while (tracker.following && scene.x < 2000) {
        scene.x += 10;
        pipeline_tracker_run(&tracker, WIDTH, HEIGHT, look, &scene, &sight);
    }
    assert_false(tracker.following);
    assert_true(scene.x < WIDTH + 100);
}

static void a_chosen_square_is_looked_at_once(void **state)
{
    (void)state;
    struct scene scene = { true, 100, 100, 100, 0 };
    struct pipeline_sight sight;
    const struct pipeline_square square = { 75, 75, 150 };
    pipeline_tracker_look_at(&square, look, &scene, &sight);
    assert_true(sight.seen);
    assert_int_equal(scene.looks, 1);
    scene.visible = false;
    pipeline_tracker_look_at(&square, look, &scene, &sight);
    assert_false(sight.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_of_all_sizes_are_found),
        cmocka_unit_test(a_face_is_followed_with_one_look_a_frame),
        cmocka_unit_test(a_lost_face_is_looked_for_again),
        cmocka_unit_test(a_face_that_leaves_the_picture_is_not_followed_out),
        cmocka_unit_test(a_chosen_square_is_looked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
