// What holds for one stream: its own options, then those for all, then the defaults.
#pragma once

#include <stdbool.h>

#include "daemon/options.h"

struct pipeline_motion_options;
struct pipeline_stream_options;

// What holds where own is NULL or does not say: all settings are given, but for region, which is
// of width 0 unless it is used.
struct daemon_stream_settings
daemon_stream_settings_merge(const struct daemon_stream_settings *common,
                             const struct daemon_stream_settings *own);

// Fills the pipeline's options for the stream. resolved points into stream and to motion, which
// is filled too.
void daemon_stream_resolve(const struct daemon_options *options,
                           const struct daemon_stream_options *stream,
                           struct pipeline_motion_options *motion,
                           struct pipeline_stream_options *resolved);

// True when the source is to be open only while the stream has subscribers.
bool daemon_stream_is_on_demand(const struct daemon_stream_options *stream);
