// Programs and their commands: "mocapctl watch --count 3", "mocap-lab bench net".
//
// A command is data: its name, what it does, its options, and either the function that
// runs it or the commands below it. --help, --version and errors are the same for all.
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/options.h"

// Exit statuses.
enum {
    MC_EXIT_OK = 0,
    MC_EXIT_FAILED = 1, // understood, but could not be done
    MC_EXIT_USAGE = 2,  // not understood
};

struct mc_command {
    const char *name;
    const char *summary;             // a phrase, no full stop: "print motion records"
    const char *details;             // sentences for its own --help; NULL: none
    const struct mc_option *options; // NULL: none but the commands' above
    const void *defaults;            // what its options start as; NULL: zeros
    size_t options_size;             // of the struct that options fill

    // Whether the options make sense together. May complete them. NULL: always.
    bool (*check)(void *options, struct mc_error *err);

    // Returns the exit status. globals are the options of the program itself.
    int (*run)(const void *options, const void *globals);

    const struct mc_command *const *commands; // ends in NULL; with run, none has to be named
};

// Reads the command line and runs the command that it names. Commands take the options of
// the commands above them too. Prints help, the version ("NAME VERSION") and errors
// ("mocapctl watch: --count must be …"). Finishes the output. Returns the exit status.
int mc_command_main(const struct mc_command *program, const char *version, int argc, char **argv);

// Writes what standard output still holds, since the disk may be full. Returns status, but
// MC_EXIT_FAILED, with a message to standard error, for an MC_EXIT_OK whose output could not be
// written; a reader that has gone has seen what it wanted.
int mc_command_finish_output(const char *program, int status);

// Writes a command's help, as --help does.
//   path  the commands from the program to this one
void mc_command_write_help(const struct mc_command *const *path, int depth, FILE *out);
