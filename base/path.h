// Where the program's own files are, and which paths are one file.
#pragma once

#include <stddef.h>

#include "base/error.h"

// The path of a data file that comes with the program: name in ../share/mocapd
// of the executable's directory, in the build tree and where it is installed.
// Says nothing about whether the file exists. Any thread.
bool mc_path_data(char *path, size_t size, const char *name, struct mc_error *err) MC_MUST_USE;

// Whether both paths lead to one file, by whatever name: a program must not write over what it
// reads. False where either does not exist. Any thread.
bool mc_path_is_same(const char *a, const char *b);
