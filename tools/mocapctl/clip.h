// A clip through the pipeline, without a daemon: every frame, in order.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "pipeline/stream.h"

struct AVFrame;
struct nn_model;
struct protocol_record;

// One frame and what was seen in it, borrowed for the call. false with err set
// ends the run.
typedef bool mocapctl_frame_fn(void *user, const struct protocol_record *record,
                               const struct AVFrame *picture, struct mc_error *err);

// Runs the file or URL to its end. region and motion: as in pipeline_stream_options.
bool mocapctl_clip_run(const char *url, const struct nn_model *model,
                       const struct pipeline_region *region,
                       const struct pipeline_motion_options *motion, mocapctl_frame_fn *each,
                       void *user, struct mc_error *err) MC_MUST_USE;
