// Where the eyes look.
#pragma once

#include "protocol/record.h"

// The eight eyeLook shapes, 1 << enum protocol_shape each.
static const uint64_t pipeline_gaze_shapes = UINT64_C(255) << PROTOCOL_EYE_LOOK_UP_LEFT;

// The eight eyeLook shapes, each 0 to 1, from the gaze of the left and the right eye: yaw and
// pitch in radians, as in pipeline_expression. A look is 1 at 30 degrees sideways, at 25 up or
// down (LOOK_SIDEWAYS, LOOK_UPRIGHT in training/heads/rig.py).
void pipeline_gaze_looks(const float gaze[2][2], float shapes[PROTOCOL_SHAPE_COUNT]);
