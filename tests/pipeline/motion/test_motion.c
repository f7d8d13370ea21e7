// The last stage, record by record: which faces are smoothed together, what
// starts anew, and how a calibration goes.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pipeline/expression.h"
#include "pipeline/motion/mean_face.h"
#include "pipeline/motion/motion.h"

enum { WIDTH = 640, HEIGHT = 480, LANDMARKS = PIPELINE_MEAN_FACE_POINTS };

static struct pipeline_motion motion;
static struct protocol_record record;

static int set_up(void **state)
{
    (void)state;
    const struct pipeline_motion_options options = pipeline_motion_options_default();
    pipeline_motion_init(&motion, &options);
    memset(&record, 0, sizeof record);
    record.width = WIDTH;
    record.height = HEIGHT;
    return 0;
}

// A mean face looking at the camera, 150 pixels wide, its middle at x, y.
static void add_face(int id, float x, float y)
{
    struct protocol_face *face = &record.faces[record.face_count++];
    memset(face, 0, sizeof *face);
    face->id = id;
    face->score = 0.9f;
    face->keypoint_count = LANDMARKS;
    for (int i = 0; i < LANDMARKS; i++) {
        face->keypoints[i] = (struct mc_keypoint){ x + 150 * pipeline_mean_face[i].x,
                                                   y + 150 * pipeline_mean_face[i].y, 0.83f };
    }
    face->box[0] = x - 75;
    face->box[1] = y - 75;
    face->box[2] = 150;
    face->box[3] = 150;
}

static void next_record(double step_s)
{
    record.pts += step_s;
    record.t_arrival_ns += (int64_t)(step_s * 1e9);
    record.face_count = 0;
}

static void a_face_gets_all_of_it(void **state)
{
    (void)state;
    next_record(0.04);
    add_face(1, 320, 200);
    pipeline_motion_run(&motion, &record, NULL);
    next_record(0.04);
    add_face(1, 322, 200);
    pipeline_motion_run(&motion, &record, NULL);
    const struct protocol_face *face = &record.faces[0];
    assert_true(face->has_raw && face->has_pose && face->has_shapes);
    assert_true(fabsf(face->raw[30].x - 322) < 1e-3f);
    assert_true(face->keypoints[30].x > 320 && face->keypoints[30].x < 322);
    assert_true(face->pose.error < 0.06f);                       // it is flat, without depth
    assert_true(fabsf(face->pose.translation[2] - 3.7f) < 0.3f); // 554 pixels of focal length
    assert_true(fabsf(face->box[2] - 150) < 3);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        assert_true(face->shapes[i] >= 0 && face->shapes[i] <= 1);
    }
}

static void switched_off_nothing_is_smoothed(void **state)
{
    (void)state;
    motion.options.smooth.on = false;
    for (int i = 0; i < 5; i++) {
        next_record(0.04);
        add_face(1, 320 + 5 * (float)(i % 2), 200);
        pipeline_motion_run(&motion, &record, NULL);
        assert_true(fabsf(record.faces[0].keypoints[30].x - 320 - 5 * (float)(i % 2)) < 1e-3f);
        assert_false(record.faces[0].has_raw);
        assert_true(record.faces[0].has_pose);
    }
}

// Four faces in an order that changes: each is smoothed with itself.
static void faces_are_distinguished_by_id(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        next_record(0.04);
        for (int k = 0; k < PROTOCOL_FACES_MAX; k++) {
            int id = 1 + (k + i) % PROTOCOL_FACES_MAX;
            add_face(id, 100.0f * (float)id, 200);
        }
        pipeline_motion_run(&motion, &record, NULL);
        for (int k = 0; k < PROTOCOL_FACES_MAX; k++) {
            const struct protocol_face *face = &record.faces[k];
            assert_true(fabsf(face->keypoints[30].x - 100.0f * (float)face->id) < 1e-2f);
        }
    }
}

// A new id is a new face: no glide from where the last one was.
static void a_new_face_starts_anew(void **state)
{
    (void)state;
    for (int id = 1; id < 20; id++) {
        for (int i = 0; i < 3; i++) {
            next_record(0.04);
            add_face(id, 100 + 20 * (float)id, 200);
            pipeline_motion_run(&motion, &record, NULL);
            assert_true(fabsf(record.faces[0].keypoints[30].x - 100 - 20 * (float)id) < 1e-2f);
        }
        next_record(0.04); // nobody
        pipeline_motion_run(&motion, &record, NULL);
    }
}

static float jump_then_move(double step_s)
{
    set_up(NULL);
    for (int i = 0; i < 5; i++) {
        next_record(0.04);
        add_face(1, 320, 200);
        pipeline_motion_run(&motion, &record, NULL);
    }
    next_record(step_s);
    add_face(1, 321, 200);
    pipeline_motion_run(&motion, &record, NULL);
    return record.faces[0].keypoints[30].x;
}

static void behind_a_gap_smoothing_starts_anew(void **state)
{
    (void)state;
    const float usual = jump_then_move(0.04);
    assert_true(usual > 320 && usual < 320.9f);
    static const double gaps_s[] = { 0, 1, 3, 5, 1e6, -900, NAN };
    for (size_t i = 0; i < sizeof gaps_s / sizeof gaps_s[0]; i++) {
        assert_true(fabsf(jump_then_move(gaps_s[i]) - 321) < 1e-3f);
    }
}

static void other_keypoints_are_only_smoothed(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        next_record(0.04);
        add_face(1, 320, 200);
        record.faces[0].keypoint_count = 10;
        pipeline_motion_run(&motion, &record, NULL);
        assert_true(record.faces[0].has_raw);
        assert_false(record.faces[0].has_pose || record.faces[0].has_shapes);
    }
}

static void a_calibration_takes_a_second_of_faces(void **state)
{
    (void)state;
    struct pipeline_calibrated calibrated;
    int frames = 0;
    pipeline_motion_calibrate(&motion, 0, 0);
    next_record(0.04); // nobody yet
    pipeline_motion_run(&motion, &record, NULL);
    assert_false(pipeline_motion_calibrated(&motion, MC_NS_PER_SECOND, &calibrated));
    do {
        next_record(0.04);
        add_face(7, 200, 200);
        add_face(8, 400, 200);
        pipeline_motion_run(&motion, &record, NULL);
        assert_true(++frames < 40);
    } while (!pipeline_motion_calibrated(&motion, MC_NS_PER_SECOND, &calibrated));
    assert_true(frames >= 25);
    assert_int_equal(calibrated.face_count, 2);
    assert_false(pipeline_motion_calibrated(&motion, 9 * MC_NS_PER_SECOND, &calibrated)); // once
    for (int i = 0; i < 2; i++) {
        const struct protocol_face *face = &record.faces[i];
        for (int k = 0; k < PROTOCOL_SHAPE_COUNT; k++) {
            assert_true(face->shapes[k] < 0.05f || k == PROTOCOL_EYE_WIDE_LEFT);
        }
    }
}

// A mean face with its left brow up, its left eye shut, its mouth open and smiling.
static void add_grimace(int id, float x, float y)
{
    add_face(id, x, y);
    struct mc_keypoint *points = record.faces[record.face_count - 1].keypoints;
    for (int i = 22; i <= 26; i++) {
        points[i].y -= 12;
    }
    points[43].y = points[44].y = points[47].y = points[46].y = (points[43].y + points[47].y) / 2;
    for (int i = 55; i <= 59; i++) {
        points[i].y += 15;
    }
    for (int i = 65; i <= 67; i++) {
        points[i].y += 15;
    }
    points[48].y -= 15;
    points[54].y -= 15;
    points[48].x -= 9;
    points[54].x += 9;
}

// Through all of the stage, with its estimate of the field of view.
static void an_expression_held_from_the_first_record_on_stays(void **state)
{
    (void)state;
    static const int rates[] = { 5, 12, 25, 30, 60 };
    static const enum protocol_shape shown[] = { PROTOCOL_BROW_OUTER_UP_LEFT,
                                                 PROTOCOL_EYE_BLINK_LEFT, PROTOCOL_JAW_OPEN,
                                                 PROTOCOL_MOUTH_SMILE_LEFT };
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        float first[PROTOCOL_SHAPE_COUNT];
        set_up(NULL);
        for (int frame = 0; frame <= 30 * rates[i]; frame++) {
            next_record(1.0 / rates[i]);
            add_grimace(1, 320, 200);
            pipeline_motion_run(&motion, &record, NULL);
            if (frame == 0) {
                memcpy(first, record.faces[0].shapes, sizeof first);
            }
        }
        for (int k = 0; k < PROTOCOL_SHAPE_COUNT; k++) {
            if (record.faces[0].shapes[k] < 0.9f * first[k] - 1e-3f) {
                fail_msg("%s, %d frames/s: %.3f, after 30 s %.3f", protocol_shape_name(k), rates[i],
                         (double)first[k], (double)record.faces[0].shapes[k]);
            }
        }
        for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++) {
            assert_true(first[shown[k]] > 0.3f);
        }
    }
}

static void calibrate_all(uint64_t range, int frames, float x[2])
{
    struct pipeline_calibrated calibrated;
    pipeline_motion_calibrate(&motion, range, 0);
    for (int i = 0; i < frames; i++) {
        next_record(0.04);
        add_grimace(1, x[0], 200);
        add_face(2, x[1], 200);
        pipeline_motion_run(&motion, &record, NULL);
    }
    assert_true(pipeline_motion_calibrated(&motion, MC_NS_PER_SECOND, &calibrated));
    assert_int_equal(calibrated.face_count, 2);
}

// Two people: after a restart each has its own, whoever comes first, and only a profile that is
// in use counts.
static void a_profile_finds_its_face_by_place(void **state)
{
    (void)state;
    static struct pipeline_profile profile;
    float x[2] = { 150, 450 };
    calibrate_all(0, 27, x);
    pipeline_motion_profile(&motion, &profile);
    assert_int_equal(profile.face_count, 2);
    for (int swapped = 0; swapped < 2; swapped++) {
        set_up(NULL);
        pipeline_motion_load_profile(&motion, &profile);
        for (int i = 0; i < 3; i++) {
            next_record(0.04);
            if (swapped == 0) {
                add_grimace(7, 160, 200);
            }
            add_face(8, 440, 200);
            if (swapped == 1) {
                add_grimace(7, 160, 200);
            }
            pipeline_motion_run(&motion, &record, NULL);
        }
        for (int i = 0; i < 2; i++) { // both are neutral to themselves
            const float *shapes = record.faces[i].shapes;
            assert_true(shapes[PROTOCOL_BROW_OUTER_UP_LEFT] < 0.1f);
            assert_true(shapes[PROTOCOL_BROW_DOWN_LEFT] < 0.1f);
            assert_true(shapes[PROTOCOL_MOUTH_SMILE_LEFT] < 0.1f);
            assert_true(shapes[PROTOCOL_MOUTH_FROWN_LEFT] < 0.1f);
        }
    }
    pipeline_motion_load_profile(&motion, NULL);
    next_record(0.04);
    add_grimace(7, 160, 200);
    pipeline_motion_run(&motion, &record, NULL);
    pipeline_motion_profile(&motion, &profile);
    assert_int_equal(profile.face_count, 0);
}

static void a_range_gives_each_face_its_gain(void **state)
{
    (void)state;
    static struct pipeline_profile profile;
    float x[2] = { 150, 450 };
    calibrate_all(UINT64_C(1) << PROTOCOL_JAW_OPEN | UINT64_C(1) << PROTOCOL_MOUTH_PUCKER, 52, x);
    const float opened = record.faces[0].shapes[PROTOCOL_JAW_OPEN];
    assert_true(opened > 0.9f); // what was less than half before
    pipeline_motion_profile(&motion, &profile);
    assert_int_equal(profile.face_count, 1); // the other did nothing
    assert_false(profile.faces[0].has_neutral);
    assert_true(profile.faces[0].gains[PROTOCOL_JAW_OPEN] > 1.5f);
    assert_true(profile.faces[0].gains[PROTOCOL_MOUTH_PUCKER] == 1);
    assert_true(profile.faces[0].x < 0.4f);
}

// Lost for a moment, a face is the same; after a while it is if its id says so, at any frame rate;
// when time stepped back it may be another.
static void learning_survives_a_moment_without_the_face(void **state)
{
    (void)state;
    static const struct {
        double gap_s;
        bool survives;
    } gaps[] = { { 1, true }, { 2.9, true }, { 3.2, false }, { 5, false }, { -1, false } };
    for (size_t i = 0; i < 4 * sizeof gaps / sizeof gaps[0]; i++) {
        const bool has_same_id = i % 2 == 0, is_missed = i / 2 % 2 == 0;
        set_up(NULL);
        for (int k = 0; k < 500; k++) {
            next_record(0.04);
            add_face(1, 320, 200);
            pipeline_motion_run(&motion, &record, NULL);
        }
        const float tolerance = motion.faces[0].calibration.tolerance[PIPELINE_BROW_LEFT];
        if (is_missed) {
            next_record(0.04); // nobody
            pipeline_motion_run(&motion, &record, NULL);
        }
        next_record(gaps[i / 4].gap_s - 0.04 * is_missed);
        add_face(has_same_id ? 1 : 2, 320, 200);
        pipeline_motion_run(&motion, &record, NULL);
        const float now = motion.faces[0].calibration.tolerance[PIPELINE_BROW_LEFT];
        const bool survives = gaps[i / 4].survives || (has_same_id && gaps[i / 4].gap_s > 0);
        assert_true(survives ? now == tolerance : now > 2 * tolerance);
    }
}

static void a_calibration_without_a_face_ends(void **state)
{
    (void)state;
    struct pipeline_calibrated calibrated;
    pipeline_motion_calibrate(&motion, 0, 0);
    for (int i = 0; i < 4; i++) {
        next_record(0.04);
        pipeline_motion_run(&motion, &record, NULL);
        assert_false(pipeline_motion_calibrated(&motion, MC_NS_PER_SECOND, &calibrated));
    }
    assert_true(pipeline_motion_calibrated(&motion, 6 * MC_NS_PER_SECOND, &calibrated));
    assert_int_equal(calibrated.face_count, 0);
}

static void garbage_is_survived(void **state)
{
    (void)state;
    static const float odd[] = { NAN, INFINITY, -INFINITY, 0, 1e30f, -1e30f, 5 };
    unsigned seed = 1;
    for (int round = 0; round < 3000; round++) {
        next_record(round % 50 == 0 ? -3 : 0.04);
        for (int k = 0; k < PROTOCOL_FACES_MAX; k++) {
            add_face(1 + round / 7 + k, 100.0f * (float)k, 200);
            struct protocol_face *face = &record.faces[k];
            for (int i = 0; i < LANDMARKS; i++) {
                seed = seed * 1664525u + 1013904223u;
                if (seed >> 29 == 0 || round % 3 == 0) {
                    face->keypoints[i].x = odd[(seed >> 10) % 7];
                    face->keypoints[i].c = odd[(seed >> 14) % 7];
                    face->keypoints[i].y += (float)((seed >> 18) % 64);
                }
            }
            face->box[2] = odd[(seed >> 22) % 7];
        }
        pipeline_motion_run(&motion, &record, NULL);
        for (int k = 0; k < PROTOCOL_FACES_MAX; k++) {
            const struct protocol_face *face = &record.faces[k];
            assert_true(!face->has_pose || isfinite(face->pose.error));
            for (int i = 0; face->has_shapes && i < PROTOCOL_SHAPE_COUNT; i++) {
                assert_true(face->shapes[i] >= 0 && face->shapes[i] <= 1);
            }
        }
    }
}

// Published are the chance that a point is right, and the landmarks' mean; raw is as observed.
static void confidences_say_how_likely_landmarks_are_right(void **state)
{
    (void)state;
    float plain = 0, covered = 0;
    for (int round = 0; round < 2; round++) {
        next_record(0.04);
        add_face(1, 320, 200);
        struct protocol_face *face = &record.faces[0];
        for (int i = 0; i < LANDMARKS; i++) {
            face->keypoints[i].c = round == 1 && i % 2 == 0 ? 0.85f : 0.96f;
        }
        face->has_dense = true;
        face->dense_count = 1;
        face->dense[0] = face->keypoints[2];
        pipeline_motion_run(&motion, &record, NULL);
        assert_true(face->dense[0].c == face->keypoints[2].c);
        float sum = 0;
        for (int i = 0; i < LANDMARKS; i++) {
            sum += face->keypoints[i].c / LANDMARKS;
        }
        assert_true(fabsf(face->score - sum) < 1e-4f);
        assert_true(face->raw[1].c == 0.96f);
        *(round == 0 ? &plain : &covered) = face->score;
    }
    assert_true(plain > 0.9f && covered < 0.75f && covered > 0.5f);
}

// Another frame size is another camera; the same one is kept while faces come and go.
static void the_field_of_view_belongs_to_the_stream(void **state)
{
    (void)state;
    assert_true(pipeline_motion_fov(&motion) == 0);
    for (int i = 0; i < 50; i++) {
        next_record(0.04);
        add_face(1 + i / 10, 320, 200);
        pipeline_motion_run(&motion, &record, NULL);
    }
    const float found = pipeline_motion_fov(&motion);
    assert_true(found > 20 && found < 110 && fabsf(found - 60) > 0.01f);
    next_record(0.04); // nobody
    pipeline_motion_run(&motion, &record, NULL);
    assert_true(pipeline_motion_fov(&motion) == found);
    next_record(0.04);
    record.width /= 2;
    pipeline_motion_run(&motion, &record, NULL);
    assert_true(fabsf(pipeline_motion_fov(&motion) - 60) < 0.1f);
}

// What a network reads counts, clamped; the rules make the others.
static void a_networks_shapes_replace_the_rules(void **state)
{
    (void)state;
    const struct pipeline_expression expression = {
        .shapes = { [PROTOCOL_JAW_OPEN] = 0.4f, [PROTOCOL_CHEEK_PUFF] = 1.5f },
        .known = UINT64_C(1) << PROTOCOL_JAW_OPEN | UINT64_C(1) << PROTOCOL_CHEEK_PUFF |
                 UINT64_C(1) << PROTOCOL_TONGUE_OUT,
        .gaze = { { 0.2618f, 0 }, { 0.2618f, 0 } },
    };
    const struct pipeline_expression *expressions[] = { NULL, &expression };
    next_record(0.04);
    add_face(1, 320, 200); // both the same for the rules
    add_face(2, 320, 200);
    pipeline_motion_run(&motion, &record, expressions);
    const float *rules = record.faces[0].shapes, *read = record.faces[1].shapes;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (i == PROTOCOL_JAW_OPEN) {
            assert_true(read[i] == 0.4f);
        } else if (i == PROTOCOL_CHEEK_PUFF) {
            assert_true(read[i] == 1);
        } else if (i == PROTOCOL_EYE_LOOK_IN_LEFT || i == PROTOCOL_EYE_LOOK_OUT_RIGHT) {
            assert_true(fabsf(read[i] - 0.5f) < 1e-3f);
        } else {
            assert_true(read[i] == rules[i]);
        }
        assert_true(i < PROTOCOL_EYE_LOOK_UP_LEFT || rules[i] == 0);
    }
}

// Options may change between two records: gains multiply shapes up to 1, and a field of view that
// is given holds at once.
static void options_may_change_while_it_runs(void **state)
{
    (void)state;
    const struct pipeline_expression expression = {
        .shapes = { [PROTOCOL_JAW_OPEN] = 0.4f, [PROTOCOL_CHEEK_PUFF] = 0.6f },
        .known = UINT64_C(1) << PROTOCOL_JAW_OPEN | UINT64_C(1) << PROTOCOL_CHEEK_PUFF,
    };
    const struct pipeline_expression *expressions[] = { &expression };
    struct pipeline_motion_options options = pipeline_motion_options_default();
    options.smooth.on = false;
    pipeline_motion_set_options(&motion, &options);
    const float *shapes = record.faces[0].shapes;
    next_record(0.04);
    add_face(1, 320, 200);
    pipeline_motion_run(&motion, &record, expressions);
    assert_true(shapes[PROTOCOL_JAW_OPEN] == 0.4f);
    options.gains[PROTOCOL_JAW_OPEN] = 1.5f;
    options.gains[PROTOCOL_CHEEK_PUFF] = 3;
    options.fov = 40;
    pipeline_motion_set_options(&motion, &options);
    next_record(0.04);
    add_face(1, 320, 200);
    pipeline_motion_run(&motion, &record, expressions);
    assert_true(fabsf(shapes[PROTOCOL_JAW_OPEN] - 0.6f) < 0.01f); // rest is being learnt meanwhile
    assert_true(shapes[PROTOCOL_CHEEK_PUFF] == 1);
    assert_true(fabsf(pipeline_motion_fov(&motion) - 40) < 0.01f);
    options.gains[PROTOCOL_JAW_OPEN] = 0;
    pipeline_motion_set_options(&motion, &options);
    next_record(0.04);
    add_face(1, 320, 200);
    pipeline_motion_run(&motion, &record, expressions);
    assert_true(shapes[PROTOCOL_JAW_OPEN] == 0);
}

// A neutral face that was measured beside a network holds without it, too: after that, nothing
// of the rules is computed where the network reads all that they make.
static void a_neutral_face_is_measured_for_both_sources(void **state)
{
    (void)state;
    const struct pipeline_expression expression = {
        .known = ~pipeline_gaze_shapes,
        .rotation = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
    };
    const struct pipeline_expression *expressions[] = { &expression };
    struct pipeline_profile profile;
    pipeline_motion_calibrate(&motion, 0, 0);
    for (int i = 0; i < 60; i++) {
        next_record(0.04);
        add_face(1, 320, 200);
        pipeline_motion_run(&motion, &record, expressions);
    }
    pipeline_motion_profile(&motion, &profile);
    assert_int_equal(profile.face_count, 1);
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        const int shape = i - PIPELINE_CHANNEL_SHAPES;
        const bool is_look = shape >= 0 && pipeline_gaze_shapes & UINT64_C(1) << shape;
        assert_true(isfinite(profile.faces[0].neutral[i]) == !is_look);
    }
}

// The eyes of the record's first face, seen or covered.
static void cover_eyes(bool left, bool right)
{
    for (int i = 36; i < 48; i++) {
        record.faces[0].keypoints[i].c = (i < 42 ? right : left) ? 0.3f : 0.97f;
    }
}

// What a network reads where an eye is covered is a guess: that eye turns with the other.
static void a_covered_eye_turns_with_the_other(void **state)
{
    (void)state;
    const struct pipeline_expression expression = {
        .known = ~pipeline_gaze_shapes,
        .rotation = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
        .gaze = { { 0.2f, 0.1f }, { -0.3f, 0.5f } },
    };
    const struct pipeline_expression *expressions[] = { &expression };
    const struct protocol_face *face = &record.faces[0];
    motion.options.smooth.on = false;
    for (int round = 0; round < 3; round++) {
        next_record(0.04);
        add_face(1, 320, 200);
        cover_eyes(round == 0, round != 2);
        pipeline_motion_run(&motion, &record, expressions);
        assert_true(face->has_gaze == (round > 0)); // not before an eye was seen
        if (round == 1) {
            assert_true(fabsf(face->gaze.right[0] - 11.459f) < 0.01f);
            assert_true(fabsf(face->gaze.right[1] - 5.730f) < 0.01f);
            assert_false(face->gaze.has_point);
        }
    }
    assert_true(fabsf(face->gaze.right[0] + 17.189f) < 0.01f); // both seen: as read
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_face_gets_all_of_it, set_up),
        cmocka_unit_test_setup(switched_off_nothing_is_smoothed, set_up),
        cmocka_unit_test_setup(faces_are_distinguished_by_id, set_up),
        cmocka_unit_test_setup(a_new_face_starts_anew, set_up),
        cmocka_unit_test_setup(behind_a_gap_smoothing_starts_anew, set_up),
        cmocka_unit_test_setup(other_keypoints_are_only_smoothed, set_up),
        cmocka_unit_test_setup(options_may_change_while_it_runs, set_up),
        cmocka_unit_test_setup(a_calibration_takes_a_second_of_faces, set_up),
        cmocka_unit_test_setup(an_expression_held_from_the_first_record_on_stays, set_up),
        cmocka_unit_test_setup(a_profile_finds_its_face_by_place, set_up),
        cmocka_unit_test_setup(a_range_gives_each_face_its_gain, set_up),
        cmocka_unit_test_setup(learning_survives_a_moment_without_the_face, set_up),
        cmocka_unit_test_setup(a_calibration_without_a_face_ends, set_up),
        cmocka_unit_test_setup(a_networks_shapes_replace_the_rules, set_up),
        cmocka_unit_test_setup(a_neutral_face_is_measured_for_both_sources, set_up),
        cmocka_unit_test_setup(a_covered_eye_turns_with_the_other, set_up),
        cmocka_unit_test_setup(garbage_is_survived, set_up),
        cmocka_unit_test_setup(confidences_say_how_likely_landmarks_are_right, set_up),
        cmocka_unit_test_setup(the_field_of_view_belongs_to_the_stream, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
