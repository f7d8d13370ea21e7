// Rotations, as avatar programs expect them. Quaternions are x, y, z, w; matrices multiply
// columns. Arguments that are only read are not const, since C17 can't say so of 2-D arrays.
#pragma once

// The neck's share of the head's turn, where both are sent.
#define BRIDGE_NECK_SHARE (1.0 / 3.0)

// The matrix of a quaternion, which need not be of unit length. One without
// length or not finite gives no rotation.
void bridge_rotation_matrix(const float quaternion[4], double matrix[3][3]);

// The same axis, share times the angle: 0 gives no rotation, 1 all of it. Takes
// the short way round.
void bridge_rotation_share(const float quaternion[4], double share, float result[4]);

// An eye's rotation in the head's axes from its yaw and pitch in degrees (mocap_gaze).
void bridge_rotation_of_gaze(const float gaze[2], float quaternion[4]);

// The quaternion of pitch, yaw and roll in degrees, Ry(yaw) Rx(pitch) Rz(roll) as in
// mocap_pose.euler; and back.
void bridge_rotation_of_euler(const float euler[3], float quaternion[4]);
void bridge_rotation_euler(const float quaternion[4], float euler[3]);

// The rotation that follows first to make both: both = first * result.
void bridge_rotation_from(const float first[4], const float both[4], float result[4]);

// The mirror image: rotation about x stays, about y and z it is reversed.
void bridge_rotation_mirror(const float quaternion[4], float result[4]);

// Angles in degrees about x, y and z with matrix = Rz Ry Rx, as OpenCV's
// RQDecomp3x3 gives them: y within -90 to 90.
void bridge_rotation_angles(double matrix[3][3], float angles[3]);

// The quaternion of the transpose with the sign that OpenSeeFace gives it: the part that stands
// out is positive. A face that looks ahead has x and y near 0.7 and w near 0, so a sign taken from
// w would jump with every nod.
void bridge_rotation_transposed_quaternion(double matrix[3][3], float quaternion[4]);
