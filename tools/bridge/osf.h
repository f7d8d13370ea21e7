// OpenSeeFace's UDP packet, byte for byte: 1785 bytes for each face, little-endian,
// one behind the other (Unity/OpenSee.cs reads it).
//
// When OpenSeeFace looks for the pose it takes rows of the picture for x and
// columns for y, the picture's width for the focal length in pixels, half the width
// for the middle row and half the height for the middle column; and what it finds
// is a head behind the camera, whose picture is the same. Receivers undo all of
// that, so all of it is done here. Its head has x to the person's right, y up, z to
// the front, all three opposite to ours; with R our rotation, it sends
//
//     rotation     K R, where K = [0 1 0; 1 0 0; 0 0 -1]; the quaternion is that
//                  of the transpose; an upright head has the angles 180, 0, 90
//     translation  (-down, -right, -away) of the tip of the nose, in widths of the
//                  face
#pragma once

#include <stddef.h>

#include "protocol/mocap.h"
#include "protocol/record.h"
#include "tools/bridge/features.h"

enum {
    BRIDGE_OSF_FACE_BYTES = 1785,
    BRIDGE_OSF_BYTES_MAX = BRIDGE_OSF_FACE_BYTES * PROTOCOL_FACES_MAX,
};

// A face keeps its number as long as it is seen: the first is 0, which is the one
// that most receivers show. What its features were is kept for who comes next.
struct bridge_osf_slot {
    int id; // the record's; 0: free
    struct bridge_features features;
};

// All zero at the start. 400 kB: keep it on the heap, or static.
struct bridge_osf {
    struct bridge_osf_slot slots[PROTOCOL_FACES_MAX];
};

// Writes the datagram of a record. Returns its size: 0 when nobody is seen, and
// nothing is to be sent. Left out are faces that have not 68 keypoints.
//   unix_s   when the picture was taken, in seconds of the wall clock
size_t bridge_osf_write(struct bridge_osf *osf, const struct mocap_record *record, double unix_s,
                        unsigned char bytes[BRIDGE_OSF_BYTES_MAX]);
