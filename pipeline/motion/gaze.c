#include "pipeline/motion/gaze.h"

#include <math.h>

static const float sideways = 0.523598776f; // radians at which a look is 1
static const float upright = 0.436332313f;

// Not a number: 0.
static float clamp(float value)
{
    return fminf(1, fmaxf(0, value));
}

void pipeline_gaze_looks(const float gaze[2][2], float shapes[PROTOCOL_SHAPE_COUNT])
{
    static const struct {
        enum protocol_shape to_right, to_left, down, up;
    } looks[2] = {
        { PROTOCOL_EYE_LOOK_IN_LEFT, PROTOCOL_EYE_LOOK_OUT_LEFT, PROTOCOL_EYE_LOOK_DOWN_LEFT,
          PROTOCOL_EYE_LOOK_UP_LEFT },
        { PROTOCOL_EYE_LOOK_OUT_RIGHT, PROTOCOL_EYE_LOOK_IN_RIGHT, PROTOCOL_EYE_LOOK_DOWN_RIGHT,
          PROTOCOL_EYE_LOOK_UP_RIGHT },
    };
    for (int eye = 0; eye < 2; eye++) {
        const float yaw = gaze[eye][0] / sideways, pitch = gaze[eye][1] / upright;
        shapes[looks[eye].to_right] = clamp(yaw);
        shapes[looks[eye].to_left] = clamp(-yaw);
        shapes[looks[eye].down] = clamp(pitch);
        shapes[looks[eye].up] = clamp(-pitch);
    }
}
