// A clip through the pipeline, without a daemon: every frame, in order.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "pipeline/stream.h"

struct pipeline_frame;
struct pipeline_models;
struct protocol_record;

// One frame and its record, borrowed for the call. Return false with err set to end the run.
typedef bool tools_clip_frame_fn(void *user, const struct protocol_record *record,
                                 const struct pipeline_frame *frame, struct mc_error *err);

struct tools_clip_options {
    const struct pipeline_models *models; // without a locator region is used
    struct pipeline_region region;        // all zero: faces are found and tracked
    int max_faces;                        // as in pipeline_stream_options; and so motion
    const struct pipeline_motion_options *motion;
};

// Runs the file or URL to its end.
bool tools_clip_run(const char *url, const struct tools_clip_options *options,
                    tools_clip_frame_fn *each, void *user, struct mc_error *err) MC_MUST_USE;
