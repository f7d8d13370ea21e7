// How long to wait before the next attempt, by what went wrong: with jitter, so that
// streams that failed together don't all reconnect at the same moment.
#pragma once

#include <stdint.h>

#include "pipeline/source/fault.h"

enum {
    PIPELINE_BACKOFF_MIN_MS = 500, // twice as long after each passing fault, up to
    PIPELINE_BACKOFF_MAX_MS = 30000,
    PIPELINE_BACKOFF_FAR_MIN_MS = 10000, // the same where the source must change first
    PIPELINE_BACKOFF_FAR_MAX_MS = 300000,
    PIPELINE_BACKOFF_REFUSED_MS = 300000, // at least, after the second refusal in a row
};

struct pipeline_backoff {
    enum pipeline_fault fault; // the last
    int attempts;              // that ended so, in a row
    uint64_t random;           // state of the generator
};

// Any seed is valid.
void pipeline_backoff_init(struct pipeline_backoff *backoff, uint64_t seed);

// Counts an attempt that ended with that fault, which is not FINAL, and returns the wait
// before the next, in ms.
int pipeline_backoff_next_ms(struct pipeline_backoff *backoff, enum pipeline_fault fault);

// After a success.
void pipeline_backoff_reset(struct pipeline_backoff *backoff);
