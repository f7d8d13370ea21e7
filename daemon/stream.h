// What holds for one stream: its own options, then those for all, then the defaults.
#pragma once

#include <stdbool.h>

struct daemon_options;
struct daemon_stream_options;
struct pipeline_motion_options;
struct pipeline_stream_options;

// Fills wanted with all that the pipeline is told of the stream. It points into stream,
// and to motion, which is filled too.
void daemon_stream_resolve(const struct daemon_options *options,
                           const struct daemon_stream_options *stream,
                           struct pipeline_motion_options *motion,
                           struct pipeline_stream_options *wanted);

// True when its source is open only while somebody has subscribed.
bool daemon_stream_on_demand(const struct daemon_stream_options *stream);
