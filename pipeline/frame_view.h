// A frame as the tracker sees it: through the networks of a worker's seat.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipeline/track/tracker.h"

struct pipeline_frame;
struct pipeline_worker_context;

// All borrowed until the frame is done.
struct pipeline_frame_view {
    const struct pipeline_worker_context *seat;
    const struct pipeline_frame *frame;
    int64_t scale_us, infer_us; // spent so far
    struct mc_error err;        // why a square could not be looked at
};

// What the tracker looks with; without a locator in the seat, or when it isn't
// wanted, locate is NULL. Valid as long as gaze. Thread: worker.
struct pipeline_detectors pipeline_frame_view_detectors(struct pipeline_frame_view *gaze,
                                                        bool locates);
