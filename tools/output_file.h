// An output file that takes its name when it is complete: a program that fails leaves what was
// there before. It is written beside the target and renamed; a file that is there passes its
// permission bits on, and where a symbolic link leads to it, the link stays. A device, a pipe, what
// /dev and /proc name (/dev/stdout), and a file in a folder where none can be made are written
// directly.
//
// It is not flushed to disk: see mc_file_replace for what must survive a crash. A signal that ends
// the program (SIGINT, SIGTERM, SIGHUP, SIGXFSZ) removes what is not complete. One thread.
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

struct tools_output_file {
    char path[PATH_MAX];   // to open and write, then to close
    char target[PATH_MAX]; // that it becomes; "": path is written directly
};

// Chooses the path. One that it makes ends as the target does. Fails when the path is too long.
bool tools_output_file_begin(struct tools_output_file *file, const char *target,
                             struct mc_error *err) MC_MUST_USE;

// Call one of them once path is closed. Commit gives the file its name, drop removes it; of what
// was written directly, drop leaves what there is.
bool tools_output_file_commit(struct tools_output_file *file, struct mc_error *err) MC_MUST_USE;
void tools_output_file_drop(struct tools_output_file *file);
