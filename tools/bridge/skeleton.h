// The rest positions of a model's bones: VMC messages carry positions, and some receivers move
// the bones there.
#pragma once

#include "base/error.h"

enum bridge_bone {
    BRIDGE_HIPS,
    BRIDGE_SPINE,
    BRIDGE_CHEST,
    BRIDGE_NECK,
    BRIDGE_HEAD,
    BRIDGE_LEFT_EYE,
    BRIDGE_RIGHT_EYE,
    BRIDGE_BONE_COUNT,
};

// Metres, from the bone's parent, in Unity's axes: x to the model's right, y up,
// z where it looks.
struct bridge_skeleton {
    float positions[BRIDGE_BONE_COUNT][3];
};

// "Hips", "LeftEye": Unity's HumanBodyBones.
const char *bridge_bone_name(enum bridge_bone bone);

// A figure of 1.6 m.
extern const struct bridge_skeleton bridge_skeleton_default;

// The bones of a VRM model (0.x or 1.0). A bone that the model doesn't have keeps
// its default position. Only the JSON part of the file is read. Returns false
// and sets err when it is not a VRM model.
bool bridge_skeleton_load(struct bridge_skeleton *skeleton, const char *path,
                          struct mc_error *err) MC_MUST_USE;
