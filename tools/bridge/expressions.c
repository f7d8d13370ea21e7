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
    enum { NAME_BYTES = 32 };
    static char names[MOCAP_SHAPE_COUNT][NAME_BYTES];
    char *name = names[shape];
    if (name[0] == '\0') {
        strncpy(name, mocap_shape_name(shape), NAME_BYTES - 1);
        name[0] = (char)(name[0] - 'a' + 'A');
    }
    return name;
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
