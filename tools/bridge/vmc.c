#include "tools/bridge/vmc.h"

#include <assert.h>
#include <lo/lo.h>
#include <string.h>

#include "tools/bridge/expressions.h"
#include "tools/bridge/rotation.h"

// The neck's share of the head's rotation.
#define NECK_SHARE (1.0 / 3.0)

static const float NO_ROTATION[4] = { 0, 0, 0, 1 };

// A frame being written: the current bundle, and those that are finished.
struct writer {
    struct bridge_vmc_frame *frame;
    size_t used, limit;
    lo_bundle bundle;
};

static void begin_bundle(struct writer *writer)
{
    writer->bundle = lo_bundle_new(LO_TT_IMMEDIATE);
}

static void end_bundle(struct writer *writer)
{
    struct bridge_vmc_frame *frame = writer->frame;
    const size_t size = lo_bundle_length(writer->bundle);
    assert(frame->count < BRIDGE_VMC_BUNDLES_MAX && writer->used + size <= BRIDGE_VMC_BYTES);
    lo_bundle_serialise(writer->bundle, frame->bytes + writer->used, NULL);
    frame->sizes[frame->count++] = size;
    writer->used += size;
    lo_bundle_free_recursive(writer->bundle);
}

// Takes the message. Begins another bundle when this one is full.
static void add(struct writer *writer, const char *path, lo_message message)
{
    const size_t size = 4 + lo_message_length(message, path); // its length comes before it
    if (lo_bundle_length(writer->bundle) + size > writer->limit) {
        end_bundle(writer);
        begin_bundle(writer);
    }
    lo_bundle_add_message(writer->bundle, path, message);
}

static void add_ok(struct writer *writer, bool tracking)
{
    lo_message message = lo_message_new();
    lo_message_add_int32(message, 1); // the model is loaded
    lo_message_add_int32(message, 3); // calibrated: some receivers hide a model that isn't
    lo_message_add_int32(message, 0); // in the normal mode
    lo_message_add_int32(message, tracking);
    add(writer, "/VMC/Ext/OK", message);
}

static void add_place(struct writer *writer, const char *path, const char *name,
                      const float position[3], const float rotation[4])
{
    lo_message message = lo_message_new();
    lo_message_add_string(message, name);
    for (int i = 0; i < 3; i++) {
        lo_message_add_float(message, position[i]);
    }
    for (int i = 0; i < 4; i++) {
        lo_message_add_float(message, rotation[i]);
    }
    add(writer, path, message);
}

static void add_bone(struct writer *writer, const struct bridge_skeleton *skeleton,
                     enum bridge_bone bone, const float rotation[4])
{
    add_place(writer, "/VMC/Ext/Bone/Pos", bridge_bone_name(bone), skeleton->positions[bone],
              rotation);
}

static void add_eyes(struct writer *writer, const struct bridge_vmc_options *options,
                     const struct mocap_gaze *gaze)
{
    static const enum bridge_bone eyes[2] = { BRIDGE_LEFT_EYE, BRIDGE_RIGHT_EYE };
    const bool turn = gaze != NULL && options->shapes == BRIDGE_SHAPES_VRM;
    for (int i = 0; (turn || options->body) && i < 2; i++) {
        float rotation[4], turned[4] = { 0, 0, 0, 1 };
        if (turn) {
            const bool is_left = (i == 0) != options->mirror;
            bridge_rotation_of_gaze(is_left ? gaze->left : gaze->right, rotation);
            memcpy(turned, rotation, sizeof turned);
        }
        if (turn && options->mirror) {
            bridge_rotation_mirror(rotation, turned);
        }
        add_bone(writer, &options->skeleton, eyes[i], turned);
    }
}

static void add_bones(struct writer *writer, const struct bridge_vmc_options *options,
                      const struct mocap_pose *pose)
{
    float turned[4], neck[4], head[4];
    memcpy(turned, pose->rotation, sizeof turned);
    if (options->mirror) {
        bridge_rotation_mirror(pose->rotation, turned);
    }
    // About one axis, so that applied in turn they make the whole rotation.
    bridge_rotation_share(turned, NECK_SHARE, neck);
    bridge_rotation_share(turned, 1 - NECK_SHARE, head);
    static const enum bridge_bone resting[] = { BRIDGE_HIPS, BRIDGE_SPINE, BRIDGE_CHEST };
    for (size_t i = 0; options->body && i < sizeof resting / sizeof resting[0]; i++) {
        add_bone(writer, &options->skeleton, resting[i], NO_ROTATION);
    }
    add_bone(writer, &options->skeleton, BRIDGE_NECK, neck);
    add_bone(writer, &options->skeleton, BRIDGE_HEAD, head);
}

static void add_value(struct writer *writer, const char *name, float value)
{
    lo_message message = lo_message_new();
    lo_message_add_string(message, name);
    lo_message_add_float(message, value);
    add(writer, "/VMC/Ext/Blend/Val", message);
}

static void add_shapes(struct writer *writer, const struct bridge_vmc_options *options,
                       const struct mocap_face *face)
{
    float shapes[MOCAP_SHAPE_COUNT], expressions[BRIDGE_EXPRESSION_COUNT];
    memcpy(shapes, face->shapes, sizeof shapes);
    if (options->mirror) {
        bridge_expressions_mirror(face->shapes, shapes);
    }
    bridge_expressions(shapes, expressions);
    for (int i = 0; options->shapes != BRIDGE_SHAPES_ARKIT && i < BRIDGE_EXPRESSION_COUNT; i++) {
        add_value(writer, bridge_expression_name(i), expressions[i]);
    }
    for (int i = 0; options->shapes != BRIDGE_SHAPES_VRM && i < MOCAP_SHAPE_COUNT; i++) {
        add_value(writer, bridge_expression_clip_name(i), shapes[i]);
    }
    add(writer, "/VMC/Ext/Blend/Apply", lo_message_new());
}

void bridge_vmc_write(struct bridge_vmc_frame *frame, const struct bridge_vmc_options *options,
                      const struct mocap_face *face, const struct mocap_gaze *gaze, bool tracking,
                      double time_s, size_t limit)
{
    static const float origin[3];
    struct writer writer = { .frame = frame, .limit = limit };
    frame->count = 0;
    begin_bundle(&writer);
    add_ok(&writer, tracking);
    lo_message time = lo_message_new();
    lo_message_add_float(time, (float)time_s);
    add(&writer, "/VMC/Ext/T", time);
    if (face != NULL) {
        add_place(&writer, "/VMC/Ext/Root/Pos", "root", origin, NO_ROTATION);
        if (face->pose != NULL) {
            add_bones(&writer, options, face->pose);
            add_eyes(&writer, options, gaze);
        }
        if (face->shapes != NULL) {
            add_shapes(&writer, options, face);
        }
    }
    end_bundle(&writer);
}
