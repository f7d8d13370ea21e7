#include "tools/bridge/expressions.h"

#include <string.h>

const char *bridge_expression_name(enum bridge_expression expression)
{
    static const char *const names[BRIDGE_EXPRESSION_COUNT] = {
        [BRIDGE_JOY] = "Joy",
        [BRIDGE_ANGRY] = "Angry",
        [BRIDGE_SORROW] = "Sorrow",
        [BRIDGE_FUN] = "Fun",
        [BRIDGE_A] = "A",
        [BRIDGE_I] = "I",
        [BRIDGE_U] = "U",
        [BRIDGE_E] = "E",
        [BRIDGE_O] = "O",
        [BRIDGE_BLINK] = "Blink",
        [BRIDGE_BLINK_LEFT] = "Blink_L",
        [BRIDGE_BLINK_RIGHT] = "Blink_R",
    };
    return names[expression];
}

const char *bridge_expression_clip_name(enum mocap_shape shape)
{
    // Constant, since targets ask from threads of their own.
    static const char *const names[MOCAP_SHAPE_COUNT] = {
        [MOCAP_EYE_BLINK_LEFT] = "EyeBlinkLeft",
        [MOCAP_EYE_BLINK_RIGHT] = "EyeBlinkRight",
        [MOCAP_EYE_WIDE_LEFT] = "EyeWideLeft",
        [MOCAP_EYE_WIDE_RIGHT] = "EyeWideRight",
        [MOCAP_JAW_OPEN] = "JawOpen",
        [MOCAP_JAW_LEFT] = "JawLeft",
        [MOCAP_JAW_RIGHT] = "JawRight",
        [MOCAP_MOUTH_FUNNEL] = "MouthFunnel",
        [MOCAP_MOUTH_PUCKER] = "MouthPucker",
        [MOCAP_MOUTH_LEFT] = "MouthLeft",
        [MOCAP_MOUTH_RIGHT] = "MouthRight",
        [MOCAP_MOUTH_SMILE_LEFT] = "MouthSmileLeft",
        [MOCAP_MOUTH_SMILE_RIGHT] = "MouthSmileRight",
        [MOCAP_MOUTH_FROWN_LEFT] = "MouthFrownLeft",
        [MOCAP_MOUTH_FROWN_RIGHT] = "MouthFrownRight",
        [MOCAP_MOUTH_STRETCH_LEFT] = "MouthStretchLeft",
        [MOCAP_MOUTH_STRETCH_RIGHT] = "MouthStretchRight",
        [MOCAP_BROW_INNER_UP] = "BrowInnerUp",
        [MOCAP_BROW_DOWN_LEFT] = "BrowDownLeft",
        [MOCAP_BROW_DOWN_RIGHT] = "BrowDownRight",
        [MOCAP_BROW_OUTER_UP_LEFT] = "BrowOuterUpLeft",
        [MOCAP_BROW_OUTER_UP_RIGHT] = "BrowOuterUpRight",
        [MOCAP_EYE_LOOK_UP_LEFT] = "EyeLookUpLeft",
        [MOCAP_EYE_LOOK_UP_RIGHT] = "EyeLookUpRight",
        [MOCAP_EYE_LOOK_DOWN_LEFT] = "EyeLookDownLeft",
        [MOCAP_EYE_LOOK_DOWN_RIGHT] = "EyeLookDownRight",
        [MOCAP_EYE_LOOK_IN_LEFT] = "EyeLookInLeft",
        [MOCAP_EYE_LOOK_IN_RIGHT] = "EyeLookInRight",
        [MOCAP_EYE_LOOK_OUT_LEFT] = "EyeLookOutLeft",
        [MOCAP_EYE_LOOK_OUT_RIGHT] = "EyeLookOutRight",
        [MOCAP_EYE_SQUINT_LEFT] = "EyeSquintLeft",
        [MOCAP_EYE_SQUINT_RIGHT] = "EyeSquintRight",
        [MOCAP_JAW_FORWARD] = "JawForward",
        [MOCAP_MOUTH_CLOSE] = "MouthClose",
        [MOCAP_MOUTH_ROLL_UPPER] = "MouthRollUpper",
        [MOCAP_MOUTH_ROLL_LOWER] = "MouthRollLower",
        [MOCAP_MOUTH_SHRUG_UPPER] = "MouthShrugUpper",
        [MOCAP_MOUTH_SHRUG_LOWER] = "MouthShrugLower",
        [MOCAP_MOUTH_DIMPLE_LEFT] = "MouthDimpleLeft",
        [MOCAP_MOUTH_DIMPLE_RIGHT] = "MouthDimpleRight",
        [MOCAP_MOUTH_UPPER_UP_LEFT] = "MouthUpperUpLeft",
        [MOCAP_MOUTH_UPPER_UP_RIGHT] = "MouthUpperUpRight",
        [MOCAP_MOUTH_LOWER_DOWN_LEFT] = "MouthLowerDownLeft",
        [MOCAP_MOUTH_LOWER_DOWN_RIGHT] = "MouthLowerDownRight",
        [MOCAP_MOUTH_PRESS_LEFT] = "MouthPressLeft",
        [MOCAP_MOUTH_PRESS_RIGHT] = "MouthPressRight",
        [MOCAP_CHEEK_PUFF] = "CheekPuff",
        [MOCAP_CHEEK_SQUINT_LEFT] = "CheekSquintLeft",
        [MOCAP_CHEEK_SQUINT_RIGHT] = "CheekSquintRight",
        [MOCAP_NOSE_SNEER_LEFT] = "NoseSneerLeft",
        [MOCAP_NOSE_SNEER_RIGHT] = "NoseSneerRight",
        [MOCAP_TONGUE_OUT] = "TongueOut",
    };
    return names[shape];
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

void bridge_expressions(const float shapes[MOCAP_SHAPE_COUNT],
                        float expressions[BRIDGE_EXPRESSION_COUNT])
{
    const float open = shapes[MOCAP_JAW_OPEN];
    const float round = larger(shapes[MOCAP_MOUTH_FUNNEL], shapes[MOCAP_MOUTH_PUCKER]);
    const float wide = (shapes[MOCAP_MOUTH_STRETCH_LEFT] + shapes[MOCAP_MOUTH_STRETCH_RIGHT]) / 2;
    for (int i = 0; i < BRIDGE_EXPRESSION_COUNT; i++) {
        expressions[i] = 0;
    }
    expressions[BRIDGE_A] = open * (1 - round) * (1 - wide);
    expressions[BRIDGE_E] = open * (1 - round) * wide;
    expressions[BRIDGE_O] = open * round;
    expressions[BRIDGE_U] = (1 - open) * round;
    expressions[BRIDGE_I] = (1 - open) * (1 - round) * wide;
    const float left = shapes[MOCAP_EYE_BLINK_LEFT], right = shapes[MOCAP_EYE_BLINK_RIGHT];
    const float both = left < right ? left : right;
    expressions[BRIDGE_BLINK] = both;
    expressions[BRIDGE_BLINK_LEFT] = left - both;
    expressions[BRIDGE_BLINK_RIGHT] = right - both;
}

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

void bridge_expressions_mirror(const float shapes[MOCAP_SHAPE_COUNT],
                               float mirrored[MOCAP_SHAPE_COUNT])
{
    // The right one of a pair follows the left one.
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        const char *name = mocap_shape_name(i);
        mirrored[i] = shapes[ends_in(name, "Left") ? i + 1 : ends_in(name, "Right") ? i - 1 : i];
    }
}
