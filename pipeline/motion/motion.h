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
    float gains[PROTOCOL_SHAPE_COUNT]; // factors of the shapes, beside those that were measured
};

struct pipeline_motion_options pipeline_motion_options_default(void);

// The state of a face, kept while its id is there, and for PIPELINE_SAME_FACE_S behind it.
struct pipeline_motion_face {
    int id;       // 0: free
    bool present; // in the last record
    bool fresh;   // not seen before
    bool due;     // it is to be measured
    bool done;    // it was, in the last calibration
    double pts;   // of its last record
    float x;      // of its box's middle: 0 at the frame's left edge, 1 at the right
    struct pipeline_smooth smooth, smooth_dense;
    struct pipeline_smooth_shapes smooth_shapes;
    struct pipeline_gaze gaze;
    struct pipeline_calibration calibration;
};

// What a profile holds: the faces of a stream that were measured.
struct pipeline_profile {
    int face_count;
    struct pipeline_face_profile faces[PROTOCOL_FACES_MAX];
};

// What a calibration has measured, face by face, from left to right in the frame.
struct pipeline_calibrated {
    int face_count; // 0: nobody faced the camera for long enough
    struct {
        float peaks[PROTOCOL_SHAPE_COUNT], gains[PROTOCOL_SHAPE_COUNT];
    } faces[PROTOCOL_FACES_MAX]; // of a range; peaks are those before the gains
};

struct pipeline_motion {
    struct pipeline_motion_options options;
    struct pipeline_fov fov;
    struct pipeline_motion_face faces[PROTOCOL_FACES_MAX];
    bool calibrating;
    uint64_t range;  // of which shapes; 0: the neutral face
    uint64_t shapes; // that faces had so far, 1 << enum protocol_shape each
    int64_t calibrate_until_ns;
};

void pipeline_motion_init(struct pipeline_motion *motion,
                          const struct pipeline_motion_options *options);

// Changes the options from the next record on. Filters and what was learnt go on.
void pipeline_motion_set_options(struct pipeline_motion *motion,
                                 const struct pipeline_motion_options *options);

// Processes the faces of the stream's next record: smooths their keypoints, keeping the
// given ones as raw, and adds pose and shapes where there are 68 of them.
//   expressions  of the record's faces, NULL for one that has none; NULL when none has
void pipeline_motion_run(struct pipeline_motion *motion, struct protocol_record *record,
                         const struct pipeline_expression *const *expressions);

// The field of view in use, degrees; 0 while it is to be estimated and there was no frame.
float pipeline_motion_fov(const struct pipeline_motion *motion);

// Starts measuring everybody in view, for a few seconds at most: how far the shapes in range
// reach (1 << enum protocol_shape each), or the neutral face where range is 0. Another call
// before the end starts over.
void pipeline_motion_calibrate(struct pipeline_motion *motion, uint64_t range, int64_t now_ns);

// Returns true once when a calibration is over, and sets calibrated.
bool pipeline_motion_calibrated(struct pipeline_motion *motion, int64_t now_ns,
                                struct pipeline_calibrated *calibrated);

// Copies what was measured of all faces so far.
void pipeline_motion_profile(const struct pipeline_motion *motion,
                             struct pipeline_profile *profile);

// Replaces what was measured, and forgets what was learnt. Each face gets the part of the
// profile that was measured nearest to where it is. Cancels a calibration. NULL: nothing was
// measured.
void pipeline_motion_load_profile(struct pipeline_motion *motion,
                                  const struct pipeline_profile *profile);
