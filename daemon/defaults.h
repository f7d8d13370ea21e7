// What the daemon does where nothing is said: paths, number of workers, the stream to watch.
#pragma once

#include "base/error.h"

struct daemon_options;

// Completes options: every path is set, there is at least one worker and one stream.
bool daemon_defaults_fill(struct daemon_options *options, struct mc_error *err) MC_MUST_USE;
