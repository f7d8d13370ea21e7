// Head pose: the mean face, turned and moved until its image lies on the landmarks.
// docs/motion.md shows the axes.
//
// A linear start (weak perspective, as in POSIT's first step) is followed by
// damped Gauss-Newton on what a pinhole camera sees. Landmarks are weighted by
// their confidence, by how much they differ between people, expressions and directions of view,
// and less the farther they are off (Cauchy), so that an occluded one does no harm.
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

// The camera that a pose was fitted for, from the landmarks that it was fitted to.
struct pipeline_camera pipeline_camera_of_pose(int width, int height,
                                               const struct mc_keypoint keypoints[68],
                                               const struct protocol_pose *pose);

// Turns a rotation, row by row, from the axes of a camera that looks straight at x, y into those
// of this one.
void pipeline_camera_turn(const struct pipeline_camera *camera, float x, float y,
                          const float from[3][3], float to[3][3]);

// What a fit says of the camera. A face that is near shows how near it is: its middle is larger
// than its rim.
struct pipeline_lens {
    float scale;       // the best 1 / focal length, times the camera's focal length
    float information; // 1 / variance of scale; 0: says nothing
};

struct pipeline_pose_fit {
    struct protocol_pose pose;
    struct pipeline_lens lens;
    float off[68]; // each landmark's distance from the fitted head, in its standard deviations;
                   // infinite where it is too unsure to count
};

// Fits the pose to the 68 landmarks. expected is the rotation from another source, which the fit
// starts from where it is nearer, and again where it disagrees with it wildly; or NULL. Returns
// false when the landmarks are no face: too few that are confident and finite, all at one point,
// or a fit that finds no head in front of the camera that faces it. fit is then undefined.
bool pipeline_pose_find(const struct mc_keypoint keypoints[68],
                        const struct pipeline_camera *camera, const float expected[3][3],
                        struct pipeline_pose_fit *fit);

// The pose alone, with nothing expected; leaves pose alone on failure.
bool pipeline_pose_fit(const struct mc_keypoint keypoints[68], const struct pipeline_camera *camera,
                       struct protocol_pose *pose);

// Undoes what landmarks understate: networks place those of a head that nods nearer to where an
// upright one has them, and most heads are flatter than the mean face. For landmarks that a
// network found; exact ones need less. docs/motion.md has the figures.
void pipeline_pose_correct(struct protocol_pose *pose);

// The rotation as a matrix, row by row.
void pipeline_pose_matrix(const struct protocol_pose *pose, float matrix[3][3]);

// The rotation of a matrix as quaternion and Euler angles.
void pipeline_pose_set_rotation(struct protocol_pose *pose, const float matrix[3][3]);
