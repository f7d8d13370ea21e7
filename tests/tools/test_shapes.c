// Figures of mocap-lab shapes, from answers made by hand.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/lab/shapes.h"

enum { HEADS_MAX = 16 };

// Two people, whose neutral faces are heads 0 and 1; heads and answers are added behind them.
struct bench {
    struct lab_head heads[HEADS_MAX];
    struct lab_head_answer answers[HEADS_MAX];
    struct lab_head_set set;
    struct lab_head_answers list;
    struct lab_shapes_result result;
};

// Returns the index; the face is found, and all its channels are those of neutral, or 0.
static int add(struct bench *bench, int person, const char *name, enum lab_head_kind kind)
{
    const int i = bench->set.count++;
    struct lab_head *head = &bench->heads[i];
    assert_true(i < HEADS_MAX);
    *head = (struct lab_head){ .person = person, .kind = kind, .neutral = person };
    strcpy(head->name, name);
    bench->answers[i] = kind == LAB_HEAD_NEUTRAL ? (struct lab_head_answer){ .found = true }
                                                 : bench->answers[person];
    return i;
}

static struct bench start(void)
{
    struct bench bench = { 0 };
    add(&bench, 0, "neutral", LAB_HEAD_NEUTRAL);
    add(&bench, 1, "neutral", LAB_HEAD_NEUTRAL);
    return bench;
}

static const struct lab_shapes_result *measure(struct bench *bench)
{
    bench->set.heads = bench->heads;
    bench->list = (struct lab_head_answers){ "mine", bench->answers };
    assert_true(lab_shapes_measure(&bench->result, &bench->set, &bench->list, NULL));
    return &bench->result;
}

static void a_response_is_the_rise_over_the_neutral_face_by_the_true_rise(void **state)
{
    (void)state;
    struct bench bench = start();
    bench.heads[0].shapes[PROTOCOL_MOUTH_SMILE_LEFT] = 0.2f; // the neutral face smiles a little
    bench.answers[0].shapes[PROTOCOL_MOUTH_SMILE_LEFT] = 0.1f;
    for (int person = 0; person < 2; person++) {
        const int i = add(&bench, person, "mouthSmile", LAB_HEAD_SHAPE);
        bench.heads[i].shapes[PROTOCOL_MOUTH_SMILE_LEFT] = 1;
        bench.heads[i].shapes[PROTOCOL_MOUTH_SMILE_RIGHT] = 1;
        bench.answers[i].shapes[PROTOCOL_MOUTH_SMILE_LEFT] = 0.5f;
        bench.answers[i].shapes[PROTOCOL_MOUTH_SMILE_RIGHT] = 0.7f;
    }
    const struct lab_shapes_result *result = measure(&bench);
    assert_int_equal(result->case_count, 1);
    assert_int_equal(result->cases[0].images, 2);
    assert_int_equal(result->cases[0].used, 2);
    // Left: .4 of .8 and .5 of 1; right: .7 of 1, twice.
    assert_float_equal(result->cases[0].response, (0.5 + 0.7 + 0.5 + 0.7) / 4, 1e-6);
    assert_float_equal(result->cases[0].rise[PROTOCOL_MOUTH_SMILE_LEFT], (0.4 + 0.5) / 2, 1e-6);
    lab_shapes_finish(&bench.result);
}

static void the_largest_other_channel_is_one_that_should_not_move(void **state)
{
    (void)state;
    struct bench bench = start();
    const int a = add(&bench, 0, "mouthClose", LAB_HEAD_SHAPE);
    const int b = add(&bench, 1, "mouthClose", LAB_HEAD_SHAPE);
    bench.answers[0].shapes[PROTOCOL_BROW_INNER_UP] = 0.6f;
    for (int i = a; i <= b; i++) {
        bench.heads[i].shapes[PROTOCOL_MOUTH_CLOSE] = 1;
        bench.heads[i].shapes[PROTOCOL_JAW_OPEN] = 1;
        bench.answers[i].shapes[PROTOCOL_JAW_OPEN] = 0.9f; // true, so no leak
        bench.answers[i].shapes[PROTOCOL_MOUTH_PUCKER] = 0.1f;
    }
    bench.answers[b].shapes[PROTOCOL_MOUTH_PUCKER] = 0.3f;
    const struct lab_shapes_case *one = &measure(&bench)->cases[0];
    assert_float_equal(one->response, 0, 0);
    // The brow falls by .6 of one person and 0 of the other; the pucker rises by .1 and .3.
    assert_int_equal(one->other, PROTOCOL_BROW_INNER_UP);
    assert_float_equal(one->other_rise, -0.3, 1e-6);
    assert_float_equal(one->rise[PROTOCOL_MOUTH_PUCKER], 0.2, 1e-6);
    assert_true(one->is_moved[PROTOCOL_JAW_OPEN]);
    lab_shapes_finish(&bench.result);
}

static void a_face_that_is_not_found_or_has_no_neutral_one_counts_for_nothing(void **state)
{
    (void)state;
    struct bench bench = start();
    for (int person = 0; person < 2; person++) {
        const int i = add(&bench, person, "jawOpen", LAB_HEAD_SHAPE);
        bench.heads[i].shapes[PROTOCOL_JAW_OPEN] = 1;
        bench.answers[i].shapes[PROTOCOL_JAW_OPEN] = person == 0 ? 0.8f : 0.1f;
        bench.answers[i].shapes[PROTOCOL_TONGUE_OUT] = NAN; // this program has no such channel
    }
    bench.answers[1].found = false; // the second person's neutral face
    const struct lab_shapes_result *result = measure(&bench);
    assert_int_equal(result->images, 4);
    assert_int_equal(result->found, 3);
    assert_int_equal(result->cases[0].used, 1);
    assert_float_equal(result->cases[0].response, 0.8, 1e-6);
    assert_true(isnan(result->cases[0].rise[PROTOCOL_TONGUE_OUT]));
    lab_shapes_finish(&bench.result);
    bench.answers[0].found = false;
    assert_true(isnan(measure(&bench)->cases[0].response));
    assert_int_equal(bench.result.cases[0].other, -1);
    lab_shapes_finish(&bench.result);
}

static void gaze_errors_stand_at_the_head_s_yaw(void **state)
{
    (void)state;
    struct bench bench = start();
    const float truths[3] = { -20, 0, 20 }, yaws[3] = { -15, 3, 15 };
    for (int k = 0; k < 3; k++) {
        const int i = add(&bench, 0,
                          k == 0   ? "gaze a"
                          : k == 1 ? "gaze b"
                                   : "gaze c",
                          LAB_HEAD_GAZE);
        bench.heads[i].euler[1] = yaws[k];
        for (int eye = 0; eye < 2; eye++) {
            bench.heads[i].gaze[eye][0] = truths[k];
            bench.answers[i].gaze[eye][0] = truths[k] / 2 + 1; // half, and off by one degree
            bench.answers[i].gaze[eye][1] = eye == 0 ? 2 : -4;
        }
    }
    const struct lab_shapes_result *result = measure(&bench);
    assert_int_equal(result->yaws[0].looks, 1);
    assert_int_equal(result->yaws[1].looks, 2);
    assert_float_equal(lab_shapes_mean(&result->yaws[0].gaze[0]), 1, 1e-5);
    assert_float_equal(lab_shapes_mean(&result->yaws[1].gaze[0]), (11.0 + 9) / 2, 1e-5);
    assert_float_equal(lab_shapes_mean(&result->yaws[1].gaze[1]), 3, 1e-5);
    assert_float_equal(lab_shapes_correlation(&result->gaze[0]), 1, 1e-5);
    assert_float_equal(lab_shapes_slope(&result->gaze[0]), 0.5, 1e-5);
    assert_true(isnan(lab_shapes_correlation(&result->gaze[1]))); // the truth never varies
    assert_true(isnan(lab_shapes_mean(&result->toe_in)));
    lab_shapes_finish(&bench.result);
}

static void a_look_may_lower_the_looks_elsewhere(void **state)
{
    (void)state;
    struct bench bench = start();
    bench.answers[0].shapes[PROTOCOL_EYE_LOOK_UP_LEFT] = 0.5f;
    const int i = add(&bench, 0, "gaze crossed", LAB_HEAD_GAZE);
    bench.heads[i].gaze[0][0] = 20;
    bench.heads[i].gaze[1][0] = -20;
    bench.answers[i].gaze[0][0] = 8;
    bench.answers[i].gaze[1][0] = -4;
    bench.answers[i].shapes[PROTOCOL_EYE_LOOK_UP_LEFT] = 0;
    bench.answers[i].shapes[PROTOCOL_EYE_SQUINT_LEFT] = 0.25f;
    const struct lab_shapes_result *result = measure(&bench);
    assert_int_equal(result->cases[0].other, PROTOCOL_EYE_SQUINT_LEFT);
    assert_float_equal(lab_shapes_mean(&result->true_toe_in), 40, 1e-5);
    assert_float_equal(lab_shapes_mean(&result->toe_in), 12, 1e-5);
    lab_shapes_finish(&bench.result);
}

static void turns_of_the_head_are_compared_around_the_circle(void **state)
{
    (void)state;
    struct bench bench = start();
    bench.answers[1].euler[0] = NAN; // no pose
    bench.answers[1].euler[1] = NAN;
    bench.answers[1].euler[2] = NAN;
    int i = add(&bench, 0, "head yaw 40", LAB_HEAD_TURN);
    bench.heads[i].euler[1] = 40;
    bench.answers[i].euler[1] = 30;
    bench.answers[i].euler[0] = -3;
    i = add(&bench, 0, "head roll 179", LAB_HEAD_TURN);
    bench.heads[i].euler[2] = 179;
    bench.answers[i].euler[2] = -177;
    const struct lab_shapes_result *result = measure(&bench);
    assert_int_equal(result->yaws[0].turns, 3);
    assert_int_equal(result->yaws[0].euler[2].count, 2);
    assert_float_equal(lab_shapes_mean(&result->yaws[0].euler[2]), (0 + 4) / 2.0, 1e-4);
    assert_float_equal(lab_shapes_mean(&result->yaws[3].euler[1]), 10, 1e-5);
    assert_float_equal(lab_shapes_slope(&result->euler[1]), 0.75, 1e-5);
    assert_float_equal(lab_shapes_offset(&result->euler[0]), -1, 1e-5);
    lab_shapes_finish(&bench.result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_the_rise_over_the_neutral_face_by_the_true_rise),
        cmocka_unit_test(the_largest_other_channel_is_one_that_should_not_move),
        cmocka_unit_test(a_face_that_is_not_found_or_has_no_neutral_one_counts_for_nothing),
        cmocka_unit_test(gaze_errors_stand_at_the_head_s_yaw),
        cmocka_unit_test(a_look_may_lower_the_looks_elsewhere),
        cmocka_unit_test(turns_of_the_head_are_compared_around_the_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
