// The daemon's command line, and the file that --config names. The command line wins over what
// the file says for all streams; what a section says about its stream holds in any case.
#pragma once

#include <stdio.h>

#include "base/error.h"

struct daemon_options;

enum daemon_command_line_result {
    DAEMON_COMMAND_LINE_RUN,
    DAEMON_COMMAND_LINE_HELP,
    DAEMON_COMMAND_LINE_VERSION,
    DAEMON_COMMAND_LINE_USAGE,  // the command line is wrong; err says how
    DAEMON_COMMAND_LINE_CONFIG, // the file is; err says where and how
};

// Fills options. Borrows argv.
enum daemon_command_line_result daemon_command_line_read(struct daemon_options *options, int argc,
                                                         char *const *argv, struct mc_error *err);

// Writes the text of --help.
void daemon_command_line_write_help(FILE *out);
