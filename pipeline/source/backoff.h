// How long to wait before the next attempt: twice as long each time, from half a second
// to half a minute, with jitter so that streams that failed together don't all reconnect
// at the same moment.
#pragma once

#include <stdint.h>

enum { PIPELINE_BACKOFF_MIN_MS = 500, PIPELINE_BACKOFF_MAX_MS = 30000 };

struct pipeline_backoff {
    int attempts;    // since the last reset
    uint64_t random; // state of the generator
};

// Any seed is valid.
void pipeline_backoff_init(struct pipeline_backoff *backoff, uint64_t seed);

// Counts an attempt and returns the wait before it, in ms.
int pipeline_backoff_next_ms(struct pipeline_backoff *backoff);

// After a success.
void pipeline_backoff_reset(struct pipeline_backoff *backoff);
