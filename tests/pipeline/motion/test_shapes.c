// Blend shapes of synthetic heads whose expression is known, turned this way and
// that; and the neutral face they are relative to.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/motion/calibration.h"
#include "pipeline/motion/shapes.h"
#include "tools/synthface/patch.h"
#include "tools/synthface/person.h"

enum { STEPS = 21, PEOPLE = 4 };
static const float frame_s = 1.0f / 30;

static float noise(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 8388608.0f - 1;
}

// The channels of a person's face, from where a camera sees its landmarks.
static void look(unsigned person, const struct motion *motion, float *channels)
{
    const struct person made = person_make(person);
    struct vec3 landmarks[HEAD_LANDMARKS];
    struct mc_keypoint keypoints[HEAD_LANDMARKS];
    struct protocol_pose pose;
    head_landmarks(&made.shape, motion, landmarks);
    struct view view =
        view_make(motion->yaw, motion->pitch, motion->roll, (struct vec3){ 0, 0.75f, -0.25f },
                  (struct vec3){ motion->x, motion->y, motion->nearness });
    view.scale = 100;
    view.x = 320;
    view.y = 240;
    const struct pipeline_camera camera = { view_focal(&view), view.x, view.y };
    for (int i = 0; i < HEAD_LANDMARKS; i++) {
        view_project(&view, view_apply(&view, landmarks[i]), &keypoints[i].x, &keypoints[i].y);
        keypoints[i].c = 0.83f;
    }
    assert_true(pipeline_pose_fit(keypoints, &camera, &pose));
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        channels[i] = NAN;
    }
    assert_true(pipeline_features_measure(keypoints, &camera, &pose, channels));
}

// The shapes of what look sees.
static void make(const struct pipeline_calibration *calibration, float *channels, float *shapes)
{
    pipeline_calibration_apply(calibration, channels);
    pipeline_shapes_make(channels, calibration->neutral, shapes);
}

// A neutral face as a calibration measures it: the person looks straight ahead.
static void measure_neutral(unsigned person, struct pipeline_calibration *neutral)
{
    const struct motion still = motion_still();
    float channels[PIPELINE_CHANNEL_COUNT];
    look(person, &still, channels);
    pipeline_calibration_init(neutral);
    pipeline_calibration_measure(neutral);
    int frames = 1;
    while (!pipeline_calibration_add(neutral, channels, frame_s)) {
        frames++;
        assert_true(frames < 100);
    }
    assert_int_equal(frames, 30);
}

// What moves, and the shape that should follow.
struct sweep {
    const char *what;
    void (*set)(struct motion *motion, float amount);
    enum protocol_shape shape;
    float full; // what the shape reaches at least
};

static void set_mouth(struct motion *motion, float amount)
{
    motion->mouth_open = amount;
}

static void set_smile(struct motion *motion, float amount)
{
    motion->smile = amount;
}

static void set_brows(struct motion *motion, float amount)
{
    motion->brow_raise = amount;
}

// The eye at the left of the image is the person's right one.
static void set_right_eye(struct motion *motion, float amount)
{
    motion->eye_open[0] = 1 - amount;
}

static void set_left_eye(struct motion *motion, float amount)
{
    motion->eye_open[1] = 1 - amount;
}

static double correlation(const float *x, const float *y, int count)
{
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (int i = 0; i < count; i++) {
        sx += (double)x[i];
        sy += (double)y[i];
        sxx += (double)(x[i] * x[i]);
        syy += (double)(y[i] * y[i]);
        sxy += (double)(x[i] * y[i]);
    }
    const double n = count;
    return (sxy - sx * sy / n) / sqrt((sxx - sx * sx / n) * (syy - sy * sy / n));
}

static void check_sweep(const struct sweep *sweep, unsigned person, float yaw, float pitch)
{
    struct pipeline_calibration neutral;
    float amounts[STEPS], got[STEPS];
    measure_neutral(person, &neutral);
    for (int i = 0; i < STEPS; i++) {
        struct motion motion = motion_still();
        float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
        amounts[i] = (float)i / (STEPS - 1);
        motion.yaw = yaw;
        motion.pitch = pitch;
        sweep->set(&motion, amounts[i]);
        look(person, &motion, channels);
        make(&neutral, channels, shapes);
        got[i] = shapes[sweep->shape];
        assert_true(i == 0 || got[i] >= got[i - 1] - 0.02f); // monotone
    }
    const double found = correlation(amounts, got, STEPS);
    printf("%-10s person %u yaw %3.0f pitch %3.0f: %.2f to %.2f, correlation %.3f\n", sweep->what,
           person, (double)yaw, (double)pitch, (double)got[0], (double)got[STEPS - 1], found);
    assert_true(found > 0.9);
    assert_true(got[0] < 0.2f);
    assert_true(got[STEPS - 1] > sweep->full);
}

static void shapes_follow_the_expression(void **state)
{
    (void)state;
    static const struct sweep sweeps[] = {
        { "jaw", set_mouth, PROTOCOL_JAW_OPEN, 0.6f },
        { "smile left", set_smile, PROTOCOL_MOUTH_SMILE_LEFT, 0.4f },
        { "smile right", set_smile, PROTOCOL_MOUTH_SMILE_RIGHT, 0.4f },
        { "brow inner", set_brows, PROTOCOL_BROW_INNER_UP, 0.35f },
        { "brow left", set_brows, PROTOCOL_BROW_OUTER_UP_LEFT, 0.3f },
        { "brow right", set_brows, PROTOCOL_BROW_OUTER_UP_RIGHT, 0.3f },
        { "left eye", set_left_eye, PROTOCOL_EYE_BLINK_LEFT, 0.8f },
        { "right eye", set_right_eye, PROTOCOL_EYE_BLINK_RIGHT, 0.8f },
    };
    for (size_t i = 0; i < sizeof sweeps / sizeof sweeps[0]; i++) {
        for (unsigned person = 1; person <= PEOPLE; person++) {
            check_sweep(&sweeps[i], person, 0, 0);
            check_sweep(&sweeps[i], person, person % 2 == 0 ? 15 : -15, 5);
        }
    }
}

// One eye shut, and the other stays open.
static void left_is_the_persons_left(void **state)
{
    (void)state;
    struct pipeline_calibration neutral;
    struct motion wink = motion_still();
    float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
    measure_neutral(1, &neutral);
    wink.eye_open[1] = 0; // right in the image
    look(1, &wink, channels);
    make(&neutral, channels, shapes);
    assert_true(shapes[PROTOCOL_EYE_BLINK_LEFT] > 0.8f);
    assert_true(shapes[PROTOCOL_EYE_BLINK_RIGHT] < 0.1f);
}

static void a_neutral_face_has_no_expression(void **state)
{
    (void)state;
    for (unsigned person = 1; person <= PEOPLE; person++) {
        struct pipeline_calibration neutral;
        struct motion turned = motion_still();
        float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
        measure_neutral(person, &neutral);
        look(person, &turned, channels);
        make(&neutral, channels, shapes);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            assert_true(shapes[i] < 0.08f);
        }
        turned.yaw = 12;
        turned.pitch = -6;
        turned.roll = 10;
        look(person, &turned, channels);
        make(&neutral, channels, shapes);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            if (shapes[i] > 0.55f) {
                fail_msg("person %u turned: %s %.2f", person, protocol_shape_name(i),
                         (double)shapes[i]);
            }
        }
    }
}

// Nobody asked to calibrate: after a while of talk, blinks and smiles, a face at
// rest is known as one.
static void the_neutral_face_is_learnt(void **state)
{
    (void)state;
    for (unsigned person = 1; person <= PEOPLE; person++) {
        struct pipeline_calibration learnt;
        const struct motion still = motion_still();
        float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
        pipeline_calibration_init(&learnt);
        for (int frame = 0; frame < 300; frame++) {
            const struct motion moving = motion_at((double)frame / 30, 0);
            look(person, &moving, channels);
            assert_false(pipeline_calibration_add(&learnt, channels, frame_s));
        }
        look(person, &still, channels);
        make(&learnt, channels, shapes);
        static const enum protocol_shape calm[] = {
            PROTOCOL_JAW_OPEN,      PROTOCOL_EYE_BLINK_LEFT,   PROTOCOL_EYE_BLINK_RIGHT,
            PROTOCOL_BROW_INNER_UP, PROTOCOL_MOUTH_SMILE_LEFT, PROTOCOL_MOUTH_SMILE_RIGHT,
        };
        for (size_t i = 0; i < sizeof calm / sizeof calm[0]; i++) {
            if (shapes[calm[i]] > 0.2f) {
                fail_msg("person %u at rest: %s %.2f", person, protocol_shape_name(calm[i]),
                         (double)shapes[calm[i]]);
            }
        }
    }
}

static void garbage_gives_0_to_1(void **state)
{
    (void)state;
    static const float odd[] = { NAN, INFINITY, -INFINITY, 0, 1e30f, -1e30f };
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        float features[PIPELINE_FEATURE_COUNT], neutral[PIPELINE_FEATURE_COUNT];
        float shapes[PROTOCOL_SHAPE_COUNT];
        for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
            features[i] = noise(&seed) > 0.6f ? odd[(seed >> 20) % 6] : noise(&seed);
            neutral[i] = noise(&seed) > 0.9f ? odd[(seed >> 20) % 6] : noise(&seed);
        }
        pipeline_shapes_make(features, neutral, shapes);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            assert_true(shapes[i] >= 0 && shapes[i] <= 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_follow_the_expression),
        cmocka_unit_test(left_is_the_persons_left),
        cmocka_unit_test(a_neutral_face_has_no_expression),
        cmocka_unit_test(the_neutral_face_is_learnt),
        cmocka_unit_test(garbage_gives_0_to_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
