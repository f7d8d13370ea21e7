// A clip through the pipeline, without a daemon: every frame, in order.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "pipeline/stream.h"

struct nn_model;
struct pipeline_frame;
struct protocol_record;

// One frame and its record, borrowed for the call. Return false with err set to end the run.
typedef bool tools_clip_frame_fn(void *user, const struct protocol_record *record,
                                 const struct pipeline_frame *frame, struct mc_error *err);

struct tools_clip_options {
    const struct nn_model *model;
    const struct nn_model *locator;    // NULL: region is used
    const struct nn_model *expression; // NULL: shapes follow from landmarks
    struct pipeline_region region;     // all zero: faces are found and tracked
    int max_faces;                     // as in pipeline_stream_options; and so motion
    const struct pipeline_motion_options *motion;
};

// Runs the file or URL to its end.
bool tools_clip_run(const char *url, const struct tools_clip_options *options,
                    tools_clip_frame_fn *each, void *user, struct mc_error *err) MC_MUST_USE;

// The locator in the file at path; NULL: the one that ships.
struct nn_model *tools_clip_locator(const char *path, unsigned cpu_flags,
                                    struct mc_error *err) MC_MUST_USE;

// The network that reads expressions, as mocapd chooses it: the file at path; none for "off"; NULL:
// the one that ships, where model gives the landmarks for it. *expression is NULL for none.
bool tools_clip_expression(const char *path, const struct nn_model *model, unsigned cpu_flags,
                           struct nn_model **expression, struct mc_error *err) MC_MUST_USE;
