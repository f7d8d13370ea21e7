#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bridge/expressions.h"

static void clips_have_live_links_names(void **state)
{
    (void)state;
    assert_string_equal(bridge_expression_clip_name(MOCAP_JAW_OPEN), "JawOpen");
    assert_string_equal(bridge_expression_clip_name(MOCAP_EYE_BLINK_LEFT), "EyeBlinkLeft");
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        const char *clip = bridge_expression_clip_name(i), *shape = mocap_shape_name(i);
        assert_int_equal(clip[0], toupper((unsigned char)shape[0]));
        assert_string_equal(clip + 1, shape + 1);
    }
    assert_string_equal(bridge_expression_name(BRIDGE_BLINK_RIGHT), "Blink_R");
}

// Targets ask from several threads: under ThreadSanitizer this fails if asking writes anything.
static void *name_clips(void *found)
{
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        ((const char **)found)[i] = bridge_expression_clip_name(i);
    }
    return NULL;
}

static void clips_are_named_on_any_thread(void **state)
{
    (void)state;
    const char *found[2][MOCAP_SHAPE_COUNT];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, name_clips, (void *)found[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        assert_string_equal(found[0][i], found[1][i]);
        assert_int_equal(found[0][i][1], mocap_shape_name(i)[1]);
    }
}

static void an_open_mouth_is_an_a(void **state)
{
    (void)state;
    float shapes[MOCAP_SHAPE_COUNT] = { [MOCAP_JAW_OPEN] = 0.8f };
    float values[BRIDGE_EXPRESSION_COUNT];
    bridge_expressions(shapes, values);
    assert_float_equal(values[BRIDGE_A], 0.8f, 1e-6);
    assert_float_equal(values[BRIDGE_O], 0, 1e-6);
    shapes[MOCAP_MOUTH_PUCKER] = 1; // rounded
    bridge_expressions(shapes, values);
    assert_float_equal(values[BRIDGE_A], 0, 1e-6);
    assert_float_equal(values[BRIDGE_O], 0.8f, 1e-6);
}

static void vowels_never_open_a_mouth_too_far(void **state)
{
    (void)state;
    for (int i = 0; i < 125; i++) {
        const float jaw = (float)(i % 5) / 4, round = (float)(i / 5 % 5) / 4,
                    wide = (float)(i / 25) / 4;
        const float shapes[MOCAP_SHAPE_COUNT] = { [MOCAP_JAW_OPEN] = jaw,
                                                  [MOCAP_MOUTH_FUNNEL] = round,
                                                  [MOCAP_MOUTH_STRETCH_LEFT] = wide,
                                                  [MOCAP_MOUTH_STRETCH_RIGHT] = wide };
        float values[BRIDGE_EXPRESSION_COUNT], sum = 0;
        bridge_expressions(shapes, values);
        for (int k = 0; k < BRIDGE_EXPRESSION_COUNT; k++) {
            assert_true(values[k] >= 0 && values[k] <= 1);
            sum += values[k];
        }
        assert_true(sum <= 1.0001f);
    }
}

// A model adds the three, and one without Blink_L and Blink_R blinks too.
static void lids_close_once(void **state)
{
    (void)state;
    const float shapes[MOCAP_SHAPE_COUNT] = {
        [MOCAP_EYE_BLINK_LEFT] = 0.75f, [MOCAP_EYE_BLINK_RIGHT] = 0.5f
    };
    float values[BRIDGE_EXPRESSION_COUNT];
    bridge_expressions(shapes, values);
    assert_float_equal(values[BRIDGE_BLINK], 0.5f, 0);
    assert_float_equal(values[BRIDGE_BLINK_LEFT], 0.25f, 0);
    assert_float_equal(values[BRIDGE_BLINK_RIGHT], 0, 0);
}

static void a_wink_stays_on_its_side(void **state)
{
    (void)state;
    const float shapes[MOCAP_SHAPE_COUNT] = {
        [MOCAP_EYE_BLINK_LEFT] = 1, [MOCAP_JAW_RIGHT] = 0.5f, [MOCAP_BROW_INNER_UP] = 0.25f
    };
    float values[BRIDGE_EXPRESSION_COUNT], mirrored[MOCAP_SHAPE_COUNT];
    bridge_expressions(shapes, values);
    assert_float_equal(values[BRIDGE_BLINK_LEFT], 1, 0);
    assert_float_equal(values[BRIDGE_BLINK_RIGHT], 0, 0);
    assert_float_equal(values[BRIDGE_BLINK], 0, 0);
    bridge_expressions_mirror(shapes, mirrored);
    assert_float_equal(mirrored[MOCAP_EYE_BLINK_LEFT], 0, 0);
    assert_float_equal(mirrored[MOCAP_EYE_BLINK_RIGHT], 1, 0);
    assert_float_equal(mirrored[MOCAP_JAW_LEFT], 0.5f, 0);
    assert_float_equal(mirrored[MOCAP_BROW_INNER_UP], 0.25f, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clips_are_named_on_any_thread), // first, while nobody has asked
        cmocka_unit_test(clips_have_live_links_names),
        cmocka_unit_test(an_open_mouth_is_an_a),
        cmocka_unit_test(vowels_never_open_a_mouth_too_far),
        cmocka_unit_test(lids_close_once),
        cmocka_unit_test(a_wink_stays_on_its_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
