#include "tools/bridge/live_link_values.h"

#include "protocol/mocap.h"

#define RADIANS_PER_DEGREE 0.017453292519943295f

enum { JAW_LEFT = 15, MOUTH_LEFT = 21 }; // values; each is followed by the right one

static const struct {
    const char *name;
    enum mocap_shape shape;
} shapes_in_order[LIVE_LINK_SHAPES] = {
    { "EyeBlinkLeft", MOCAP_EYE_BLINK_LEFT },
    { "EyeLookDownLeft", MOCAP_EYE_LOOK_DOWN_LEFT },
    { "EyeLookInLeft", MOCAP_EYE_LOOK_IN_LEFT },
    { "EyeLookOutLeft", MOCAP_EYE_LOOK_OUT_LEFT },
    { "EyeLookUpLeft", MOCAP_EYE_LOOK_UP_LEFT },
    { "EyeSquintLeft", MOCAP_EYE_SQUINT_LEFT },
    { "EyeWideLeft", MOCAP_EYE_WIDE_LEFT },
    { "EyeBlinkRight", MOCAP_EYE_BLINK_RIGHT },
    { "EyeLookDownRight", MOCAP_EYE_LOOK_DOWN_RIGHT },
    { "EyeLookInRight", MOCAP_EYE_LOOK_IN_RIGHT },
    { "EyeLookOutRight", MOCAP_EYE_LOOK_OUT_RIGHT },
    { "EyeLookUpRight", MOCAP_EYE_LOOK_UP_RIGHT },
    { "EyeSquintRight", MOCAP_EYE_SQUINT_RIGHT },
    { "EyeWideRight", MOCAP_EYE_WIDE_RIGHT },
    { "JawForward", MOCAP_JAW_FORWARD },
    { "JawLeft", MOCAP_JAW_LEFT },
    { "JawRight", MOCAP_JAW_RIGHT },
    { "JawOpen", MOCAP_JAW_OPEN },
    { "MouthClose", MOCAP_MOUTH_CLOSE },
    { "MouthFunnel", MOCAP_MOUTH_FUNNEL },
    { "MouthPucker", MOCAP_MOUTH_PUCKER },
    { "MouthLeft", MOCAP_MOUTH_LEFT },
    { "MouthRight", MOCAP_MOUTH_RIGHT },
    { "MouthSmileLeft", MOCAP_MOUTH_SMILE_LEFT },
    { "MouthSmileRight", MOCAP_MOUTH_SMILE_RIGHT },
    { "MouthFrownLeft", MOCAP_MOUTH_FROWN_LEFT },
    { "MouthFrownRight", MOCAP_MOUTH_FROWN_RIGHT },
    { "MouthDimpleLeft", MOCAP_MOUTH_DIMPLE_LEFT },
    { "MouthDimpleRight", MOCAP_MOUTH_DIMPLE_RIGHT },
    { "MouthStretchLeft", MOCAP_MOUTH_STRETCH_LEFT },
    { "MouthStretchRight", MOCAP_MOUTH_STRETCH_RIGHT },
    { "MouthRollLower", MOCAP_MOUTH_ROLL_LOWER },
    { "MouthRollUpper", MOCAP_MOUTH_ROLL_UPPER },
    { "MouthShrugLower", MOCAP_MOUTH_SHRUG_LOWER },
    { "MouthShrugUpper", MOCAP_MOUTH_SHRUG_UPPER },
    { "MouthPressLeft", MOCAP_MOUTH_PRESS_LEFT },
    { "MouthPressRight", MOCAP_MOUTH_PRESS_RIGHT },
    { "MouthLowerDownLeft", MOCAP_MOUTH_LOWER_DOWN_LEFT },
    { "MouthLowerDownRight", MOCAP_MOUTH_LOWER_DOWN_RIGHT },
    { "MouthUpperUpLeft", MOCAP_MOUTH_UPPER_UP_LEFT },
    { "MouthUpperUpRight", MOCAP_MOUTH_UPPER_UP_RIGHT },
    { "BrowDownLeft", MOCAP_BROW_DOWN_LEFT },
    { "BrowDownRight", MOCAP_BROW_DOWN_RIGHT },
    { "BrowInnerUp", MOCAP_BROW_INNER_UP },
    { "BrowOuterUpLeft", MOCAP_BROW_OUTER_UP_LEFT },
    { "BrowOuterUpRight", MOCAP_BROW_OUTER_UP_RIGHT },
    { "CheekPuff", MOCAP_CHEEK_PUFF },
    { "CheekSquintLeft", MOCAP_CHEEK_SQUINT_LEFT },
    { "CheekSquintRight", MOCAP_CHEEK_SQUINT_RIGHT },
    { "NoseSneerLeft", MOCAP_NOSE_SNEER_LEFT },
    { "NoseSneerRight", MOCAP_NOSE_SNEER_RIGHT },
    { "TongueOut", MOCAP_TONGUE_OUT },
};

static const char *const angle_names[LIVE_LINK_VALUES - LIVE_LINK_SHAPES] = {
    "HeadYaw",     "HeadPitch",   "HeadRoll",      "LeftEyeYaw",   "LeftEyePitch",
    "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
};

const char *live_link_name(int value)
{
    return value < LIVE_LINK_SHAPES ? shapes_in_order[value].name
                                    : angle_names[value - LIVE_LINK_SHAPES];
}

int live_link_csv_value(int column)
{
    switch (column) {
    case JAW_LEFT:
    case MOUTH_LEFT:
        return column + 1;
    case JAW_LEFT + 1:
    case MOUTH_LEFT + 1:
        return column - 1;
    default:
        return column;
    }
}

void live_link_values(const float *shapes, const float *euler, const float *left,
                      const float *right, float values[LIVE_LINK_VALUES])
{
    static const float ahead[3];
    euler = euler != NULL ? euler : ahead;
    left = left != NULL ? left : ahead;
    right = right != NULL ? right : ahead;
    for (int i = 0; i < LIVE_LINK_SHAPES; i++) {
        values[i] = shapes != NULL ? shapes[shapes_in_order[i].shape] : 0;
    }
    const float angles[LIVE_LINK_VALUES - LIVE_LINK_SHAPES] = {
        euler[1], euler[0], euler[2], left[0], left[1], 0, right[0], right[1], 0,
    };
    for (int i = LIVE_LINK_SHAPES; i < LIVE_LINK_VALUES; i++) {
        values[i] = RADIANS_PER_DEGREE * angles[i - LIVE_LINK_SHAPES];
    }
}
