// The VMC protocol (OSC over UDP), as a performer sends it: a bundle per frame.
//
// Axes. The record turns the head from its own axes (x to the person's left, y
// down, z into the head) to the camera's. Unity's point the opposite way on all three:
// x to the right, y up, z where the model looks. Negating all three leaves the matrix of a
// rotation as it is, so the quaternion is sent unchanged; the negation also accounts for
// Unity's axes being left-handed.
// When the person turns to their left, the avatar turns to its left.
#pragma once

// The neck's share of the head's rotation.
#define BRIDGE_NECK_SHARE (1.0 / 3.0)
