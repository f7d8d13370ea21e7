// The command line of a program that runs until it is told to stop.
#pragma once

#include <getopt.h>

#include "base/error.h"
#include "base/log.h"

enum tools_arguments_result {
    TOOLS_ARGUMENTS_RUN,
    TOOLS_ARGUMENTS_HELP,
    TOOLS_ARGUMENTS_VERSION,
    TOOLS_ARGUMENTS_USAGE, // err is set
};

// Takes one option: its letter in the table, and its value, NULL without one.
typedef bool tools_argument_fn(void *options, int letter, char *value, struct mc_error *err);

// Gives every option of the command line to take. known ends in zeros; its letters
// 'h' and 'V' are help and version. There are no arguments but options.
enum tools_arguments_result tools_arguments_read(int argc, char **argv, const struct option *known,
                                                 tools_argument_fn *take, void *options,
                                                 struct mc_error *err) MC_MUST_USE;

// Reads the value of --log-level.
bool tools_arguments_log_level(const char *text, enum mc_log_level *level,
                               struct mc_error *err) MC_MUST_USE;

// Prints what the command line asks for instead of a run: help, the version, or what is
// wrong with it. Returns the program's exit status.
int tools_arguments_answer(enum tools_arguments_result result, const char *program,
                           const char *usage, const struct mc_error *err);
