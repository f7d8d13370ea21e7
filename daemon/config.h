// The configuration file.
//
//     # a comment
//     every-frame = yes
//     [stream desk]
//     url = v4l2:/dev/video0
//     region = 100,0,480,480
//
// Keys are the long options. In a [stream NAME] section: url, user, password,
// password-file, transport, max-faces, region, full-frame, repeat, damaged, on-demand,
// smooth, smooth-min-cutoff, smooth-beta, fov.
#pragma once

#include "base/error.h"

struct daemon_options;

// Reads the file into options. On failure err names file, line and what was expected.
bool daemon_config_read(struct daemon_options *options, const char *path,
                        struct mc_error *err) MC_MUST_USE;
