// Expressions, under the names that avatar programs know.
#pragma once

#include <stdbool.h>

#include "protocol/mocap.h"

// The presets of a VRM 0 model, in the order of its specification.
enum bridge_expression {
    BRIDGE_JOY,
    BRIDGE_ANGRY,
    BRIDGE_SORROW,
    BRIDGE_FUN,
    BRIDGE_A,
    BRIDGE_I,
    BRIDGE_U,
    BRIDGE_E,
    BRIDGE_O,
    BRIDGE_BLINK,
    BRIDGE_BLINK_LEFT,
    BRIDGE_BLINK_RIGHT,
    BRIDGE_EXPRESSION_COUNT,
};

// "Joy", "A", "Blink_L", ...
const char *bridge_expression_name(enum bridge_expression expression);

// "JawOpen" for jawOpen: the name of the clip in models for "perfect sync".
const char *bridge_expression_clip_name(enum mocap_shape shape);

// From blend shapes, 0 to 1 each. The vowels share the opening of the mouth, so
// that they are never more than it together with the rounding of the lips. Models add Blink to
// Blink_L and Blink_R: Blink closes both eyes as far as the one that is less closed, and the others
// have the rest. The emotions stay 0: movements are measured, not moods.
void bridge_expressions(const float shapes[MOCAP_SHAPE_COUNT],
                        float expressions[BRIDGE_EXPRESSION_COUNT]);

// Left for right.
void bridge_expressions_mirror(const float shapes[MOCAP_SHAPE_COUNT],
                               float mirrored[MOCAP_SHAPE_COUNT]);
