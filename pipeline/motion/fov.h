// The field of view of a stream's camera, estimated from the faces it shows.
//
// A face that is near looks larger in its middle than at its rim, the more so the nearer it is;
// with its size in the frame this tells the focal length. One frame tells little, and one person's
// head is not the mean head. So evidence (pipeline_lens) is averaged by the head's direction, each
// direction counts once however long it lasts, and what is known of cameras and of where people
// sit counts beside it: a face that is far away changes nothing. What is in use follows the
// estimate within a second at first, then ever more slowly, so that distances do not swim.
//
// Neither allocates nor fails. Thread: loop.
#pragma once

#include "pipeline/motion/pose.h"

enum { PIPELINE_FOV_YAWS = 7, PIPELINE_FOV_PITCHES = 5 };

// What heads turned to about the same direction said.
struct pipeline_fov_view {
    float count;       // frames
    float information; // mean, of one over the variance of the tangent
    float sum;         // mean, of tangent times information
};

struct pipeline_fov {
    float fixed;       // degrees; 0: estimated
    int width, height; // of the frames that the rest is for
    float tangent;     // of half the field of view in use
    float seconds;     // for which faces were seen
    float share;       // mean, of a face's width over half the frame's longer edge
    float share_count; // frames
    struct pipeline_fov_view views[PIPELINE_FOV_YAWS][PIPELINE_FOV_PITCHES];
};

// degrees fixes the field of view along the longer edge of the frame; 0 lets it be estimated.
void pipeline_fov_init(struct pipeline_fov *fov, float degrees);

// The camera of a frame of this size. Another size than before is another camera: the estimate
// starts again.
struct pipeline_camera pipeline_fov_camera(struct pipeline_fov *fov, int width, int height);

// Learns from a face of that frame, seen dt_s seconds after the one before; 0 when there is none.
void pipeline_fov_add(struct pipeline_fov *fov, const struct pipeline_pose_fit *fit, float dt_s);

// What is in use, degrees.
float pipeline_fov_degrees(const struct pipeline_fov *fov);
