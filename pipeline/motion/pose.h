// Head pose: the mean face, turned and moved until its image lies on the landmarks.
// docs/motion.md shows the axes.
//
// A linear start (weak perspective, as in POSIT's first step) is followed by
// damped Gauss-Newton on what a pinhole camera sees. Landmarks are weighted by
// their confidence, by how much they differ between people and expressions, and less
// the farther they are off (Cauchy), so that an occluded one does no harm.
// Neither keeps state nor allocates.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"
#include "protocol/record.h"

struct pipeline_camera {
    float focal; // pixels
    float x, y;  // where the optical axis meets the frame, pixels
};

// A camera with a field of view of fov_degrees along the longer edge of its width x height
// frame, whose optical axis meets the middle. All positive, fov_degrees below 180.
struct pipeline_camera pipeline_camera_make(int width, int height, float fov_degrees);

// Fits the pose to the 68 landmarks. Returns false and leaves pose alone when they are no
// face: too few that are confident and finite, all at one point, or a fit that finds no
// head in front of the camera.
bool pipeline_pose_fit(const struct mc_keypoint keypoints[68], const struct pipeline_camera *camera,
                       struct protocol_pose *pose);

// The rotation as a matrix, row by row.
void pipeline_pose_matrix(const struct protocol_pose *pose, float matrix[3][3]);

// The rotation of a matrix as quaternion and Euler angles.
void pipeline_pose_set_rotation(struct protocol_pose *pose, const float matrix[3][3]);
