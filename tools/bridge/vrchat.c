// VRChat, as VRCFaceTracking drives it: its unified expressions, version 2, as avatar parameters,
// and VRChat's own eye tracking (docs.vrctracking.com, docs.vrchat.com/docs/osc-eye-tracking).
// ARKit's shapes become unified ones as VRCFaceTracking's own ARKit module has it. VRChat ignores
// parameters that the avatar doesn't have.
#include <math.h>
#include <stdio.h>

#include "tools/bridge/osc_bundle.h"
#include "tools/bridge/output.h"

#define RADIANS_PER_DEGREE 0.017453292519943295

enum { TERMS_MAX = 5 };

struct parameter {
    const char *name;
    struct {
        float weight;
        enum mocap_shape shape;
    } terms[TERMS_MAX]; // added up; those with weight 0 are none
};

#define ONE(name, shape)                                                                           \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            {                                                                                      \
                1, MOCAP_##shape                                                                   \
            }                                                                                      \
        }                                                                                          \
    }
#define PAIR(name, shape) ONE(name "Left", shape##_LEFT), ONE(name "Right", shape##_RIGHT)
#define SIDES(name, shape) ONE(name "Left", shape), ONE(name "Right", shape)
#define QUARTERS(name, shape) SIDES(name "Upper", shape), SIDES(name "Lower", shape)
#define MEAN(name, shape)                                                                          \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            { 0.5f, MOCAP_##shape##_LEFT },                                                        \
            {                                                                                      \
                0.5f, MOCAP_##shape##_RIGHT                                                        \
            }                                                                                      \
        }                                                                                          \
    }
#define MINUS(name, plus, minus)                                                                   \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            { 1, MOCAP_##plus },                                                                   \
            {                                                                                      \
                -1, MOCAP_##minus                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define MEAN_MINUS(name, plus, minus)                                                              \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            { 0.5f, MOCAP_##plus##_LEFT }, { 0.5f, MOCAP_##plus##_RIGHT },                         \
                { -0.5f, MOCAP_##minus##_LEFT },                                                   \
            {                                                                                      \
                -0.5f, MOCAP_##minus##_RIGHT                                                       \
            }                                                                                      \
        }                                                                                          \
    }
#define LESS(name, shape)                                                                          \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            {                                                                                      \
                -1, MOCAP_##shape                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

static const struct parameter parameters[] = {
    // Base expressions
    PAIR("EyeSquint", EYE_SQUINT),
    PAIR("EyeWide", EYE_WIDE),
    PAIR("BrowPinch", BROW_DOWN),
    PAIR("BrowLowerer", BROW_DOWN),
    SIDES("BrowInnerUp", BROW_INNER_UP),
    PAIR("BrowOuterUp", BROW_OUTER_UP),
    PAIR("CheekSquint", CHEEK_SQUINT),
    SIDES("CheekPuff", CHEEK_PUFF),
    ONE("JawOpen", JAW_OPEN),
    ONE("JawRight", JAW_RIGHT),
    ONE("JawLeft", JAW_LEFT),
    ONE("JawForward", JAW_FORWARD),
    ONE("MouthClosed", MOUTH_CLOSE),
    SIDES("LipSuckUpper", MOUTH_ROLL_UPPER),
    SIDES("LipSuckLower", MOUTH_ROLL_LOWER),
    QUARTERS("LipFunnel", MOUTH_FUNNEL),
    QUARTERS("LipPucker", MOUTH_PUCKER),
    PAIR("MouthUpperUp", MOUTH_UPPER_UP),
    PAIR("MouthUpperDeepen", MOUTH_UPPER_UP),
    PAIR("NoseSneer", NOSE_SNEER),
    PAIR("MouthLowerDown", MOUTH_LOWER_DOWN),
    PAIR("MouthUpper", MOUTH),
    PAIR("MouthLower", MOUTH),
    PAIR("MouthCornerPull", MOUTH_SMILE),
    PAIR("MouthCornerSlant", MOUTH_SMILE),
    PAIR("MouthFrown", MOUTH_FROWN),
    PAIR("MouthStretch", MOUTH_STRETCH),
    PAIR("MouthDimple", MOUTH_DIMPLE),
    ONE("MouthRaiserUpper", MOUTH_SHRUG_UPPER),
    ONE("MouthRaiserLower", MOUTH_SHRUG_LOWER),
    PAIR("MouthPress", MOUTH_PRESS),
    ONE("TongueOut", TONGUE_OUT),
    // Simplified and combined ones
    { "BrowUpLeft", { { 0.6f, MOCAP_BROW_OUTER_UP_LEFT }, { 0.4f, MOCAP_BROW_INNER_UP } } },
    { "BrowUpRight", { { 0.6f, MOCAP_BROW_OUTER_UP_RIGHT }, { 0.4f, MOCAP_BROW_INNER_UP } } },
    { "BrowUp",
      { { 0.3f, MOCAP_BROW_OUTER_UP_LEFT },
        { 0.3f, MOCAP_BROW_OUTER_UP_RIGHT },
        { 0.4f, MOCAP_BROW_INNER_UP } } },
    PAIR("BrowDown", BROW_DOWN),
    MEAN("BrowDown", BROW_DOWN),
    ONE("BrowInnerUp", BROW_INNER_UP),
    MEAN("BrowOuterUp", BROW_OUTER_UP),
    { "BrowExpressionLeft",
      { { 0.5f, MOCAP_BROW_INNER_UP },
        { 0.5f, MOCAP_BROW_OUTER_UP_LEFT },
        { -1, MOCAP_BROW_DOWN_LEFT } } },
    { "BrowExpressionRight",
      { { 0.5f, MOCAP_BROW_INNER_UP },
        { 0.5f, MOCAP_BROW_OUTER_UP_RIGHT },
        { -1, MOCAP_BROW_DOWN_RIGHT } } },
    { "BrowExpression",
      { { 0.5f, MOCAP_BROW_INNER_UP },
        { 0.25f, MOCAP_BROW_OUTER_UP_LEFT },
        { 0.25f, MOCAP_BROW_OUTER_UP_RIGHT },
        { -0.5f, MOCAP_BROW_DOWN_LEFT },
        { -0.5f, MOCAP_BROW_DOWN_RIGHT } } },
    PAIR("MouthSmile", MOUTH_SMILE),
    MINUS("JawX", JAW_RIGHT, JAW_LEFT),
    ONE("JawZ", JAW_FORWARD),
    MEAN("CheekSquint", CHEEK_SQUINT),
    SIDES("CheekPuffSuck", CHEEK_PUFF),
    ONE("CheekPuffSuck", CHEEK_PUFF),
    MINUS("MouthUpperX", MOUTH_RIGHT, MOUTH_LEFT),
    MINUS("MouthLowerX", MOUTH_RIGHT, MOUTH_LEFT),
    MINUS("MouthX", MOUTH_RIGHT, MOUTH_LEFT),
    ONE("LipSuckUpper", MOUTH_ROLL_UPPER),
    ONE("LipSuckLower", MOUTH_ROLL_LOWER),
    { "LipSuck", { { 0.5f, MOCAP_MOUTH_ROLL_UPPER }, { 0.5f, MOCAP_MOUTH_ROLL_LOWER } } },
    ONE("LipFunnelUpper", MOUTH_FUNNEL),
    ONE("LipFunnelLower", MOUTH_FUNNEL),
    ONE("LipFunnel", MOUTH_FUNNEL),
    ONE("LipPuckerUpper", MOUTH_PUCKER),
    ONE("LipPuckerLower", MOUTH_PUCKER),
    SIDES("LipPucker", MOUTH_PUCKER),
    ONE("LipPucker", MOUTH_PUCKER),
    MINUS("LipSuckFunnelUpper", MOUTH_ROLL_UPPER, MOUTH_FUNNEL),
    MINUS("LipSuckFunnelUpperLeft", MOUTH_ROLL_UPPER, MOUTH_FUNNEL),
    MINUS("LipSuckFunnelUpperRight", MOUTH_ROLL_UPPER, MOUTH_FUNNEL),
    MINUS("LipSuckFunnelLower", MOUTH_ROLL_LOWER, MOUTH_FUNNEL),
    MINUS("LipSuckFunnelLowerLeft", MOUTH_ROLL_LOWER, MOUTH_FUNNEL),
    MINUS("LipSuckFunnelLowerRight", MOUTH_ROLL_LOWER, MOUTH_FUNNEL),
    MEAN("MouthUpperUp", MOUTH_UPPER_UP),
    MEAN("MouthLowerDown", MOUTH_LOWER_DOWN),
    { "MouthOpen",
      { { 0.25f, MOCAP_MOUTH_UPPER_UP_LEFT },
        { 0.25f, MOCAP_MOUTH_UPPER_UP_RIGHT },
        { 0.25f, MOCAP_MOUTH_LOWER_DOWN_LEFT },
        { 0.25f, MOCAP_MOUTH_LOWER_DOWN_RIGHT } } },
    MEAN("MouthStretch", MOUTH_STRETCH),
    MEAN("MouthPress", MOUTH_PRESS),
    MEAN("MouthDimple", MOUTH_DIMPLE),
    MEAN("NoseSneer", NOSE_SNEER),
    { "MouthTightenerStretch",
      { { -0.5f, MOCAP_MOUTH_STRETCH_LEFT }, { -0.5f, MOCAP_MOUTH_STRETCH_RIGHT } } },
    LESS("MouthTightenerStretchLeft", MOUTH_STRETCH_LEFT),
    LESS("MouthTightenerStretchRight", MOUTH_STRETCH_RIGHT),
    MINUS("MouthCornerYLeft", MOUTH_SMILE_LEFT, MOUTH_FROWN_LEFT),
    MINUS("MouthCornerYRight", MOUTH_SMILE_RIGHT, MOUTH_FROWN_RIGHT),
    MEAN_MINUS("MouthCornerY", MOUTH_SMILE, MOUTH_FROWN),
    MINUS("SmileFrownLeft", MOUTH_SMILE_LEFT, MOUTH_FROWN_LEFT),
    MINUS("SmileFrownRight", MOUTH_SMILE_RIGHT, MOUTH_FROWN_RIGHT),
    MEAN_MINUS("SmileFrown", MOUTH_SMILE, MOUTH_FROWN),
};

// An avatar that is being told of a face.
struct avatar {
    struct bridge_osc osc;
    const char *prefix; // of its parameters
};

static void add(struct avatar *avatar, const char *name, float value)
{
    char path[128];
    snprintf(path, sizeof path, "/avatar/parameters/%s%sv2/%s", avatar->prefix,
             avatar->prefix[0] != '\0' ? "/" : "", name);
    bridge_osc_floats(&avatar->osc, path, &value, 1);
}

static void add_linear(struct avatar *avatar, const float *shapes)
{
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        float sum = 0;
        for (int k = 0; k < TERMS_MAX; k++) {
            sum += parameters[i].terms[k].weight * shapes[parameters[i].terms[k].shape];
        }
        add(avatar, parameters[i].name, sum);
    }
}

// Those with the larger of two.
static void add_larger(struct avatar *avatar, const float *shapes)
{
    const float sad_left = fmaxf(shapes[MOCAP_MOUTH_FROWN_LEFT], shapes[MOCAP_MOUTH_STRETCH_LEFT]);
    const float sad_right =
        fmaxf(shapes[MOCAP_MOUTH_FROWN_RIGHT], shapes[MOCAP_MOUTH_STRETCH_RIGHT]);
    const float smile_left = shapes[MOCAP_MOUTH_SMILE_LEFT];
    const float smile_right = shapes[MOCAP_MOUTH_SMILE_RIGHT];
    const float squint = fmaxf(shapes[MOCAP_EYE_SQUINT_LEFT], shapes[MOCAP_EYE_SQUINT_RIGHT]);
    add(avatar, "MouthSadLeft", sad_left);
    add(avatar, "MouthSadRight", sad_right);
    add(avatar, "SmileSadLeft", smile_left - sad_left);
    add(avatar, "SmileSadRight", smile_right - sad_right);
    add(avatar, "SmileSad", (smile_left + smile_right - sad_left - sad_right) / 2);
    add(avatar, "EyeSquint", squint);
    add(avatar, "EyesSquint", squint);
    add(avatar, "EyeWide", fmaxf(shapes[MOCAP_EYE_WIDE_LEFT], shapes[MOCAP_EYE_WIDE_RIGHT]));
}

static void add_lids(struct avatar *avatar, const float *shapes)
{
    const float left = 1 - shapes[MOCAP_EYE_BLINK_LEFT], right = 1 - shapes[MOCAP_EYE_BLINK_RIGHT];
    const float wide_left = shapes[MOCAP_EYE_WIDE_LEFT];
    const float wide_right = shapes[MOCAP_EYE_WIDE_RIGHT];
    const float closed = 1 - (left + right) / 2;
    add(avatar, "EyeOpenLeft", left);
    add(avatar, "EyeOpenRight", right);
    add(avatar, "EyeOpen", 1 - closed);
    add(avatar, "EyeClosedLeft", 1 - left);
    add(avatar, "EyeClosedRight", 1 - right);
    add(avatar, "EyeClosed", closed);
    add(avatar, "EyeLidLeft", 0.75f * left + 0.25f * wide_left);
    add(avatar, "EyeLidRight", 0.75f * right + 0.25f * wide_right);
    add(avatar, "EyeLid", (0.75f * (left + right) + 0.25f * (wide_left + wide_right)) / 2);
    bridge_osc_floats(&avatar->osc, "/tracking/eye/EyesClosedAmount", &closed, 1);
}

// Of an angle: 1 is 45 degrees.
static float tangent(float degrees)
{
    const double bounded = fmax(-45, fmin(45, (double)degrees));
    return (float)tan(bounded * RADIANS_PER_DEGREE);
}

// Right and up are positive in the avatar's parameters, right and down in VRChat's own angles,
// which are degrees.
static void add_gaze(struct avatar *avatar, const struct mocap_gaze *gaze)
{
    const float left[2] = { tangent(gaze->left[0]), -tangent(gaze->left[1]) };
    const float right[2] = { tangent(gaze->right[0]), -tangent(gaze->right[1]) };
    const float angles[4] = { gaze->left[1], gaze->left[0], gaze->right[1], gaze->right[0] };
    add(avatar, "EyeLeftX", left[0]);
    add(avatar, "EyeLeftY", left[1]);
    add(avatar, "EyeRightX", right[0]);
    add(avatar, "EyeRightY", right[1]);
    add(avatar, "EyeX", (left[0] + right[0]) / 2);
    add(avatar, "EyeY", (left[1] + right[1]) / 2);
    bridge_osc_floats(&avatar->osc, "/tracking/eye/LeftRightPitchYaw", angles, 4);
}

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    struct avatar avatar = { .prefix = target->settings->prefix };
    struct bridge_osc *osc = &avatar.osc;
    // Receivers have buffers of some 4,000 bytes, on this machine too.
    bridge_osc_begin(osc, packets, BRIDGE_PACKETS_NETWORK);
    bridge_osc_boolean(osc, "/avatar/parameters/EyeTrackingActive",
                       view->is_tracked && view->gaze != NULL);
    bridge_osc_boolean(osc, "/avatar/parameters/ExpressionTrackingActive", view->is_tracked);
    bridge_osc_boolean(osc, "/avatar/parameters/LipTrackingActive", view->is_tracked);
    if (view->face != NULL) {
        add_linear(&avatar, view->face->shapes);
        add_larger(&avatar, view->face->shapes);
        add_lids(&avatar, view->face->shapes);
        if (view->gaze != NULL) {
            add_gaze(&avatar, view->gaze);
        }
    }
    bridge_osc_end(osc);
}

const struct bridge_output bridge_output_vrchat = {
    .name = "vrchat",
    .title = "VRChat's face tracking",
    .port = "9000",
    .write = write,
};
