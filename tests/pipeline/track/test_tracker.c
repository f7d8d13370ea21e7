// The tracker, in synthetic scenes.
#include <limits.h>
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
        struct pipeline_observations observations;
        scene_begin(&tracker, 1);
        assert_int_equal(scene_frames_until(&tracker, &scene, &observations, 1), 1);
        assert_int_equal(observations.faces[0].id, 1);
        assert_float_equal(observations.faces[0].keypoints[0].x, faces[i][0] - faces[i][2] / 2, 1);
    }
}

// Too small for the view of the whole frame, large enough for a part of it.
static void a_small_face_is_found_in_a_part_of_the_frame(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 500, .y = 200, .size = 34 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    assert_true(scene_frames_until(&tracker, &scene, &observations, 1) <= 4);
}

// Nor does the search for a second one, which then shows in the next frame.
static void a_good_faces_record_does_not_wait_for_the_locator(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 200, .y = 250, .size = 120 },
                                       { .x = 450, .y = 250, .size = 120 } },
                           .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    int looks = 0, seen = 1;
    scene_begin(&tracker, 2);
    scene_frames_until(&tracker, &scene, &observations, 1);
    for (int frame = 0; frame < 60; frame++) {
        scene.count = frame < 30 ? 1 : 2;
        struct pipeline_frame_view *view = scene_view(&scene, WIDTH, HEIGHT);
        pipeline_tracker_run(&tracker, view, &observations);
        assert_int_equal(scene.detects, 0);
        seen = observations.count > seen ? observations.count : seen;
        pipeline_tracker_look(&tracker, view);
        looks += scene.detects;
    }
    assert_true(looks >= 60 / 15);
    assert_int_equal(seen, 2);
}

static void a_face_is_followed_with_one_observation_a_frame(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 250, .y = 250, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    int detects = 0;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    for (int frame = 0; frame < 60; frame++) {
        scene.actors[0].x += 4;
        scene.actors[0].y -= 2;
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(observations.count, 1);
        assert_int_equal(observations.faces[0].id, 1);
        assert_float_equal(observations.faces[0].keypoints[0].x, scene.actors[0].x - 80, 1);
        assert_int_equal(scene.observes, 1);
        detects += scene.detects;
    }
    assert_true(detects >= 2 && detects <= 6); // checks it now and then
}

static void an_empty_frame_has_no_face_and_costs_little(void **state)
{
    (void)state;
    struct scene scene = { .count = 0 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    int detects = 0;
    scene_begin(&tracker, 2);
    for (int frame = 0; frame < 330; frame++) {
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(observations.count, 0);
        assert_int_equal(scene.observes, 0);
        detects += frame >= 30 ? scene.detects : 0;
    }
    assert_true(detects <= 50);
}

static void a_lost_face_is_found_again_and_keeps_its_id(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    scene.actors[0].gone = true;
    float score = 1;
    int frames = 0;
    for (scene_run(&tracker, &scene, &observations); observations.count > 0;
         scene_run(&tracker, &scene, &observations)) {
        assert_true(observations.faces[0].score < score); // less and less sure
        score = observations.faces[0].score;
        assert_float_equal(tracker.tracks[0].location.x, 330, 1); // not drawn anywhere
        frames++;
    }
    assert_true(score < 0.3f && frames >= 3 && frames <= 15);
    for (int frame = 0; frame < 40; frame++) {
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(observations.count, 0);
    }
    scene.actors[0].gone = false;
    scene.actors[0].x += 60; // about there
    assert_true(scene_frames_until(&tracker, &scene, &observations, 1) <= 6);
    assert_int_equal(observations.faces[0].id, 1);
}

// As many seconds at any frame rate, and none of it counted in frames.
static void a_lost_face_keeps_its_id_for_three_seconds(void **state)
{
    (void)state;
    static const double rates[] = { 5, 30, 60 };
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (int away_s = 2; away_s <= 4; away_s += 2) {
            struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
            struct pipeline_tracker tracker;
            struct pipeline_observations observations;
            scene_begin(&tracker, 1);
            scene_frames_until(&tracker, &scene, &observations, 1);
            scene.actors[0].gone = true;
            do {
                scene.gap_s = 1 / rates[i] - SCENE_FRAME_S;
                scene_run(&tracker, &scene, &observations);
            } while (observations.count > 0);
            for (int frame = 0; frame < away_s * rates[i]; frame++) {
                scene.gap_s = 1 / rates[i] - SCENE_FRAME_S;
                scene_run(&tracker, &scene, &observations);
            }
            scene.actors[0].gone = false;
            scene_frames_until(&tracker, &scene, &observations, 1);
            assert_int_equal(observations.faces[0].id, away_s < 3 ? 1 : 2);
        }
    }
}

// The source was closed, or away, for a while: who is there now may be somebody else, and is looked
// for at once. A short gap changes nothing, and none in which the source was open does: its frames
// are rare, or it sends none while nothing moves.
static void behind_a_gap_everybody_is_new(void **state)
{
    (void)state;
    static const struct {
        double gap_s;
        bool is_closed;
        int id;
    } gaps[] = { { 2, true, 1 },    { 3.5, true, 2 },  { 1e6, true, 2 }, { -1, true, 2 },
                 { 3.5, false, 1 }, { 1e6, false, 1 }, { -1, false, 2 } };
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
        struct pipeline_tracker tracker;
        struct pipeline_observations observations;
        scene_begin(&tracker, 1);
        scene_frames_until(&tracker, &scene, &observations, 1);
        scene.gap_s = gaps[i].gap_s;
        scene.view.session += gaps[i].is_closed;
        assert_int_equal(scene_frames_until(&tracker, &scene, &observations, 1), 1);
        assert_int_equal(observations.faces[0].id, gaps[i].id);
    }
}

// One frame in five seconds: as long as it is in each, a face is the same; missed in one, it is
// another, as nobody knows for how long it was away.
static void at_any_frame_rate_a_face_that_is_always_there_keeps_its_id(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    for (int frame = 0; frame < 50; frame++) {
        scene.gap_s = 5;
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(observations.count, 1);
        assert_int_equal(observations.faces[0].id, 1);
    }
    scene.actors[0].gone = true;
    do {
        scene.gap_s = 5;
        scene_run(&tracker, &scene, &observations);
    } while (observations.count > 0);
    scene.actors[0].gone = false;
    scene.gap_s = 5;
    scene_frames_until(&tracker, &scene, &observations, 1);
    assert_int_equal(observations.faces[0].id, 2);
}

static void another_face_gets_another_id(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 150, .size = 100 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    scene.actors[0].gone = true;
    scene_frames_until(&tracker, &scene, &observations, 0);
    scene.actors[0] = (struct actor){ .x = 500, .y = 350, .size = 100 };
    scene_frames_until(&tracker, &scene, &observations, 1);
    assert_int_equal(observations.faces[0].id, 2);
}

static void a_detected_face_is_kept_though_its_landmarks_are_poor(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    scene.actors[0].blurred = true;
    for (int frame = 0; frame < 100; frame++) {
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(observations.count, 1);
        assert_true(observations.faces[0].score < 0.5f);
    }
}

// A hand in front of the face, or a pose that the locator doesn't know.
static void good_landmarks_outlast_the_locators_misses_for_a_while(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    for (int round = 0; round < 5; round++) {
        scene.actors[0].unclear = true;
        for (int frame = 0; frame < 20; frame++) {
            scene_run(&tracker, &scene, &observations);
            assert_int_equal(observations.count, 1);
        }
        scene.actors[0].unclear = false;
        scene_run(&tracker, &scene, &observations);
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(tracker.tracks[0].misses, 0);
    }
    scene.actors[0].unclear = true;
    assert_true(scene_frames_until(&tracker, &scene, &observations, 0) <= 60);
}

static void a_sudden_move_is_caught_up_with(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    scene.actors[0].x += 90;
    scene_run(&tracker, &scene, &observations);
    scene_run(&tracker, &scene, &observations);
    assert_int_equal(observations.count, 1);
    assert_int_equal(observations.faces[0].id, 1);
    assert_float_equal(observations.faces[0].keypoints[0].x, 340, 1);
}

static void assert_upright_at(const struct pipeline_observations *observations, float x)
{
    assert_int_equal(observations->count, 1);
    assert_true(observations->faces[0].score > 0.9f);
    assert_float_equal((observations->faces[0].keypoints[FIRST_EYE].x +
                        observations->faces[0].keypoints[SECOND_EYE].x) /
                           2,
                       x, 1);
    assert_true(observations->faces[0].keypoints[FIRST_EYE].x < x);
}

static void a_face_is_not_held_upside_down(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } },
                           .count = 1,
                           .mistakes = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin_68(&tracker);
    scene_frames_until(&tracker, &scene, &observations, 1);
    assert_upright_at(&observations, 330);
    scene.mistakes = 1; // while it is followed
    scene_run(&tracker, &scene, &observations);
    assert_upright_at(&observations, 330);
    assert_float_equal(tracker.tracks[0].roi.angle, 0, 0);
}

static void a_cut_to_another_face_is_caught_up_with_at_once(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 150, .size = 100 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin_68(&tracker);
    scene_frames_until(&tracker, &scene, &observations, 1);
    scene.actors[0] = (struct actor){ .x = 480, .y = 320, .size = 140 };
    scene_run(&tracker, &scene, &observations);
    assert_true(observations.count == 0 || observations.faces[0].score < 0.1f);
    scene_run(&tracker, &scene, &observations);
    assert_int_equal(observations.count, 1);
    assert_int_equal(observations.faces[0].id, 2);
    assert_true(observations.faces[0].score > 0.9f);
}

static void what_only_the_locator_takes_for_a_face_is_not_published(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 300, .y = 200, .size = 100, .blurred = true } },
                           .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin_68(&tracker);
    for (int frame = 0; frame < 40; frame++) {
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(observations.count, 0);
    }
    scene.actors[0].blurred = false;
    scene_frames_until(&tracker, &scene, &observations, 1);
}

// The landmarks of the second observation lie somewhere else, so that was no face.
static void a_face_that_moves_away_when_observed_again_is_not_published(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 300, .y = 200, .size = 100 } },
                           .count = 1,
                           .strays = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_run(&tracker, &scene, &observations);
    assert_int_equal(scene.observes, 2);
    assert_int_equal(observations.count, 0);
    scene_run(&tracker, &scene, &observations);
    assert_int_equal(observations.count, 1);
}

static void a_face_upside_down_is_followed_in_a_turned_region(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160, .roll = half_turn } },
                           .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin_68(&tracker);
    tracker.display = pipeline_display_transform_none(WIDTH, HEIGHT);
    tracker.tracks[0] = (struct pipeline_track){ .id = 1,
                                                 .roi = { 210, 110, 240, half_turn },
                                                 .location = { 330, 230, 160 },
                                                 .average_score = 0.95f };
    tracker.track_count = 1;
    for (int frame = 0; frame < 20; frame++) {
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(observations.count, 1);
        assert_int_equal(scene.observes, 1);
        assert_true(observations.faces[0].keypoints[FIRST_EYE].x > 330);
    }
}

// A face of 68 points with its eyes where they are on the actor.
static void assert_right_way_up(const struct pipeline_observations *observations, float roll)
{
    for (int i = 0; i < observations->count; i++) {
        const float off = pipeline_location_roll(observations->faces[i].keypoints) - roll;
        assert_true(cosf(off) > 0.9f);
    }
}

static const float rolls[] = { 1.57079633f, 3.14159265f, -1.57079633f };
enum { ROLLS = sizeof rolls / sizeof rolls[0] };

static void a_head_on_its_side_or_upside_down_is_found_within_a_few_frames(void **state)
{
    (void)state;
    for (int i = 0; i < ROLLS; i++) {
        struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160, .roll = rolls[i] } },
                               .count = 1 };
        struct pipeline_tracker tracker;
        struct pipeline_observations observations;
        scene_begin_68(&tracker);
        assert_true(scene_frames_until(&tracker, &scene, &observations, 1) <= 7);
        for (int frame = 0; frame < 30; frame++) {
            assert_right_way_up(&observations, rolls[i]);
            scene_run(&tracker, &scene, &observations);
            assert_int_equal(observations.count, 1);
            assert_int_equal(scene.observes, 1); // followed as an upright one is
        }
    }
}

static void a_head_on_its_side_that_comes_later_is_found_within_a_second(void **state)
{
    (void)state;
    for (int i = 0; i < ROLLS; i++) {
        struct scene scene = { .count = 0 };
        struct pipeline_tracker tracker;
        struct pipeline_observations observations;
        scene_begin_68(&tracker);
        int detects = 0;
        for (int frame = 0; frame < 331 + i; frame++) {
            scene_run(&tracker, &scene, &observations);
            assert_true(scene.detects <= 2); // one upright, one turned
            detects += frame >= 30 ? scene.detects : 0;
        }
        assert_true(detects <= 152);
        scene.actors[0] = (struct actor){ .x = 330, .y = 230, .size = 160, .roll = rolls[i] };
        scene.count = 1;
        // Three parts of the frame in three turns, one of these in each third frame.
        assert_true(scene_frames_until(&tracker, &scene, &observations, 1) <= 9 * 3);
        assert_right_way_up(&observations, rolls[i]);
    }
}

// Both networks take the face for an upright one, though not for a good one.
static void a_face_is_never_published_upside_down(void **state)
{
    (void)state;
    for (int i = 0; i < ROLLS; i++) {
        struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160, .roll = rolls[i] } },
                               .count = 1,
                               .detects_all_rolls = true,
                               .upside_down_score = 0.9f };
        struct pipeline_tracker tracker;
        struct pipeline_observations observations;
        scene_begin_68(&tracker);
        for (int frame = 0; frame < 60; frame++) {
            scene_run(&tracker, &scene, &observations);
            assert_right_way_up(&observations, rolls[i]);
        }
        assert_int_equal(observations.count, 1);
        assert_true(observations.faces[0].score > 0.9f);
    }
}

static void a_face_that_is_turned_at_once_is_followed(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * ROLLS; i++) {
        struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } },
                               .count = 1,
                               .detects_all_rolls = i >= ROLLS,
                               .upside_down_score = i >= ROLLS ? 0.9f : 0 };
        struct pipeline_tracker tracker;
        struct pipeline_observations observations;
        scene_begin_68(&tracker);
        scene_frames_until(&tracker, &scene, &observations, 1);
        scene.actors[0].roll = rolls[i % ROLLS];
        for (int frame = 0; frame < 10; frame++) {
            scene_run(&tracker, &scene, &observations);
            assert_int_equal(observations.count, 1);
            assert_int_equal(observations.faces[0].id, 1);
            assert_right_way_up(&observations, rolls[i % ROLLS]);
        }
    }
}

static void a_face_upside_down_in_a_chosen_region_is_observed_turned(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 150, .size = 100, .roll = half_turn } },
                           .count = 1,
                           .has_68 = true,
                           .detects_all_rolls = true };
    struct pipeline_observations observations;
    const struct pipeline_roi roi = { 75, 75, 150, 0 };
    struct pipeline_tracker tracker;
    scene_begin_68(&tracker);
    struct pipeline_frame_view *view = scene_view(&scene, WIDTH, HEIGHT);
    pipeline_tracker_observe_region(&tracker.options, view, &roi, true, &observations);
    assert_int_equal(observations.count, 1);
    assert_right_way_up(&observations, half_turn);
    assert_true(scene.observes <= 4);
}

// A stream that runs for years: 2^31 frames are 828 days of 30 frames a second.
static void counters_of_frames_do_not_overflow(void **state)
{
    (void)state;
    struct scene scene = { .count = 0 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    int detects = 0;
    scene_begin(&tracker, 1);
    scene_run(&tracker, &scene, &observations);
    tracker.idle = INT_MAX;
    tracker.last_id = INT_MAX;
    tracker.lost[0] = (struct pipeline_lost_face){ 7, { 330, 230, 160 }, -INT_MAX };
    for (int frame = 0; frame < 60; frame++) {
        scene_run(&tracker, &scene, &observations);
        detects += scene.detects;
    }
    assert_true(detects <= 11); // still one search in six frames
    scene.actors[0] = (struct actor){ .x = 330, .y = 230, .size = 160 };
    scene.count = 1;
    scene_frames_until(&tracker, &scene, &observations, 1);
    assert_int_equal(observations.faces[0].id, 1); // neither the forgotten 7 nor INT_MAX + 1
}

static void a_region_beside_the_face_is_moved_onto_it(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 330, .y = 230, .size = 160 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin_68(&tracker);
    scene_frames_until(&tracker, &scene, &observations, 1);
    scene.actors[0].x += 64;
    scene_run(&tracker, &scene, &observations);
    assert_upright_at(&observations, 394);
}

static void a_face_that_leaves_the_frame_is_not_followed_out(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 560, .y = 260, .size = 120 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    while (observations.count > 0 && scene.actors[0].x < 2000) {
        scene.actors[0].x += 10;
        scene_run(&tracker, &scene, &observations);
    }
    assert_int_equal(observations.count, 0);
    assert_true(scene.actors[0].x < WIDTH + 200);
}

static void faces_side_by_side_keep_their_ids(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 240, .size = 120 },
                                       { .x = 320, .y = 240, .size = 110 },
                                       { .x = 500, .y = 240, .size = 100 } },
                           .count = 3 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 4);
    scene_frames_until(&tracker, &scene, &observations, 3);
    for (int frame = 0; frame < 60; frame++) {
        for (int i = 0; i < 3; i++) {
            scene.actors[i].y += frame % 20 < 10 ? 3 : -3;
        }
        scene_run(&tracker, &scene, &observations);
        assert_int_equal(observations.count, 3);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(observations.faces[i].id, i + 1);
            assert_float_equal(observations.faces[i].keypoints[0].x,
                               scene.actors[i].x - scene.actors[i].size / 2, 1);
        }
    }
    scene.actors[1].gone = true;
    scene_frames_until(&tracker, &scene, &observations, 2);
    assert_int_equal(observations.faces[0].id, 1);
    assert_int_equal(observations.faces[1].id, 3);
    scene.actors[3] = (struct actor){ .x = 320, .y = 420, .size = 90 };
    scene.count = 4;
    scene_frames_until(&tracker, &scene, &observations, 3);
}

static void no_more_faces_than_asked_for_and_the_largest_first(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 240, .size = 90 },
                                       { .x = 320, .y = 240, .size = 130 },
                                       { .x = 500, .y = 240, .size = 100 } },
                           .count = 3 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    assert_float_equal(observations.faces[0].keypoints[0].x, 320 - 65, 1);
}

static void two_tracks_on_one_face_become_one(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 200, .y = 240, .size = 120 },
                                       { .x = 420, .y = 240, .size = 120 } },
                           .count = 2 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 4);
    scene_frames_until(&tracker, &scene, &observations, 2);
    while (scene.actors[1].x > 205) { // behind the first, out of sight
        scene.actors[1].x -= 10;
        scene_run(&tracker, &scene, &observations);
    }
    scene.count = 1;
    scene_frames_until(&tracker, &scene, &observations, 1);
    assert_int_equal(observations.faces[0].id, 1);
}

static void a_frame_of_another_size_starts_anew(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 200, .y = 240, .size = 120 } }, .count = 1 };
    struct pipeline_tracker tracker;
    struct pipeline_observations observations;
    scene_begin(&tracker, 1);
    scene_frames_until(&tracker, &scene, &observations, 1);
    pipeline_tracker_run(&tracker, scene_view(&scene, 2 * WIDTH, 2 * HEIGHT), &observations);
    assert_int_equal(observations.count, 1);
    assert_int_equal(observations.faces[0].id, 2);
}

static void a_chosen_region_is_observed_once(void **state)
{
    (void)state;
    struct scene scene = { .actors = { { .x = 150, .y = 150, .size = 100 } }, .count = 1 };
    struct pipeline_observations observations;
    const struct pipeline_roi roi = { 75, 75, 150, 0 };
    struct pipeline_tracker tracker;
    scene_begin(&tracker, 1);
    struct pipeline_frame_view *view = scene_view(&scene, WIDTH, HEIGHT);
    pipeline_tracker_observe_region(&tracker.options, view, &roi, true, &observations);
    assert_int_equal(observations.count, 1);
    assert_int_equal(scene.observes, 1);
    scene.actors[0].gone = true;
    pipeline_tracker_observe_region(&tracker.options, view, &roi, true, &observations);
    assert_int_equal(observations.count, 0);
    pipeline_tracker_observe_region(&tracker.options, view, &roi, false, &observations);
    assert_int_equal(observations.count, 1); // the locator isn't asked
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_of_all_sizes_are_found_at_once),
        cmocka_unit_test(a_small_face_is_found_in_a_part_of_the_frame),
        cmocka_unit_test(a_good_faces_record_does_not_wait_for_the_locator),
        cmocka_unit_test(a_face_is_followed_with_one_observation_a_frame),
        cmocka_unit_test(an_empty_frame_has_no_face_and_costs_little),
        cmocka_unit_test(a_lost_face_is_found_again_and_keeps_its_id),
        cmocka_unit_test(a_lost_face_keeps_its_id_for_three_seconds),
        cmocka_unit_test(behind_a_gap_everybody_is_new),
        cmocka_unit_test(at_any_frame_rate_a_face_that_is_always_there_keeps_its_id),
        cmocka_unit_test(another_face_gets_another_id),
        cmocka_unit_test(a_detected_face_is_kept_though_its_landmarks_are_poor),
        cmocka_unit_test(good_landmarks_outlast_the_locators_misses_for_a_while),
        cmocka_unit_test(a_sudden_move_is_caught_up_with),
        cmocka_unit_test(a_face_is_not_held_upside_down),
        cmocka_unit_test(a_cut_to_another_face_is_caught_up_with_at_once),
        cmocka_unit_test(what_only_the_locator_takes_for_a_face_is_not_published),
        cmocka_unit_test(a_face_that_moves_away_when_observed_again_is_not_published),
        cmocka_unit_test(a_face_upside_down_is_followed_in_a_turned_region),
        cmocka_unit_test(a_head_on_its_side_or_upside_down_is_found_within_a_few_frames),
        cmocka_unit_test(a_head_on_its_side_that_comes_later_is_found_within_a_second),
        cmocka_unit_test(a_face_is_never_published_upside_down),
        cmocka_unit_test(a_face_that_is_turned_at_once_is_followed),
        cmocka_unit_test(a_face_upside_down_in_a_chosen_region_is_observed_turned),
        cmocka_unit_test(counters_of_frames_do_not_overflow),
        cmocka_unit_test(a_region_beside_the_face_is_moved_onto_it),
        cmocka_unit_test(a_face_that_leaves_the_frame_is_not_followed_out),
        cmocka_unit_test(faces_side_by_side_keep_their_ids),
        cmocka_unit_test(no_more_faces_than_asked_for_and_the_largest_first),
        cmocka_unit_test(two_tracks_on_one_face_become_one),
        cmocka_unit_test(a_frame_of_another_size_starts_anew),
        cmocka_unit_test(a_chosen_region_is_observed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
