#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nn/model.h"
#include "pipeline/expression.h"
#include "pipeline/mapping.h"

static const float degree = 0.0174532925f;

static const struct pipeline_mapping straight = { .xx = 1, .yy = 1 };

static struct pipeline_expression make(const struct nn_expression *seen,
                                       const struct pipeline_mapping *mapping)
{
    static const struct pipeline_expression_names none;
    struct pipeline_expression expression;
    pipeline_expression_make(&none, seen, mapping, 128, 128, &expression);
    return expression;
}

// The network's rotation: Rz(roll) Ry(yaw) in its own axes, whose y goes up.
static struct nn_expression turned(float yaw, float roll)
{
    const float cy = cosf(yaw), sy = sinf(yaw), cr = cosf(roll), sr = sinf(roll);
    return (struct nn_expression){
        .turn = { { cr * cy, -sr, cr * sy }, { sr * cy, cr, sr * sy }, { -sy, 0, cy } }
    };
}

static void shapes_are_found_by_name_in_any_order(void **state)
{
    (void)state;
    struct nn_model_info info = {
        .shape_count = 4, .shapes = { "tongueOut", "eyeBlinkLeft", "earWiggle", "mouthClose" }
    };
    const struct nn_expression seen = { .shapes = { 0.1f, 1.2f, 0.3f, -0.4f } };
    struct pipeline_expression_names names;
    struct pipeline_expression expression;
    pipeline_expression_names_init(&names, &info);
    pipeline_expression_make(&names, &seen, &straight, 128, 128, &expression);
    assert_true(expression.shapes[PROTOCOL_TONGUE_OUT] == 0.1f);
    assert_true(expression.shapes[PROTOCOL_EYE_BLINK_LEFT] == 1.2f);
    assert_true(expression.shapes[PROTOCOL_MOUTH_CLOSE] == -0.4f);
    assert_true(expression.shapes[PROTOCOL_JAW_OPEN] == 0);
    assert_true(expression.known ==
                (UINT64_C(1) << PROTOCOL_TONGUE_OUT | UINT64_C(1) << PROTOCOL_EYE_BLINK_LEFT |
                 UINT64_C(1) << PROTOCOL_MOUTH_CLOSE));
}

static void every_shape_has_a_name_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(PROTOCOL_SHAPE_COUNT, 52);
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(protocol_shape_name(i), protocol_shape_name(k));
        }
    }
}

// A face that turns to the person's left turns to the right of the frame: yaw is negative, and
// the axis out of the face (minus z) points to the right.
static void axes_are_those_of_the_record(void **state)
{
    (void)state;
    const struct nn_expression seen = turned(30 * degree, 0);
    const struct pipeline_expression expression = make(&seen, &straight);
    const float(*r)[3] = expression.rotation;
    assert_true(fabsf(-r[0][2] - 0.5f) < 1e-6f);
    assert_true(fabsf(atan2f(r[0][2], r[2][2]) + 30 * degree) < 1e-6f);
    assert_true(fabsf(r[1][1] - 1) < 1e-6f);
}

static void gaze_has_the_signs_of_the_pose(void **state)
{
    (void)state;
    const struct nn_expression seen = { .gaze = { { 0.1f, 0.2f }, { 0.3f, -0.4f } } };
    const struct pipeline_expression expression = make(&seen, &straight);
    assert_true(expression.gaze[0][0] == -0.1f && expression.gaze[0][1] == -0.2f);
    assert_true(expression.gaze[1][0] == -0.3f && expression.gaze[1][1] == 0.4f);
}

// A region that is turned clockwise by 40 degrees shows upright a head that is rolled by as much.
static void a_turned_region_turns_the_head_with_it(void **state)
{
    (void)state;
    const float c = cosf(40 * degree), s = sinf(40 * degree);
    const struct pipeline_mapping mapping = { 3 * c, -3 * s, 100, 3 * s, 3 * c, 50 };
    const struct nn_expression seen = turned(0, 0);
    const struct pipeline_expression expression = make(&seen, &mapping);
    const float(*r)[3] = expression.rotation;
    assert_true(fabsf(atan2f(r[1][0], r[1][1]) - 40 * degree) < 1e-6f); // as protocol_pose.euler[2]
    assert_true(fabsf(expression.x - (100 + 192 * (c - s))) < 1e-3f);
    assert_true(fabsf(expression.y - (50 + 192 * (c + s))) < 1e-3f);
}

// The network sees a head that is rolled by 40 degrees in an upright region, or upright in a
// region that is turned: the same rotation.
static void the_region_makes_no_difference(void **state)
{
    (void)state;
    const float angle = 40 * degree;
    const struct pipeline_mapping mapping = { cosf(angle), -sinf(angle), 0,
                                              sinf(angle), cosf(angle),  0 };
    // Clockwise in the frame, so negative where y goes up.
    const struct nn_expression rolled = turned(25 * degree, -angle), level = turned(25 * degree, 0);
    const struct pipeline_expression a = make(&rolled, &straight), b = make(&level, &mapping);
    for (int i = 0; i < 9; i++) {
        assert_true(fabsf(a.rotation[i / 3][i % 3] - b.rotation[i / 3][i % 3]) < 1e-6f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_found_by_name_in_any_order),
        cmocka_unit_test(every_shape_has_a_name_of_its_own),
        cmocka_unit_test(axes_are_those_of_the_record),
        cmocka_unit_test(gaze_has_the_signs_of_the_pose),
        cmocka_unit_test(a_turned_region_turns_the_head_with_it),
        cmocka_unit_test(the_region_makes_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
