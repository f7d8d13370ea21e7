// Log lines on stderr: one line per event, never more.
//
// When stderr is the journal (JOURNAL_STREAM is set) lines carry its priority
// prefix and no time stamp; otherwise a time of day and the level. Any thread.
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

// Lines above this level are dropped. INFO until set. Thread: main, before others start.
void mc_log_level_set(enum mc_log_level level);
bool mc_log_enabled(enum mc_log_level level);

// "error", "warning", "info", "debug"; false when name is none of these.
bool mc_log_level_parse(const char *name, enum mc_log_level *level);

// Control characters in the text are replaced: bytes from outside can't forge a line.
void mc_log(enum mc_log_level level, const char *format, ...) MC_PRINTF(2, 3);

// Says yes at most once per interval, for messages that bad input could repeat for ever.
struct mc_log_limit {
    int64_t next_ns;  // no line before this time
    unsigned skipped; // lines held back since the last one
};

// Returns true when a line may be written now, and sets *skipped to how many
// were held back before it.
bool mc_log_limit_pass(struct mc_log_limit *limit, int64_t interval_ns, unsigned *skipped);
