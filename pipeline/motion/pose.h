// Head pose: the mean face, turned and moved until its picture lies on the
// landmarks. docs/motion.md shows the axes.
//
// A linear start (weak perspective, as in POSIT's first step) is followed by
// damped Gauss-Newton on what a pinhole camera sees. Landmarks count by
// confidence, by how much they differ between people and expressions, and less
// the further they are off (Cauchy), so that an occluded one does no harm.
// Neither keeps state nor allocates.
#pragma once

#include <stdbool.h>

#include "base/keypoint.h"
#include "protocol/record.h"

struct pipeline_camera {
    float focal; // pixels
    float x, y;  // where the optical axis meets the picture, pixels
};

// A camera that sees fov_degrees along the longer edge of its width x height
// picture, and looks at its middle. All positive, fov below 180.
struct pipeline_camera pipeline_camera_make(int width, int height, float fov_degrees);

// Fits to the 68 landmarks. Returns false and leaves pose alone when they are no
// face: too few that are sure and finite, all in one place, or a fit that finds no
// head in front of the camera.
bool pipeline_pose_fit(const struct mc_keypoint keypoints[68], const struct pipeline_camera *camera,
                       struct protocol_pose *pose);

// The rotation as a matrix, row by row.
void pipeline_pose_matrix(const struct protocol_pose *pose, float matrix[3][3]);

// The rotation of a matrix as quaternion and Euler angles.
void pipeline_pose_set_rotation(struct protocol_pose *pose, const float matrix[3][3]);
