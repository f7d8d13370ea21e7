// The VMC protocol (OSC over UDP), as a performer sends it: a bundle per frame.
//
// Axes. The record turns the head from its own axes (x to the person's left, y
// down, z into the head) to the camera's. Unity's point the opposite way on all three:
// x to the right, y up, z where the model looks. Negating all three leaves the matrix of a
// rotation as it is, so the quaternion is sent unchanged; the negation also accounts for
// Unity's axes being left-handed.
// When the person turns to their left, the avatar turns to its left.
#include <string.h>

#include "tools/bridge/expressions.h"
#include "tools/bridge/osc_bundle.h"
#include "tools/bridge/output.h"
#include "tools/bridge/rotation.h"

static const float NO_ROTATION[4] = { 0, 0, 0, 1 };

static void add_place(struct bridge_osc *osc, const char *path, const char *name,
                      const float position[3], const float rotation[4])
{
    float place[7];
    memcpy(place, position, 3 * sizeof place[0]);
    memcpy(place + 3, rotation, 4 * sizeof place[0]);
    bridge_osc_named(osc, path, name, place, 7);
}

static void add_bone(struct bridge_osc *osc, const struct bridge_skeleton *skeleton,
                     enum bridge_bone bone, const float rotation[4])
{
    add_place(osc, "/VMC/Ext/Bone/Pos", bridge_bone_name(bone), skeleton->positions[bone],
              rotation);
}

// Eyes turn once: by their bones with the presets alone, otherwise by perfect sync's EyeLook
// shapes.
static void add_eyes(struct bridge_osc *osc, const struct bridge_output_target *target,
                     const struct mocap_gaze *gaze)
{
    static const enum bridge_bone eyes[2] = { BRIDGE_LEFT_EYE, BRIDGE_RIGHT_EYE };
    const bool turn = gaze != NULL && target->settings->shapes == BRIDGE_SHAPES_VRM;
    for (int i = 0; (turn || target->settings->body) && i < 2; i++) {
        float rotation[4] = { 0, 0, 0, 1 };
        if (turn) {
            bridge_rotation_of_gaze(i == 0 ? gaze->left : gaze->right, rotation);
        }
        add_bone(osc, target->skeleton, eyes[i], rotation);
    }
}

static void add_bones(struct bridge_osc *osc, const struct bridge_output_target *target,
                      const struct mocap_pose *pose)
{
    float neck[4], head[4];
    // About one axis, so that applied in turn they make the whole rotation.
    bridge_rotation_share(pose->rotation, BRIDGE_NECK_SHARE, neck);
    bridge_rotation_share(pose->rotation, 1 - BRIDGE_NECK_SHARE, head);
    static const enum bridge_bone resting[] = { BRIDGE_HIPS, BRIDGE_SPINE, BRIDGE_CHEST };
    for (size_t i = 0; target->settings->body && i < sizeof resting / sizeof resting[0]; i++) {
        add_bone(osc, target->skeleton, resting[i], NO_ROTATION);
    }
    add_bone(osc, target->skeleton, BRIDGE_NECK, neck);
    add_bone(osc, target->skeleton, BRIDGE_HEAD, head);
}

static void add_shapes(struct bridge_osc *osc, enum bridge_shapes which, const float *shapes)
{
    static const char path[] = "/VMC/Ext/Blend/Val";
    float expressions[BRIDGE_EXPRESSION_COUNT];
    bridge_expressions(shapes, expressions);
    for (int i = 0; which != BRIDGE_SHAPES_ARKIT && i < BRIDGE_EXPRESSION_COUNT; i++) {
        bridge_osc_named(osc, path, bridge_expression_name(i), &expressions[i], 1);
    }
    for (int i = 0; which != BRIDGE_SHAPES_VRM && i < MOCAP_SHAPE_COUNT; i++) {
        bridge_osc_named(osc, path, bridge_expression_clip_name(i), &shapes[i], 1);
    }
    bridge_osc_floats(osc, "/VMC/Ext/Blend/Apply", NULL, 0);
}

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    static const float origin[3];
    // Loaded, calibrated (some receivers hide a model that isn't), in the normal mode.
    const int32_t ok[4] = { 1, 3, 0, view->is_tracked };
    const float time = (float)view->time_s;
    struct bridge_osc osc;
    bridge_osc_begin(&osc, packets, packets->limit);
    bridge_osc_integers(&osc, "/VMC/Ext/OK", ok, 4);
    bridge_osc_floats(&osc, "/VMC/Ext/T", &time, 1);
    if (view->face != NULL) {
        add_place(&osc, "/VMC/Ext/Root/Pos", "root", origin, NO_ROTATION);
        if (view->face->pose != NULL) {
            add_bones(&osc, target, view->face->pose);
            add_eyes(&osc, target, view->gaze);
        }
        add_shapes(&osc, target->settings->shapes, view->face->shapes);
    }
    bridge_osc_end(&osc);
}

const struct bridge_output bridge_output_vmc = {
    .name = "vmc",
    .title = "VMC",
    .port = "39539",
    .write = write,
};
