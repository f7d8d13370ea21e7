// The VMC protocol (OSC over UDP), as a performer sends it: a bundle per frame.
//
// Axes. The record turns the head from its own axes (x to the person's left, y
// down, z into the head) to the camera's. Unity's point the opposite way on all three:
// x to the right, y up, z where the model looks. Negating all three leaves the matrix of a
// rotation as it is, so the quaternion is sent unchanged; the negation also accounts for
// Unity's axes being left-handed.
// When the person turns to their left, the avatar turns to its left.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/mocap.h"
#include "tools/bridge/skeleton.h"

enum bridge_shapes {
    BRIDGE_SHAPES_BOTH,  // presets and perfect sync
    BRIDGE_SHAPES_VRM,   // VRM 0's presets only
    BRIDGE_SHAPES_ARKIT, // perfect sync only
};

struct bridge_vmc_options {
    enum bridge_shapes shapes;
    bool body;   // also Hips, Spine, Chest, LeftEye and RightEye; at rest, if nothing turns them
    bool mirror; // move like a mirror image
    struct bridge_skeleton skeleton;
};

enum {
    BRIDGE_VMC_BUNDLES_MAX = 8,
    BRIDGE_VMC_BYTES = 8192,         // of all bundles of one frame; all messages take some 4,400
    BRIDGE_VMC_LIMIT_NETWORK = 1400, // a bundle that fits an Ethernet frame, with room for tunnels
    BRIDGE_VMC_LIMIT_LOOPBACK = BRIDGE_VMC_BYTES,
};

// The datagrams of one frame.
struct bridge_vmc_frame {
    int count;
    size_t sizes[BRIDGE_VMC_BUNDLES_MAX];
    char bytes[BRIDGE_VMC_BYTES]; // one after the other
};

// Writes one frame. Eyes turn once: by the bones LeftEye and RightEye with the presets alone,
// otherwise by perfect sync's EyeLook shapes.
//   face      the face to show; NULL: none, and receivers keep the last one
//   gaze      of that face; NULL: not known
//   tracking  a face is tracked
//   time_s    since the bridge started
//   limit     bytes of one bundle
void bridge_vmc_write(struct bridge_vmc_frame *frame, const struct bridge_vmc_options *options,
                      const struct mocap_face *face, const struct mocap_gaze *gaze, bool tracking,
                      double time_s, size_t limit);
