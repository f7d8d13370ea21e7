#include "pipeline/motion/gaze.h"

#include <math.h>
#include <string.h>

static const float sideways = 0.523598776f; // radians at which a look is 1
static const float upright = 0.436332313f;
static const float degrees = 57.2957795f;
static const float closed = 0.5f; // of a blink

// In the smoothing of gaze, smooth_size radians count as the face's size does for keypoints:
// fixations are held still, saccades (5 rad/s and more) followed within a few frames. Vergence
// changes within half a second, and takes that many times as much smoothing.
static const float smooth_size = 5;
static const float vergence_calm = 6;

// Of an eyeball's middle, face widths: half their distance, and behind the corners of the eyes.
// Those of ICT-FaceKit's head, whose neutral face is an average.
static const float eye_x = 0.21f, eye_z = 0.041f;
static const float point_near = 0.1f; // of a point before the eyes, face widths
// Beyond 1.4 m the eyes are parallel within 2.4 degrees, and networks err by more than that.
static const float point_far = 10;

void pipeline_gaze_reset(struct pipeline_gaze *state)
{
    *state = (struct pipeline_gaze){ 0 };
}

static void see(struct pipeline_gaze *state, const float blinks[2], const float gaze[2][2])
{
    bool sees[2];
    for (int eye = 0; eye < 2; eye++) {
        const bool is_open = !(blinks[eye] > closed) || !state->known;
        sees[eye] = is_open && isfinite(gaze[eye][0]) && isfinite(gaze[eye][1]);
    }
    for (int k = 0; k < 2; k++) {
        if (sees[0] && sees[1]) {
            state->version[k] = (gaze[0][k] + gaze[1][k]) / 2;
            state->vergence[k] = (gaze[0][k] - gaze[1][k]) / 2;
        } else if (sees[0]) {
            state->version[k] = gaze[0][k] - state->vergence[k];
        } else if (sees[1]) {
            state->version[k] = gaze[1][k] + state->vergence[k];
        }
    }
    state->known |= sees[0] || sees[1];
}

void pipeline_gaze_run(struct pipeline_gaze *state, const struct pipeline_smooth_options *options,
                       const float blinks[2], float dt_s, float gaze[2][2])
{
    see(state, blinks, (const float(*)[2])gaze);
    struct mc_keypoint angles[2] = {
        { state->version[0], state->version[1], 1 },
        { state->vergence[0] / vergence_calm, state->vergence[1] / vergence_calm, 1 },
    };
    if (options->on) {
        pipeline_smooth_run(&state->smooth, options, angles, 2, smooth_size, dt_s);
    }
    const float apart[2] = { vergence_calm * angles[1].x, vergence_calm * angles[1].y };
    gaze[0][0] = angles[0].x + apart[0];
    gaze[0][1] = angles[0].y + apart[1];
    gaze[1][0] = angles[0].x - apart[0];
    gaze[1][1] = angles[0].y - apart[1];
}

// A line of sight: Ry(yaw) Rx(pitch) applied to minus z.
static void direction_of(const float gaze[2], float direction[3])
{
    direction[0] = -sinf(gaze[0]) * cosf(gaze[1]);
    direction[1] = sinf(gaze[1]);
    direction[2] = -cosf(gaze[0]) * cosf(gaze[1]);
}

void pipeline_gaze_line(const struct protocol_gaze *gaze, int eye, float begin[3],
                        float direction[3])
{
    const float *angles = eye == 0 ? gaze->left : gaze->right;
    const float radians[2] = { angles[0] / degrees, angles[1] / degrees };
    begin[0] = eye == 0 ? eye_x : -eye_x;
    begin[1] = 0;
    begin[2] = eye_z;
    direction_of(radians, direction);
}

static float dot(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// Where two lines are nearest to each other (Ericson, Real-Time Collision Detection, 5.1.8):
// the eyes are 2 eye_x apart along x.
static bool find_point(const float gaze[2][2], float point[3])
{
    float left[3], right[3];
    direction_of(gaze[0], left);
    direction_of(gaze[1], right);
    const float b = dot(left, right), apart = 1 - b * b;
    if (!(apart > 1e-6f)) {
        return false;
    }
    const float x = 2 * eye_x, along_left = (b * right[0] - left[0]) * x / apart;
    const float along_right = (right[0] - b * left[0]) * x / apart;
    if (!(along_left > point_near && along_right > point_near && along_left < point_far &&
          along_right < point_far)) {
        return false;
    }
    for (int k = 0; k < 3; k++) {
        point[k] = (along_left * left[k] + along_right * right[k]) / 2;
    }
    point[2] += eye_z;
    return true;
}

void pipeline_gaze_fill(const float gaze[2][2], struct protocol_gaze *filled)
{
    for (int k = 0; k < 2; k++) {
        filled->left[k] = degrees * gaze[0][k];
        filled->right[k] = degrees * gaze[1][k];
    }
    memset(filled->point, 0, sizeof filled->point);
    filled->has_point = find_point(gaze, filled->point);
}

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
