// The configuration file.
//
//     # For all streams; names are those of the long options.
//     every-frame = yes
//     [stream desk]
//     url = v4l2:/dev/video0
//     region = 100,0,480,480
//
// base/config_text.h has the syntax: comments, quotes, blanks, line ends. Options before the
// first section are those of the command line. A [stream NAME] section takes the keys of
// daemon_stream_table, and again those of daemon_settings_table.
//
// Drop-ins, the files *.conf of the folder FILE.d, are read after the file, in the order of their
// names, byte by byte; later ones win. A section of a stream that an earlier file has changes what
// it gives and leaves the rest; within one file each stream has one section.
#pragma once

#include <stdio.h>

#include "base/error.h"

struct daemon_options;

// Reads the file and its drop-ins into options. A path that begins with - need not exist. On
// failure, err says "FILE:LINE:COLUMN: must be …, got …"; passwords are not shown.
bool daemon_config_read(struct daemon_options *options, const char *path,
                        struct mc_error *err) MC_MUST_USE;

// Writes options as such a file, with what holds where nothing is said. Passwords are not shown,
// and the secrets of URLs are hidden.
void daemon_config_write(const struct daemon_options *options, FILE *out);
