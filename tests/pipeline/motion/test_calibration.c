// What a face reads at rest: held expressions stay, resting faces are learnt, measurements
// hold, ranges give gains.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/motion/calibration.h"
#include "pipeline/motion/shapes.h"

static const float frame_s = 1.0f / 30;

static float noise(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 8388608.0f - 1;
}

// Normally distributed, nearly: a sum of twelve.
static float normal(unsigned *seed)
{
    float sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += noise(seed) / 2;
    }
    return sum;
}

// Every feature the given number of deviations from its typical value; no network.
static void fill(float *channels, float deviations)
{
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        channels[i] = NAN;
    }
    for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
        channels[i] =
            pipeline_feature_spread[i].typical + deviations * pipeline_feature_spread[i].deviation;
    }
}

static float off(const struct pipeline_calibration *calibration, int feature)
{
    return (calibration->neutral[feature] - pipeline_feature_spread[feature].typical) /
           pipeline_feature_spread[feature].deviation;
}

static void hold(struct pipeline_calibration *calibration, const float *channels, float seconds,
                 float rate)
{
    for (int frame = 0; frame < (int)(seconds * rate); frame++) {
        assert_false(pipeline_calibration_add(calibration, channels, 1 / rate));
    }
}

static void see(struct pipeline_calibration *calibration, float deviations, float seconds)
{
    float channels[PIPELINE_CHANNEL_COUNT];
    fill(channels, deviations);
    hold(calibration, channels, seconds, 30);
}

// Shapes by the rules, and those that a network reads.
static void make(const struct pipeline_calibration *calibration, const float *channels,
                 float *shapes)
{
    float applied[PIPELINE_CHANNEL_COUNT];
    memcpy(applied, channels, sizeof applied);
    pipeline_calibration_apply(calibration, applied);
    pipeline_shapes_make(applied, calibration->neutral, shapes);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (isfinite(channels[PIPELINE_CHANNEL_SHAPES + i])) {
            shapes[i] = applied[PIPELINE_CHANNEL_SHAPES + i];
        }
    }
}

// ---- held expressions

static void check_held(const float *channels, const struct pipeline_calibration *before)
{
    static const float rates[] = { 5, 7.5f, 10, 15, 24, 25, 29.97f, 30, 50, 60 };
    static struct pipeline_calibration calibration;
    float first[PROTOCOL_SHAPE_COUNT], last[PROTOCOL_SHAPE_COUNT];
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        calibration = *before;
        hold(&calibration, channels, 1 / rates[i], rates[i]);
        make(&calibration, channels, first);
        hold(&calibration, channels, 30, rates[i]);
        make(&calibration, channels, last);
        for (int k = 0; k < PROTOCOL_SHAPE_COUNT; k++) {
            if (last[k] < 0.9f * first[k] - 1e-3f) {
                fail_msg("%s at %g frames/s: %.3f, after 30 s %.3f", protocol_shape_name(k),
                         (double)rates[i], (double)first[k], (double)last[k]);
            }
        }
    }
}

// What the rules take an expression from: features in full scales.
static const struct {
    enum protocol_shape shape;
    struct {
        int feature;
        float full;
    } moves[4];
} expressions[] = {
    { PROTOCOL_EYE_BLINK_LEFT, { { PIPELINE_EYE_LEFT, -0.25f } } },
    { PROTOCOL_EYE_BLINK_RIGHT, { { PIPELINE_EYE_RIGHT, -0.25f } } },
    { PROTOCOL_EYE_WIDE_LEFT, { { PIPELINE_EYE_LEFT, 0.25f } } },
    { PROTOCOL_EYE_WIDE_RIGHT, { { PIPELINE_EYE_RIGHT, 0.25f } } },
    { PROTOCOL_JAW_OPEN, { { PIPELINE_LIPS_GAP, 0.24f }, { PIPELINE_CHIN_DROP, 0.12f } } },
    { PROTOCOL_JAW_LEFT, { { PIPELINE_CHIN_SIDE, 0.08f } } },
    { PROTOCOL_JAW_RIGHT, { { PIPELINE_CHIN_SIDE, -0.08f } } },
    { PROTOCOL_MOUTH_FUNNEL, { { PIPELINE_MOUTH_WIDTH, -0.1f }, { PIPELINE_LIPS_GAP, 0.1f } } },
    { PROTOCOL_MOUTH_PUCKER, { { PIPELINE_MOUTH_WIDTH, -0.1f } } },
    { PROTOCOL_MOUTH_LEFT, { { PIPELINE_MOUTH_SIDE, 0.04f } } },
    { PROTOCOL_MOUTH_RIGHT, { { PIPELINE_MOUTH_SIDE, -0.04f } } },
    { PROTOCOL_MOUTH_SMILE_LEFT,
      { { PIPELINE_CORNER_DROP_LEFT, -0.06f }, { PIPELINE_CORNER_OUT_LEFT, 0.06f } } },
    { PROTOCOL_MOUTH_SMILE_RIGHT,
      { { PIPELINE_CORNER_DROP_RIGHT, -0.06f }, { PIPELINE_CORNER_OUT_RIGHT, 0.06f } } },
    { PROTOCOL_MOUTH_FROWN_LEFT,
      { { PIPELINE_CORNER_DROP_LEFT, 0.06f }, { PIPELINE_CORNER_BEND_LEFT, 0.06f } } },
    { PROTOCOL_MOUTH_FROWN_RIGHT,
      { { PIPELINE_CORNER_DROP_RIGHT, 0.06f }, { PIPELINE_CORNER_BEND_RIGHT, 0.06f } } },
    { PROTOCOL_MOUTH_STRETCH_LEFT, { { PIPELINE_CORNER_OUT_LEFT, 0.06f } } },
    { PROTOCOL_MOUTH_STRETCH_RIGHT, { { PIPELINE_CORNER_OUT_RIGHT, 0.06f } } },
    { PROTOCOL_BROW_INNER_UP,
      { { PIPELINE_BROW_INNER_LEFT, 0.055f }, { PIPELINE_BROW_INNER_RIGHT, 0.055f } } },
    { PROTOCOL_BROW_DOWN_LEFT,
      { { PIPELINE_BROW_LEFT, -0.05f }, { PIPELINE_BROW_INNER_LEFT, -0.05f } } },
    { PROTOCOL_BROW_DOWN_RIGHT,
      { { PIPELINE_BROW_RIGHT, -0.05f }, { PIPELINE_BROW_INNER_RIGHT, -0.05f } } },
    { PROTOCOL_BROW_OUTER_UP_LEFT, { { PIPELINE_BROW_OUTER_LEFT, 0.05f } } },
    { PROTOCOL_BROW_OUTER_UP_RIGHT, { { PIPELINE_BROW_OUTER_RIGHT, 0.05f } } },
};
enum { EXPRESSIONS = sizeof expressions / sizeof expressions[0] };

static void express(float *channels, int expression, float amount)
{
    for (int i = 0; i < 4 && expressions[expression].moves[i].full != 0; i++) {
        channels[expressions[expression].moves[i].feature] +=
            amount * expressions[expression].moves[i].full;
    }
}

static void an_expression_held_from_the_first_frame_on_stays(void **state)
{
    (void)state;
    static struct pipeline_calibration fresh;
    float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
    pipeline_calibration_init(&fresh);
    for (int i = 0; i < EXPRESSIONS; i++) {
        for (int tenths = 1; tenths <= 10; tenths += 3) {
            fill(channels, 0);
            express(channels, i, (float)tenths / 10);
            check_held(channels, &fresh);
        }
        make(&fresh, channels, shapes);
        if (shapes[expressions[i].shape] < 0.6f) {
            fail_msg("%s %.2f", protocol_shape_name(expressions[i].shape),
                     (double)shapes[expressions[i].shape]);
        }
    }
}

static void a_networks_shape_held_from_the_first_frame_on_stays(void **state)
{
    (void)state;
    static struct pipeline_calibration fresh;
    float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
    pipeline_calibration_init(&fresh);
    for (int tenths = 1; tenths <= 10; tenths++) {
        fill(channels, 0);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            channels[PIPELINE_CHANNEL_SHAPES + i] = (float)tenths / 10;
        }
        check_held(channels, &fresh);
        make(&fresh, channels, shapes);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            assert_true(tenths < 3 || fabsf(shapes[i] - (float)tenths / 10) < 1e-3f);
        }
    }
}

// Any face, any expression; nothing known of it, or much.
static void any_face_held_stays(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    unsigned seed = 7;
    for (int round = 0; round < 20; round++) {
        float channels[PIPELINE_CHANNEL_COUNT];
        pipeline_calibration_init(&calibration);
        if (round % 2 == 1) {
            see(&calibration, noise(&seed), 60);
        }
        fill(channels, 0);
        for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
            channels[i] += 4 * noise(&seed) * pipeline_feature_spread[i].deviation;
        }
        check_held(channels, &calibration);
    }
}

// Every shape of a network at a strength of its own, the sides apart; from the first frame on, or
// after the person was at rest for a second, half a minute or two.
static void any_shapes_held_stay(void **state)
{
    (void)state;
    static const float rests_s[] = { 0, 1, 30, 120 };
    static struct pipeline_calibration calibration;
    unsigned seed = 11;
    for (int round = 0; round < 40; round++) {
        float channels[PIPELINE_CHANNEL_COUNT];
        fill(channels, 0);
        for (int i = PIPELINE_CHANNEL_SHAPES; i < PIPELINE_CHANNEL_COUNT; i++) {
            channels[i] = 0.06f * normal(&seed);
        }
        pipeline_calibration_init(&calibration);
        hold(&calibration, channels, rests_s[round % 4], 30);
        for (int i = PIPELINE_CHANNEL_SHAPES; i < PIPELINE_CHANNEL_COUNT; i++) {
            channels[i] += 0.05f + 0.95f * (1 + noise(&seed)) / 2; // less is jitter
        }
        check_held(channels, &calibration);
    }
}

// ---- learning

static void a_resting_face_within_the_spread_is_learnt(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
    unsigned seed = 3;
    for (int round = 0; round < 50; round++) {
        fill(channels, 0);
        for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
            channels[i] += 1.4f * noise(&seed) * pipeline_feature_spread[i].deviation;
        }
        pipeline_calibration_init(&calibration);
        hold(&calibration, channels, 20, 30);
        make(&calibration, channels, shapes);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            assert_true(shapes[i] < 0.02f);
        }
        // Now that it is known, half a frown shows.
        express(channels, 13, 0.5f);
        make(&calibration, channels, shapes);
        assert_true(shapes[PROTOCOL_MOUTH_FROWN_LEFT] > 0.3f);
    }
}

static void a_resting_face_outside_the_spread_takes_minutes(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    pipeline_calibration_init(&calibration);
    see(&calibration, 2.5f, 60);
    assert_true(off(&calibration, PIPELINE_MOUTH_WIDTH) < 0.3f);
    see(&calibration, 2.5f, 14 * 60);
    assert_true(fabsf(off(&calibration, PIPELINE_MOUTH_WIDTH) - 2.5f) < 0.3f);
}

static void a_network_that_errs_at_rest_is_corrected(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
    fill(channels, 0);
    channels[PIPELINE_CHANNEL_SHAPES + PROTOCOL_CHEEK_PUFF] = 0.08f;
    pipeline_calibration_init(&calibration);
    hold(&calibration, channels, 30, 30);
    make(&calibration, channels, shapes);
    assert_true(shapes[PROTOCOL_CHEEK_PUFF] == 0);
    channels[PIPELINE_CHANNEL_SHAPES + PROTOCOL_CHEEK_PUFF] = 1;
    make(&calibration, channels, shapes);
    assert_true(shapes[PROTOCOL_CHEEK_PUFF] > 0.999f);
}

// A third of the time an expression is held; that does not make it neutral.
static void what_is_held_for_a_while_is_not_neutral(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    float channels[PIPELINE_CHANNEL_COUNT];
    pipeline_calibration_init(&calibration);
    for (int frame = 0; frame < 900; frame++) {
        fill(channels, frame % 90 < 30 ? 3 : 0.5f);
        pipeline_calibration_add(&calibration, channels, frame_s);
    }
    assert_true(fabsf(off(&calibration, PIPELINE_MOUTH_WIDTH) - 0.5f) < 0.2f);
    assert_true(fabsf(off(&calibration, PIPELINE_LIPS_GAP) - 0.5f) < 0.2f);
}

// Another person sits down: known after some ten seconds.
static void another_face_is_learnt_after_this_one(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    pipeline_calibration_init(&calibration);
    see(&calibration, -1, 100);
    assert_true(fabsf(off(&calibration, PIPELINE_BROW_LEFT) + 1) < 0.2f);
    pipeline_calibration_forget(&calibration);
    see(&calibration, 1, 20);
    assert_true(fabsf(off(&calibration, PIPELINE_BROW_LEFT) - 1) < 0.2f);
}

// ---- rest

// Of people who do not frown, 95 % read less than .3, from the first frame on.
static void resting_faces_do_not_frown(void **state)
{
    (void)state;
    enum { FACES = 4000 };
    static struct pipeline_calibration fresh;
    float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
    int loud[PROTOCOL_SHAPE_COUNT] = { 0 };
    unsigned seed = 5;
    pipeline_calibration_init(&fresh);
    for (int face = 0; face < FACES; face++) {
        fill(channels, 0);
        for (int i = 0; i < PIPELINE_FEATURE_COUNT; i++) {
            channels[i] += normal(&seed) * pipeline_feature_spread[i].deviation;
        }
        make(&fresh, channels, shapes);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            loud[i] += shapes[i] > 0.3f;
        }
    }
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (loud[i] > FACES / 20) {
            fail_msg("%s over .3 in %d of %d", protocol_shape_name(i), loud[i], FACES);
        }
    }
}

static void low_corners_alone_are_not_a_frown(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
    pipeline_calibration_init(&calibration);
    see(&calibration, 0, 20);
    for (int i = 0; i < 2; i++) {
        fill(channels, 0);
        channels[PIPELINE_CORNER_DROP_LEFT] += i == 0 ? 0.1f : 0;
        channels[PIPELINE_CORNER_BEND_LEFT] += i == 1 ? 0.1f : 0;
        make(&calibration, channels, shapes);
        assert_true(shapes[PROTOCOL_MOUTH_FROWN_LEFT] < 0.01f);
    }
    channels[PIPELINE_CORNER_DROP_LEFT] += 0.1f;
    make(&calibration, channels, shapes);
    assert_true(shapes[PROTOCOL_MOUTH_FROWN_LEFT] > 0.9f);
    channels[PIPELINE_CORNER_OUT_LEFT] += 0.1f; // stretched
    make(&calibration, channels, shapes);
    assert_true(shapes[PROTOCOL_MOUTH_FROWN_LEFT] < 0.01f);
}

// ---- measuring

static void measure(struct pipeline_calibration *calibration, float deviations)
{
    float channels[PIPELINE_CHANNEL_COUNT];
    fill(channels, deviations);
    pipeline_calibration_measure(calibration);
    for (int frame = 0; frame < 29; frame++) {
        assert_false(pipeline_calibration_add(calibration, channels, frame_s));
    }
    assert_true(pipeline_calibration_add(calibration, channels, frame_s));
}

static void a_measured_neutral_stays(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    pipeline_calibration_init(&calibration);
    measure(&calibration, 1);
    assert_true(fabsf(off(&calibration, PIPELINE_EYE_LEFT) - 1) < 1e-3f);
    see(&calibration, -2, 100);
    pipeline_calibration_forget(&calibration);
    assert_true(fabsf(off(&calibration, PIPELINE_EYE_LEFT) - 1) < 1e-3f);
    assert_true(calibration.tolerance[PIPELINE_EYE_LEFT] == 0);
    // Measured by the rules' features alone: what a network reads is still learnt.
    assert_true(calibration.tolerance[PIPELINE_CHANNEL_SHAPES] > 0);
    pipeline_calibration_load(&calibration, NULL);
    assert_true(off(&calibration, PIPELINE_EYE_LEFT) == 0);
}

static void a_measured_neutral_stays_within_bounds(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    pipeline_calibration_init(&calibration);
    measure(&calibration, 1000);
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        float least, most;
        pipeline_calibration_bounds(i, &least, &most);
        assert_true(calibration.neutral[i] >= least && calibration.neutral[i] <= most);
    }
}

static void a_measurement_that_is_given_up_changes_nothing(void **state)
{
    (void)state;
    static struct pipeline_calibration calibration;
    float other[PIPELINE_CHANNEL_COUNT];
    fill(other, 2);
    pipeline_calibration_init(&calibration);
    see(&calibration, -1, 100);
    pipeline_calibration_measure(&calibration);
    assert_false(pipeline_calibration_add(&calibration, other, frame_s));
    pipeline_calibration_stop(&calibration);
    see(&calibration, -1, frame_s);
    assert_true(fabsf(off(&calibration, PIPELINE_BROW_LEFT) + 1) < 0.2f);
    assert_false(calibration.profile.has_neutral);
}

// What a person's strongest smile reads, and the gain that follows.
static float gain_of(float peak)
{
    static struct pipeline_calibration calibration;
    float shapes[PROTOCOL_SHAPE_COUNT] = { 0 };
    pipeline_calibration_init(&calibration);
    pipeline_calibration_measure_range(&calibration, UINT64_C(1) << PROTOCOL_MOUTH_SMILE_LEFT);
    for (int frame = 0; frame < 60; frame++) {
        const bool smiles = frame >= 15 && frame < 50;
        shapes[PROTOCOL_MOUTH_SMILE_LEFT] = smiles ? peak : 0;
        shapes[PROTOCOL_JAW_OPEN] = 0.5f;                                  // is not asked for
        shapes[PROTOCOL_MOUTH_SMILE_LEFT] += frame == 5 ? 1 - peak : 0.0f; // a single bad frame
        assert_int_equal(pipeline_calibration_add_range(&calibration, shapes, frame_s),
                         frame == 59);
    }
    assert_false(pipeline_calibration_add_range(&calibration, shapes, frame_s));
    assert_true(calibration.profile.gains[PROTOCOL_JAW_OPEN] == 1);
    shapes[PROTOCOL_MOUTH_SMILE_LEFT] = peak;
    pipeline_calibration_scale(&calibration, shapes);
    assert_true(shapes[PROTOCOL_MOUTH_SMILE_LEFT] <= 1);
    assert_true(peak < 0.4f || shapes[PROTOCOL_MOUTH_SMILE_LEFT] > 0.98f);
    return calibration.profile.gains[PROTOCOL_MOUTH_SMILE_LEFT];
}

static void a_range_gives_bounded_gains(void **state)
{
    (void)state;
    assert_true(fabsf(gain_of(0.5f) - 2) < 0.1f);
    assert_true(fabsf(gain_of(0.8f) - 1.25f) < 0.05f);
    assert_true(gain_of(1) < 1.02f);
    assert_true(gain_of(0.28f) == PIPELINE_GAIN_MAX);
    assert_true(gain_of(0) == 1); // no smile: no gain
}

static void garbage_is_survived(void **state)
{
    (void)state;
    static const float odd[] = { NAN, INFINITY, -INFINITY, 0, 1e30f, -1e30f, 0.3f };
    static struct pipeline_calibration calibration;
    unsigned seed = 11;
    pipeline_calibration_init(&calibration);
    for (int round = 0; round < 3000; round++) {
        float channels[PIPELINE_CHANNEL_COUNT], shapes[PROTOCOL_SHAPE_COUNT];
        for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
            noise(&seed);
            channels[i] = odd[(seed >> 20) % 7];
        }
        if (round % 100 == 0) {
            pipeline_calibration_measure(&calibration);
        }
        pipeline_calibration_add(&calibration, channels, odd[round % 7]);
        make(&calibration, channels, shapes);
        if (round % 100 == 50) {
            pipeline_calibration_measure_range(&calibration, ~UINT64_C(0));
        }
        pipeline_calibration_add_range(&calibration, shapes, odd[round % 7]);
        pipeline_calibration_scale(&calibration, shapes);
        for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
            assert_true(shapes[i] >= 0 && shapes[i] <= 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expression_held_from_the_first_frame_on_stays),
        cmocka_unit_test(a_networks_shape_held_from_the_first_frame_on_stays),
        cmocka_unit_test(any_face_held_stays),
        cmocka_unit_test(any_shapes_held_stay),
        cmocka_unit_test(a_resting_face_within_the_spread_is_learnt),
        cmocka_unit_test(a_resting_face_outside_the_spread_takes_minutes),
        cmocka_unit_test(a_network_that_errs_at_rest_is_corrected),
        cmocka_unit_test(what_is_held_for_a_while_is_not_neutral),
        cmocka_unit_test(another_face_is_learnt_after_this_one),
        cmocka_unit_test(resting_faces_do_not_frown),
        cmocka_unit_test(low_corners_alone_are_not_a_frown),
        cmocka_unit_test(a_measured_neutral_stays),
        cmocka_unit_test(a_measured_neutral_stays_within_bounds),
        cmocka_unit_test(a_measurement_that_is_given_up_changes_nothing),
        cmocka_unit_test(a_range_gives_bounded_gains),
        cmocka_unit_test(garbage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
