// The 61 numbers of the app Live Link Face, in the order of its datagrams, which is that of Unreal
// Engine's EARFaceBlendShape: ARKit's 52 shapes, then yaw, pitch and roll of the head and of the
// left and the right eye, in radians with the signs of mocap_pose.euler.
#pragma once

#include <stddef.h>

enum {
    LIVE_LINK_SHAPES = 52,
    LIVE_LINK_VALUES = 61,
};

// The name of a value, as the app's CSV has it: "EyeBlinkLeft", "HeadYaw".
const char *live_link_name(int value);

// Which value a column of the app's CSV has. Its order differs: right precedes left for the jaw
// and the mouth.
int live_link_csv_value(int column);

//   shapes  by enum mocap_shape; NULL: all 0
//   euler   pitch, yaw, roll in degrees; NULL: ahead
//   left, right  yaw and pitch of the eyes in degrees; NULL: ahead
void live_link_values(const float *shapes, const float *euler, const float *left,
                      const float *right, float values[LIVE_LINK_VALUES]);
