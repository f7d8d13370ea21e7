// Paths of the program's own files, directories, and whether two paths name one file.
#pragma once

#include <stddef.h>

#include "base/error.h"

// Writes the path of a data file that comes with the program: ../share/mocapd/name, seen from
// the directory of the executable. This holds in the build tree and where it is installed. The
// file need not exist. Fails when the path needs more than size bytes. Any thread.
bool mc_path_data(char *path, size_t size, const char *name, struct mc_error *err) MC_MUST_USE;

// Writes the path of another program that comes with this one: beside its executable. The file need
// not exist. Fails when the path needs more than size bytes. Any thread.
bool mc_path_program(char *path, size_t size, const char *name, struct mc_error *err) MC_MUST_USE;

// Writes the path of a file of the system's configuration: mocapd/name in etc below the prefix,
// seen from the executable in PREFIX/bin, and in /etc where the prefix is /usr. An absolute
// CMAKE_INSTALL_SYSCONFDIR takes its place (systemd/install.cmake has the same rule). The file need
// not exist. Returns false when the path needs more than size bytes. Any thread.
bool mc_path_config(char *path, size_t size, const char *name) MC_MUST_USE;

// Writes the path of a file or directory in the state directory: that of systemd
// ($STATE_DIRECTORY), else $XDG_STATE_HOME/mocapd, else ~/.local/state/mocapd. It need not exist.
// Returns false when there is no such directory, or the path needs more than size bytes. Any
// thread.
bool mc_path_state(char *path, size_t size, const char *name) MC_MUST_USE;

// Makes a directory, for its owner alone, and those above it. One that exists is left as it is.
// Any thread.
bool mc_path_make_directory(const char *path, struct mc_error *err) MC_MUST_USE;

// Makes the directory that a file is to be in, likewise. The path is absolute.
bool mc_path_make_parent(const char *path, struct mc_error *err) MC_MUST_USE;

// True when both paths lead to the same file, under whatever names: a program must not overwrite
// its input. False when either does not exist. Any thread.
bool mc_path_is_same(const char *a, const char *b);
