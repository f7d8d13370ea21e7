// One frame as the tracker sees it: through the networks of a worker.
//
// The tracker calls observe and detect and nothing else that depends on pixels. Tests
// of the tracker link their own version of them (tests/pipeline/scene.h), which sees
// faces at known locations.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/keypoint.h"
#include "pipeline/expression.h"
#include "pipeline/track/locator.h"
#include "pipeline/track/scaler.h"

struct AVFrame;
struct nn_tensor;
struct pipeline_display_transform;
struct pipeline_detectors;

enum { PIPELINE_KEYPOINTS_MAX = 128, PIPELINE_DENSE_MAX = 256 };

// What the landmark network finds in a region of interest.
struct pipeline_observation {
    int id;      // stays the same while the face is followed; 0 where none is
    float score; // 0 to 1; negative: the region could not be read
    struct mc_keypoint keypoints[PIPELINE_KEYPOINTS_MAX]; // displayed pixels
    float jacobians[PIPELINE_KEYPOINTS_MAX][4];           // row by row, of models that have them
    struct mc_keypoint dense[PIPELINE_DENSE_MAX];         // likewise; displayed pixels
    bool has_expression;
    struct pipeline_expression expression;
};

// Begins with zeros but for the first five.
struct pipeline_frame_view {
    const struct pipeline_detectors *detectors; // borrowed, as the frame is
    const struct AVFrame *frame;
    const struct pipeline_display_transform *display; // of the frame
    double pts;                                       // of the frame, seconds
    unsigned session;                                 // likewise; see frame_pool.h
    int64_t scale_us, infer_us;                       // spent so far
    struct mc_error err;                              // why a region could not be read; the latest
};

// Runs the landmark network on a region: fills all of the observation but its id.
// Thread: worker.
void pipeline_frame_view_observe(struct pipeline_frame_view *view, const struct pipeline_roi *roi,
                                 struct pipeline_observation *observation);

// Reads the expression of a face that was observed, through the network for that. Without one, or
// if the frame cannot be read there, the observation is left as it is. Thread: worker.
void pipeline_frame_view_express(struct pipeline_frame_view *view,
                                 struct pipeline_observation *observation);

// Cuts the crops that an expression network sees of a face into its input.
//   mapping  of the last crop, which shows the whole face
// Returns false when that one cannot be cut. Thread: worker.
bool pipeline_frame_view_crop(struct pipeline_frame_view *view, const struct mc_keypoint *keypoints,
                              const struct nn_tensor *input, struct pipeline_mapping *mapping);

// Finds faces in a region; the detectors must have a locator.
//   share  least score of a face, as a share of the locator's own
//   found  room for NN_DETECTIONS_MAX; the highest score first
// Returns how many there are; 0 also when the region could not be read. Thread: worker.
int pipeline_frame_view_detect(struct pipeline_frame_view *view, const struct pipeline_roi *roi,
                               float share, struct pipeline_detection *found);
