#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/motion/gaze.h"

static const float degree = 0.0174532925f;

// Looks of both eyes with the given yaw and pitch, all others 9.
static void look(float yaw, float pitch, float shapes[PROTOCOL_SHAPE_COUNT])
{
    const float gaze[2][2] = { { yaw, pitch }, { yaw, pitch } };
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        shapes[i] = 9;
    }
    pipeline_gaze_looks(gaze, shapes);
}

static void looks_follow_the_eyes(void **state)
{
    (void)state;
    static const struct {
        float yaw, pitch, value;
        enum protocol_shape left, right;
    } cases[] = {
        { 15, 0, 0.5f, PROTOCOL_EYE_LOOK_IN_LEFT, PROTOCOL_EYE_LOOK_OUT_RIGHT },
        { -15, 0, 0.5f, PROTOCOL_EYE_LOOK_OUT_LEFT, PROTOCOL_EYE_LOOK_IN_RIGHT },
        { 0, 25, 1, PROTOCOL_EYE_LOOK_DOWN_LEFT, PROTOCOL_EYE_LOOK_DOWN_RIGHT },
        { 0, -10, 0.4f, PROTOCOL_EYE_LOOK_UP_LEFT, PROTOCOL_EYE_LOOK_UP_RIGHT },
        { 50, 0, 1, PROTOCOL_EYE_LOOK_IN_LEFT, PROTOCOL_EYE_LOOK_OUT_RIGHT },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float shapes[PROTOCOL_SHAPE_COUNT];
        look(cases[i].yaw * degree, cases[i].pitch * degree, shapes);
        for (int k = 0; k < PROTOCOL_SHAPE_COUNT; k++) {
            const bool is_look = k >= PROTOCOL_EYE_LOOK_UP_LEFT && k <= PROTOCOL_EYE_LOOK_OUT_RIGHT;
            const bool moves = k == (int)cases[i].left || k == (int)cases[i].right;
            const float want = moves ? cases[i].value : is_look ? 0 : 9;
            assert_true(fabsf(shapes[k] - want) < 1e-5f);
        }
    }
}

static void what_is_no_number_looks_nowhere(void **state)
{
    (void)state;
    float shapes[PROTOCOL_SHAPE_COUNT];
    look(NAN, NAN, shapes);
    assert_true(shapes[PROTOCOL_EYE_LOOK_UP_LEFT] == 0 && shapes[PROTOCOL_EYE_LOOK_IN_LEFT] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_follow_the_eyes),
        cmocka_unit_test(what_is_no_number_looks_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
