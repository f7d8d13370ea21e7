// What is made of one stream's options, and what a change of them takes. Thread: any.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/options.h"
#include "pipeline/motion/motion.h"
#include "pipeline/stream.h"

// Not to be copied: resolved points into it.
struct daemon_stream_plan {
    struct daemon_stream_options own;
    struct pipeline_motion_options motion;
    struct pipeline_stream_options resolved; // points to own and motion
    bool on_demand;
    uint64_t linger_ms;
};

// Options of the stream, of all streams, and defaults, in this order.
void daemon_stream_plan_make(struct daemon_stream_plan *plan, const struct daemon_options *options,
                             const struct daemon_stream_options *own);

// Whether the source, and what is done with its frames up to the motion, are the same. If not, it
// has to be opened again.
bool daemon_stream_plan_has_same_frames(const struct daemon_stream_plan *a,
                                        const struct daemon_stream_plan *b);

bool daemon_stream_plan_has_same_motion(const struct daemon_stream_plan *a,
                                        const struct daemon_stream_plan *b);
