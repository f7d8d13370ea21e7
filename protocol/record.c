#include "protocol/record.h"

#include <string.h>

const char *protocol_shape_name(enum protocol_shape shape)
{
    static const char *const names[PROTOCOL_SHAPE_COUNT] = {
        [PROTOCOL_EYE_BLINK_LEFT] = "eyeBlinkLeft",
        [PROTOCOL_EYE_BLINK_RIGHT] = "eyeBlinkRight",
        [PROTOCOL_EYE_WIDE_LEFT] = "eyeWideLeft",
        [PROTOCOL_EYE_WIDE_RIGHT] = "eyeWideRight",
        [PROTOCOL_JAW_OPEN] = "jawOpen",
        [PROTOCOL_JAW_LEFT] = "jawLeft",
        [PROTOCOL_JAW_RIGHT] = "jawRight",
        [PROTOCOL_MOUTH_FUNNEL] = "mouthFunnel",
        [PROTOCOL_MOUTH_PUCKER] = "mouthPucker",
        [PROTOCOL_MOUTH_LEFT] = "mouthLeft",
        [PROTOCOL_MOUTH_RIGHT] = "mouthRight",
        [PROTOCOL_MOUTH_SMILE_LEFT] = "mouthSmileLeft",
        [PROTOCOL_MOUTH_SMILE_RIGHT] = "mouthSmileRight",
        [PROTOCOL_MOUTH_FROWN_LEFT] = "mouthFrownLeft",
        [PROTOCOL_MOUTH_FROWN_RIGHT] = "mouthFrownRight",
        [PROTOCOL_MOUTH_STRETCH_LEFT] = "mouthStretchLeft",
        [PROTOCOL_MOUTH_STRETCH_RIGHT] = "mouthStretchRight",
        [PROTOCOL_BROW_INNER_UP] = "browInnerUp",
        [PROTOCOL_BROW_DOWN_LEFT] = "browDownLeft",
        [PROTOCOL_BROW_DOWN_RIGHT] = "browDownRight",
        [PROTOCOL_BROW_OUTER_UP_LEFT] = "browOuterUpLeft",
        [PROTOCOL_BROW_OUTER_UP_RIGHT] = "browOuterUpRight",
        [PROTOCOL_EYE_LOOK_UP_LEFT] = "eyeLookUpLeft",
        [PROTOCOL_EYE_LOOK_UP_RIGHT] = "eyeLookUpRight",
        [PROTOCOL_EYE_LOOK_DOWN_LEFT] = "eyeLookDownLeft",
        [PROTOCOL_EYE_LOOK_DOWN_RIGHT] = "eyeLookDownRight",
        [PROTOCOL_EYE_LOOK_IN_LEFT] = "eyeLookInLeft",
        [PROTOCOL_EYE_LOOK_IN_RIGHT] = "eyeLookInRight",
        [PROTOCOL_EYE_LOOK_OUT_LEFT] = "eyeLookOutLeft",
        [PROTOCOL_EYE_LOOK_OUT_RIGHT] = "eyeLookOutRight",
        [PROTOCOL_EYE_SQUINT_LEFT] = "eyeSquintLeft",
        [PROTOCOL_EYE_SQUINT_RIGHT] = "eyeSquintRight",
        [PROTOCOL_JAW_FORWARD] = "jawForward",
        [PROTOCOL_MOUTH_CLOSE] = "mouthClose",
        [PROTOCOL_MOUTH_ROLL_UPPER] = "mouthRollUpper",
        [PROTOCOL_MOUTH_ROLL_LOWER] = "mouthRollLower",
        [PROTOCOL_MOUTH_SHRUG_UPPER] = "mouthShrugUpper",
        [PROTOCOL_MOUTH_SHRUG_LOWER] = "mouthShrugLower",
        [PROTOCOL_MOUTH_DIMPLE_LEFT] = "mouthDimpleLeft",
        [PROTOCOL_MOUTH_DIMPLE_RIGHT] = "mouthDimpleRight",
        [PROTOCOL_MOUTH_UPPER_UP_LEFT] = "mouthUpperUpLeft",
        [PROTOCOL_MOUTH_UPPER_UP_RIGHT] = "mouthUpperUpRight",
        [PROTOCOL_MOUTH_LOWER_DOWN_LEFT] = "mouthLowerDownLeft",
        [PROTOCOL_MOUTH_LOWER_DOWN_RIGHT] = "mouthLowerDownRight",
        [PROTOCOL_MOUTH_PRESS_LEFT] = "mouthPressLeft",
        [PROTOCOL_MOUTH_PRESS_RIGHT] = "mouthPressRight",
        [PROTOCOL_CHEEK_PUFF] = "cheekPuff",
        [PROTOCOL_CHEEK_SQUINT_LEFT] = "cheekSquintLeft",
        [PROTOCOL_CHEEK_SQUINT_RIGHT] = "cheekSquintRight",
        [PROTOCOL_NOSE_SNEER_LEFT] = "noseSneerLeft",
        [PROTOCOL_NOSE_SNEER_RIGHT] = "noseSneerRight",
        [PROTOCOL_TONGUE_OUT] = "tongueOut",
    };
    return names[shape];
}

bool protocol_shape_parse(const char *text, enum protocol_shape *shape)
{
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (strcmp(text, protocol_shape_name((enum protocol_shape)i)) == 0) {
            *shape = (enum protocol_shape)i;
            return true;
        }
    }
    return false;
}

static const char *const state_names[PROTOCOL_STREAM_STATE_COUNT] = {
    [PROTOCOL_STREAM_IDLE] = "idle",   [PROTOCOL_STREAM_CONNECTING] = "connecting",
    [PROTOCOL_STREAM_LIVE] = "live",   [PROTOCOL_STREAM_STALLED] = "stalled",
    [PROTOCOL_STREAM_ENDED] = "ended", [PROTOCOL_STREAM_FAILED] = "failed",
    [PROTOCOL_STREAM_OTHER] = "other",
};

const char *protocol_stream_state_name(enum protocol_stream_state state)
{
    return state_names[state];
}

enum protocol_stream_state protocol_stream_state_parse(const char *text)
{
    for (int i = 0; i < PROTOCOL_STREAM_OTHER; i++) {
        if (strcmp(text, state_names[i]) == 0) {
            return (enum protocol_stream_state)i;
        }
    }
    return PROTOCOL_STREAM_OTHER;
}
