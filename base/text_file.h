// Text files that people write, read whole.
#pragma once

#include <stddef.h>

#include "base/error.h"

// Longer files are not written by hand: endless ones (/dev/zero) end here.
enum { MC_TEXT_FILE_BYTES_MAX = 1 << 20 };

struct mc_text_file {
    char *text; // owned; ends in NUL and holds no other
    size_t length;
};

// Reads a file, a pipe or a device. A UTF-8 byte order mark at the start is dropped. Refuses
// directories, UTF-16, NUL bytes, pipes that nobody writes to and what exceeds
// MC_TEXT_FILE_BYTES_MAX; the error begins with path and, where it helps, line and column. That
// the rest is UTF-8 is not checked. Waits for at most five seconds for what has yet to be written
// to a pipe. Any thread. Finish file whatever is returned.
bool mc_text_file_read(struct mc_text_file *file, const char *path,
                       struct mc_error *err) MC_MUST_USE;

// The same for size bytes in memory, which stay the caller's; path is for errors.
bool mc_text_file_copy(struct mc_text_file *file, const char *path, const char *bytes, size_t size,
                       struct mc_error *err) MC_MUST_USE;

// From now on nothing is waited for: what has yet to be written to a pipe is an error at once. For
// a program that must not stand still any more.
void mc_text_file_never_wait(void);

// Wipes the text, which may hold passwords, and frees it. Zeroed files are allowed.
void mc_text_file_finish(struct mc_text_file *file);
