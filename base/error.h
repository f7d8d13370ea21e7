// Errors: the kind of failure, and a message that says what is wrong and where.
//
// A function that can fail takes struct mc_error *err last, and returns a bool or a pointer that
// may be NULL. It sets err on failure, and leaves it alone otherwise. The caller owns the error,
// on its stack; NULL is allowed everywhere. Nothing here allocates. Any thread.
#pragma once

#include <stdbool.h>

#include "base/compiler.h"

enum mc_error_code {
    MC_ERROR_NONE,
    MC_ERROR_ARGUMENT, // the caller or the user asked for something impossible
    MC_ERROR_SYSTEM,   // a system call failed; detail is errno
    MC_ERROR_MEDIA,    // FFmpeg failed; detail is its AVERROR
    MC_ERROR_FORMAT,   // bytes from outside do not follow their format
    MC_ERROR_MEMORY,   // out of memory
};

struct mc_error {
    enum mc_error_code code;
    int detail;        // errno for SYSTEM, AVERROR for MEDIA, else 0
    char message[512]; // "context: cause", no full stop; cut when longer
};

// Sets err. Returns false, as do the functions below, so that a caller can return the result.
bool mc_error_set(struct mc_error *err, enum mc_error_code code, int detail, const char *format,
                  ...) MC_PRINTF(4, 5);

// Puts "context: " before the message, and keeps code and detail.
bool mc_error_wrap(struct mc_error *err, const char *format, ...) MC_PRINTF(2, 3);

// Sets a SYSTEM error from errno: "context: No such file or directory".
bool mc_error_set_errno(struct mc_error *err, const char *format, ...) MC_PRINTF(2, 3);

// Clang's analyzer looks at one file at a time, and does not see that these return false.
#ifdef __clang_analyzer__
#define mc_error_set(...) (mc_error_set(__VA_ARGS__), false)
#define mc_error_set_errno(...) (mc_error_set_errno(__VA_ARGS__), false)
#define mc_error_wrap(...) (mc_error_wrap(__VA_ARGS__), false)
#endif
