// From keypoints to motion, face by face: smoothing, head pose, blend shapes, gaze. The last
// stage before a record is published. Neither allocates nor fails. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/motion/calibration.h"
#include "pipeline/motion/fov.h"
#include "pipeline/motion/gaze.h"
#include "pipeline/motion/smooth.h"
#include "protocol/record.h"

struct pipeline_expression;

struct pipeline_motion_options {
    struct pipeline_smooth_options smooth;
    float fov; // of the camera along the frame's longer edge, degrees; 0: estimated
};

struct pipeline_motion_options pipeline_motion_options_default(void);

// The state of a face, kept while its id is there.
struct pipeline_motion_face {
    int id;       // 0: free
    bool present; // in the last record
    bool fresh;   // not seen before
    bool due;     // its neutral face is being measured
    double pts;   // of its last record
    int64_t arrival_ns;
    struct pipeline_smooth smooth, smooth_dense;
    struct pipeline_gaze gaze;
    struct pipeline_calibration calibration;
};

struct pipeline_motion {
    struct pipeline_motion_options options;
    struct pipeline_fov fov;
    struct pipeline_motion_face faces[PROTOCOL_FACES_MAX];
    bool calibrating;
    int64_t calibrate_until_ns;
    int calibrated_faces; // in this calibration
};

void pipeline_motion_init(struct pipeline_motion *motion,
                          const struct pipeline_motion_options *options);

// Processes the faces of the stream's next record: smooths their keypoints, keeping the
// given ones as raw, and adds pose and shapes where there are 68 of them.
//   expressions  of the record's faces, NULL for one that has none; NULL when none has
void pipeline_motion_run(struct pipeline_motion *motion, struct protocol_record *record,
                         const struct pipeline_expression *const *expressions);

// The field of view in use, degrees; 0 while it is to be estimated and there was no frame.
float pipeline_motion_fov(const struct pipeline_motion *motion);

// Starts measuring the neutral face of everybody in view, for a few seconds at most;
// another call before the end starts over.
void pipeline_motion_calibrate(struct pipeline_motion *motion, int64_t now_ns);

// Returns true once when a calibration is over; faces is how many were measured, 0 when
// nobody faced the camera for long enough.
bool pipeline_motion_calibrated(struct pipeline_motion *motion, int64_t now_ns, int *faces);
