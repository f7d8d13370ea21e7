// Opening and replacing files, and the descriptors that takes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

// Opens the regular file at path to be read; -1, with err naming path, on failure. Never waits, as
// opening a pipe does. Any thread.
int mc_file_open(const char *path, struct mc_error *err) MC_MUST_USE;

// Whether count descriptors are free, 64 at most; otherwise sets err. Without, libuv aborts when it
// starts. Any thread.
bool mc_file_room(int count, struct mc_error *err) MC_MUST_USE;

// Raises the limit of open files to the most that is allowed; systems start with 1024. If that is
// refused, the limit stays.
void mc_file_limit_raise(void);

// A run of bytes of a file's contents. Borrowed.
struct mc_file_part {
    const void *bytes;
    size_t size;
};

// Replaces the contents of the regular file at path, or creates it, with the given parts
// in order. The replacement is atomic and durable: at any time, and after a crash, path
// names either the old file or the complete new one. The data goes to a temporary file in
// the same folder, which is flushed to disk and renamed; the folder is flushed last.
//
// An existing file passes its permission bits on; a new one gets mode less the umask. A
// symbolic link is replaced, not followed. On failure no temporary file is left behind and
// err names path; the old file is untouched, unless only the last flush failed. Blocks on
// the disk. Any thread.
bool mc_file_replace(const char *path, const struct mc_file_part *parts, int part_count,
                     mode_t mode, struct mc_error *err) MC_MUST_USE;

// The same without flushing, for what is of no use after a crash of the machine. Does not wait for
// the disk.
bool mc_file_replace_volatile(const char *path, const struct mc_file_part *parts, int part_count,
                              mode_t mode, struct mc_error *err) MC_MUST_USE;
