// The tracker, with eyes that the test plays.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/track/tracker.h"
#include "tests/pipeline/scene.h"

static const float half_turn = 3.14159265f;

static void faces_of_all_sizes_are_found_at_once(void **state)
{
    (void)state;
    static const float faces[][3] = {
        { 320, 240, 200 }, { 100, 90, 120 }, { 550, 400, 100 }, { 330, 90, 41 }, { 300, 220, 400 }
    };
    for (size_t i = 0; i < sizeof faces / sizeof faces[0]; i++) {
        struct scene scene = {
            .actors = { { .x = faces[i][0], .y = faces[i][1], .size = faces[i][2] } }, .count = 1
        };
        struct pipeline_tracker tracker;
        struct pipeline_observations sight;
        scene_begin(&tracker, 1);
        assert_int_equal(scene_frames_until_seen(&tracker, &scene, &sight, 1), 1);
        assert_int_equal(sight.faces[0].id, 1);
        assert_float_equal(sight.faces[0].keypoints[0].x, faces[i][0] - faces[i][2] / 2, 1);
    }
}

// Too small for the whole picture's view; large enough for a part of it.
static void a_small_face_is_found_in_a_part_of_the_picture(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 500, .y = 200, .size = 34 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    assert_true(scene_frames_until_seen(&tracker, &scene, &sight, 1) <= 4);
}

static void a_face_is_followed_with_one_look_a_frame(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 250, .y = 250, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    int locates = 0;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    for (int frame = 0; frame < 60; frame++) {
        scene.actors[0].x += 4;
        scene.actors[0].y -= 2;
        scene_run(&tracker, &scene, &sight);
        assert_int_equal(sight.count, 1);
        assert_int_equal(sight.faces[0].id, 1);
        assert_float_equal(sight.faces[0].keypoints[0].x, scene.actors[0].x - 80, 1);
        assert_int_equal(scene.looks, 1);
        locates += scene.locates;
    }
    assert_true(locates >= 2 && locates <= 6); // looks after it now and then
}

static void an_empty_picture_has_no_face_and_costs_little(void **state)
{
    (void)state;
    struct scene scene = { .count = 0 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    int locates = 0;
    scene_begin(&tracker, 2);
    for (int frame = 0; frame < 330; frame++) {
        scene_run(&tracker, &scene, &sight);
        assert_int_equal(sight.count, 0);
        assert_int_equal(scene.looks, 0);
        locates += frame >= 30 ? scene.locates : 0;
    }
    assert_true(locates <= 50);
}

static void a_lost_face_is_found_again_and_keeps_its_number(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    scene.actors[0].gone = true;
    float score = 1;
    int frames = 0;
    for (scene_run(&tracker, &scene, &sight); sight.count > 0;
         scene_run(&tracker, &scene, &sight)) {
        assert_true(sight.faces[0].score < score); // less and less sure
        score = sight.faces[0].score;
        assert_float_equal(tracker.tracks[0].place.x, 330, 1); // not drawn anywhere
        frames++;
    }
    assert_true(score < 0.3f && frames >= 3 && frames <= 15);
    for (int frame = 0; frame < 40; frame++) {
        scene_run(&tracker, &scene, &sight);
        assert_int_equal(sight.count, 0);
    }
    scene.actors[0].gone = false;
    scene.actors[0].x += 60; // about there
    assert_true(scene_frames_until_seen(&tracker, &scene, &sight, 1) <= 6);
    assert_int_equal(sight.faces[0].id, 1);
}

static void another_face_gets_another_number(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 150, .size = 100 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    scene.actors[0].gone = true;
    scene_frames_until_seen(&tracker, &scene, &sight, 0);
    scene.actors[0] = (struct actor){ .x = 500, .y = 350, .size = 100 };
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    assert_int_equal(sight.faces[0].id, 2);
}

static void what_the_locator_sees_is_kept_though_its_landmarks_are_poor(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    scene.actors[0].blurred = true;
    for (int frame = 0; frame < 100; frame++) {
        scene_run(&tracker, &scene, &sight);
        assert_int_equal(sight.count, 1);
        assert_true(sight.faces[0].score < 0.5f);
    }
}

// A hand before the face, or a pose that it doesn't know.
static void good_landmarks_outlast_the_locators_doubt_for_a_while(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    for (int round = 0; round < 5; round++) {
        scene.actors[0].unclear = true;
        for (int frame = 0; frame < 20; frame++) {
            scene_run(&tracker, &scene, &sight);
            assert_int_equal(sight.count, 1);
        }
        scene.actors[0].unclear = false;
        scene_run(&tracker, &scene, &sight);
        scene_run(&tracker, &scene, &sight);
        assert_int_equal(tracker.tracks[0].doubt, 0);
    }
    scene.actors[0].unclear = true;
    assert_true(scene_frames_until_seen(&tracker, &scene, &sight, 0) <= 60);
}

static void a_sudden_move_is_caught_up_with(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    scene.actors[0].x += 90;
    scene_run(&tracker, &scene, &sight);
    scene_run(&tracker, &scene, &sight);
    assert_int_equal(sight.count, 1);
    assert_int_equal(sight.faces[0].id, 1);
    assert_float_equal(sight.faces[0].keypoints[0].x, 340, 1);
}

static void assert_upright_at(const struct pipeline_observations *sight, float x)
{
    assert_int_equal(sight->count, 1);
    assert_true(sight->faces[0].score > 0.9f);
    assert_float_equal(
        (sight->faces[0].keypoints[FIRST_EYE].x + sight->faces[0].keypoints[SECOND_EYE].x) / 2, x,
        1);
    assert_true(sight->faces[0].keypoints[FIRST_EYE].x < x);
}

static void a_face_is_not_held_turned_over(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } },
                           .count = 1,
                           .mistakes = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin_68(&tracker);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    assert_upright_at(&sight, 330);
    scene.mistakes = 1; // while it is followed
    scene_run(&tracker, &scene, &sight);
    assert_upright_at(&sight, 330);
    assert_float_equal(tracker.tracks[0].square.angle, 0, 0);
}

static void a_cut_to_another_face_is_caught_up_with_at_once(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 150, .size = 100 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin_68(&tracker);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    scene.actors[0] = (struct actor){ .x = 480, .y = 320, .size = 140 };
    scene_run(&tracker, &scene, &sight);
    assert_true(sight.count == 0 || sight.faces[0].score < 0.1f);
    scene_run(&tracker, &scene, &sight);
    assert_int_equal(sight.count, 1);
    assert_int_equal(sight.faces[0].id, 2);
    assert_true(sight.faces[0].score > 0.9f);
}

static void what_only_the_locator_takes_for_a_face_is_none(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 300, .y = 200, .size = 100, .blurred = true } },
                           .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin_68(&tracker);
    for (int frame = 0; frame < 40; frame++) {
        scene_run(&tracker, &scene, &sight);
        assert_int_equal(sight.count, 0);
    }
    scene.actors[0].blurred = false;
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
}

// What landmarks show at a second look is somewhere else: that was no face.
static void a_face_that_wanders_off_at_the_second_look_is_none(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 300, .y = 200, .size = 100 } },
                           .count = 1,
                           .strays = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_run(&tracker, &scene, &sight);
    assert_int_equal(scene.looks, 2);
    assert_int_equal(sight.count, 0);
    scene_run(&tracker, &scene, &sight);
    assert_int_equal(sight.count, 1);
}

static void a_face_upside_down_is_followed_in_a_turned_square(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160, .roll = half_turn } },
                           .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin_68(&tracker);
    tracker.display = pipeline_display_transform_none(WIDTH, HEIGHT);
    tracker.tracks[0] = (struct pipeline_track){ .id = 1,
                                                 .square = { 210, 110, 240, half_turn },
                                                 .place = { 330, 230, 160 },
                                                 .usual_score = 0.95f };
    tracker.track_count = 1;
    for (int frame = 0; frame < 20; frame++) {
        scene_run(&tracker, &scene, &sight);
        assert_int_equal(sight.count, 1);
        assert_int_equal(scene.looks, 1);
        assert_true(sight.faces[0].keypoints[FIRST_EYE].x > 330);
    }
}

static void a_square_beside_the_face_is_moved_onto_it(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin_68(&tracker);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    scene.actors[0].x += 64;
    scene_run(&tracker, &scene, &sight);
    assert_upright_at(&sight, 394);
}

static void a_face_that_leaves_the_picture_is_not_followed_out(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 560, .y = 260, .size = 120 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    while (sight.count > 0 && scene.actors[0].x < 2000) {
        scene.actors[0].x += 10;
        scene_run(&tracker, &scene, &sight);
    }
    assert_int_equal(sight.count, 0);
    assert_true(scene.actors[0].x < WIDTH + 200);
}

static void faces_side_by_side_keep_their_numbers(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 240, .size = 120 },
                                       { .x = 320, .y = 240, .size = 110 },
                                       { .x = 500, .y = 240, .size = 100 } },
                           .count = 3 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 4);
    scene_frames_until_seen(&tracker, &scene, &sight, 3);
    for (int frame = 0; frame < 60; frame++) {
        for (int i = 0; i < 3; i++) {
            scene.actors[i].y += frame % 20 < 10 ? 3 : -3;
        }
        scene_run(&tracker, &scene, &sight);
        assert_int_equal(sight.count, 3);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(sight.faces[i].id, i + 1);
            assert_float_equal(sight.faces[i].keypoints[0].x,
                               scene.actors[i].x - scene.actors[i].size / 2, 1);
        }
    }
    scene.actors[1].gone = true;
    scene_frames_until_seen(&tracker, &scene, &sight, 2);
    assert_int_equal(sight.faces[0].id, 1);
    assert_int_equal(sight.faces[1].id, 3);
    scene.actors[3] = (struct actor){ .x = 320, .y = 420, .size = 90 };
    scene.count = 4;
    scene_frames_until_seen(&tracker, &scene, &sight, 3);
}

static void no_more_faces_than_asked_for_and_the_largest_first(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 240, .size = 90 },
                                       { .x = 320, .y = 240, .size = 130 },
                                       { .x = 500, .y = 240, .size = 100 } },
                           .count = 3 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    assert_float_equal(sight.faces[0].keypoints[0].x, 320 - 65, 1);
}

static void two_tracks_on_one_face_become_one(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 200, .y = 240, .size = 120 },
                                       { .x = 420, .y = 240, .size = 120 } },
                           .count = 2 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 4);
    scene_frames_until_seen(&tracker, &scene, &sight, 2);
    while (scene.actors[1].x > 205) { // behind the first, and it isn't seen any more
        scene.actors[1].x -= 10;
        scene_run(&tracker, &scene, &sight);
    }
    scene.count = 1;
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    assert_int_equal(sight.faces[0].id, 1);
}

static void another_size_of_the_picture_begins_anew(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 200, .y = 240, .size = 120 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations sight;
    scene_begin(&tracker, 1);
    scene_frames_until_seen(&tracker, &scene, &sight, 1);
    const struct pipeline_display_transform display =
        pipeline_display_transform_none(2 * WIDTH, 2 * HEIGHT);
    const struct pipeline_detectors eyes = scene_eyes(&scene, false);
    pipeline_tracker_run(&tracker, &display, &eyes, &sight);
    assert_int_equal(sight.count, 1);
    assert_int_equal(sight.faces[0].id, 2);
}

static void a_chosen_square_is_looked_at_once(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 150, .size = 100 } }, .count = 1 };
    struct pipeline_observations sight;
    const struct pipeline_roi square = { 75, 75, 150, 0 };
    const struct pipeline_detectors eyes = scene_eyes(&scene, false);
    const struct pipeline_detectors no_locator = { .look = eyes.look, .user = &scene };
    pipeline_tracker_look_at(&square, &eyes, &sight);
    assert_int_equal(sight.count, 1);
    assert_int_equal(scene.looks, 1);
    scene.actors[0].gone = true;
    pipeline_tracker_look_at(&square, &eyes, &sight);
    assert_int_equal(sight.count, 0);
    pipeline_tracker_look_at(&square, &no_locator, &sight);
    assert_int_equal(sight.count, 1); // nobody says no
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_of_all_sizes_are_found_at_once),
        cmocka_unit_test(a_small_face_is_found_in_a_part_of_the_picture),
        cmocka_unit_test(a_face_is_followed_with_one_look_a_frame),
        cmocka_unit_test(an_empty_picture_has_no_face_and_costs_little),
        cmocka_unit_test(a_lost_face_is_found_again_and_keeps_its_number),
        cmocka_unit_test(another_face_gets_another_number),
        cmocka_unit_test(what_the_locator_sees_is_kept_though_its_landmarks_are_poor),
        cmocka_unit_test(good_landmarks_outlast_the_locators_doubt_for_a_while),
        cmocka_unit_test(a_sudden_move_is_caught_up_with),
        cmocka_unit_test(a_face_is_not_held_turned_over),
        cmocka_unit_test(a_cut_to_another_face_is_caught_up_with_at_once),
        cmocka_unit_test(what_only_the_locator_takes_for_a_face_is_none),
        cmocka_unit_test(a_face_that_wanders_off_at_the_second_look_is_none),
        cmocka_unit_test(a_face_upside_down_is_followed_in_a_turned_square),
        cmocka_unit_test(a_square_beside_the_face_is_moved_onto_it),
        cmocka_unit_test(a_face_that_leaves_the_picture_is_not_followed_out),
        cmocka_unit_test(faces_side_by_side_keep_their_numbers),
        cmocka_unit_test(no_more_faces_than_asked_for_and_the_largest_first),
        cmocka_unit_test(two_tracks_on_one_face_become_one),
        cmocka_unit_test(another_size_of_the_picture_begins_anew),
        cmocka_unit_test(a_chosen_square_is_looked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
