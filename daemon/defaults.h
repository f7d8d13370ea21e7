// What the daemon does where nothing is said: paths, number of workers, the stream to watch.
#pragma once

#include "base/error.h"

struct daemon_options;

// Read again where no stream is given: the one that daemon_defaults_fill chose for running stays,
// even if the webcam has come or gone since. To be called before it.
void daemon_defaults_keep_stream(struct daemon_options *options,
                                 const struct daemon_options *running);

// Completes options: every path is set, there is at least one worker and one stream.
bool daemon_defaults_fill(struct daemon_options *options, struct mc_error *err) MC_MUST_USE;
