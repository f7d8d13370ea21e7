// What holds for one stream: its own options, then those for all, then the defaults.
#pragma once

#include <stdbool.h>

struct daemon_options;
struct daemon_stream_options;
struct pipeline_motion_options;
struct pipeline_stream_options;

// Fills the pipeline's options for the stream. resolved points into stream and to motion, which
// is filled too.
void daemon_stream_resolve(const struct daemon_options *options,
                           const struct daemon_stream_options *stream,
                           struct pipeline_motion_options *motion,
                           struct pipeline_stream_options *resolved);

// True when the source is to be open only while the stream has subscribers.
bool daemon_stream_is_on_demand(const struct daemon_stream_options *stream);
