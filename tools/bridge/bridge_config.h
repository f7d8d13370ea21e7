// mocap-bridge.conf.
//
//     stream = main            # above all sections: for all targets
//     [target studio]
//     type = vmc
//     address = 192.168.1.20
//     gain = jawOpen=1.5, mouthSmileLeft=1.2
//
// base/config_text.h has the syntax: comments, quotes, blanks, line ends.
#pragma once

#include "tools/bridge/bridge_options.h"

// Reads the file. Its targets come after the command line's; socket, status-socket and log-level
// hold where the command line has none. On failure err says "FILE:LINE:COLUMN: must be …, got …".
bool bridge_config_read(struct bridge_options *options, const char *path,
                        struct mc_error *err) MC_MUST_USE;

// Sets path to the configuration file that is there by default: in the user's folder, or else the
// system's. Returns false when there is none.
bool bridge_config_find(char *path, size_t size);
