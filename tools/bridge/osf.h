// OpenSeeFace's UDP packet, byte for byte: 1785 bytes for each face, little-endian,
// one after the other (read by Unity/OpenSee.cs).
//
// OpenSeeFace estimates the pose with rows of the frame as x and columns as y, the frame's width
// as the focal length in pixels, half the width as the middle row and half the height as the
// middle column; and its solution is a head behind the camera, which projects to the same points.
// Receivers undo all of that, so it is all reproduced here. Its head has x to the person's right, y
// up, z to the front, all three opposite to ours; with R our rotation, it sends
//
//     rotation     K R, where K = [0 1 0; 1 0 0; 0 0 -1]; the quaternion is that
//                  of the transpose; an upright head has the angles 180, 0, 90
//     translation  (-down, -right, -away) of the tip of the nose, in widths of the
//                  face
#pragma once

#include <stddef.h>

#include "protocol/mocap.h"
#include "protocol/record.h"
#include "tools/bridge/face_numbers.h"
#include "tools/bridge/osf_features.h"

enum {
    BRIDGE_OSF_FACE_BYTES = 1785,
    BRIDGE_OSF_BYTES_MAX = BRIDGE_OSF_FACE_BYTES * PROTOCOL_FACES_MAX,
};

// All zero at the start. 400 kB: keep it on the heap, or static.
struct bridge_osf {
    struct bridge_features features[PROTOCOL_FACES_MAX]; // by the faces' numbers
};

// Writes the datagram of a record, faces in the order of their numbers: receivers mostly show the
// first. Returns its size: 0 when no face is tracked and nothing is to be sent. Faces without 68
// keypoints are left out.
//   only_id  the face that alone is sent, with number 0; 0: all are
//   unix_s   when the frame arrived, in seconds of the wall clock
size_t bridge_osf_write(struct bridge_osf *osf, const struct mocap_record *record,
                        const struct bridge_face_numbers *numbers, int only_id, double unix_s,
                        unsigned char bytes[BRIDGE_OSF_BYTES_MAX]);
