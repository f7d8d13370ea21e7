// Log lines on stderr, one per event.
//
// When stderr is connected to the systemd journal, lines start with its priority
// prefix (sd-daemon(3)) and carry no time; otherwise they start with the time of day
// and the level. Any thread, unless stated otherwise.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum mc_log_level {
    MC_LOG_ERROR,
    MC_LOG_WARNING,
    MC_LOG_INFO,
    MC_LOG_DEBUG,
};

// Drops lines above this level from now on; INFO until set.
void mc_log_level_set(enum mc_log_level level);
bool mc_log_enabled(enum mc_log_level level);

// Writes one line. Control characters are replaced by '?', so that text from outside
// cannot forge lines; lines over 1023 bytes are cut.
void mc_log(enum mc_log_level level, const char *format, ...) MC_PRINTF(2, 3);

// Gives lines to write, as text without a prefix, in place of stderr: for a process whose log is
// another's. Any thread may log, and write is called on it. Thread: main, before others start.
void mc_log_redirect(void (*write)(enum mc_log_level level, const char *text));

// Limits messages that bad input could repeat for ever to one per interval. Zeroed at first.
// Thread: the owner's.
struct mc_log_limit {
    int64_t next_ns;  // no line before this time
    unsigned skipped; // lines held back since the last one
};

// Returns whether a line may be written now. If so, sets *skipped to the number of lines
// held back since the last one.
bool mc_log_limit_pass(struct mc_log_limit *limit, int64_t interval_ns, unsigned *skipped);
