#include "pipeline/source/backoff.h"

void pipeline_backoff_init(struct pipeline_backoff *backoff, uint64_t seed)
{
    *backoff = (struct pipeline_backoff){ .random = seed | 1 };
}

// xorshift64: spreads well enough for waits.
static uint64_t next_random(struct pipeline_backoff *backoff)
{
    uint64_t x = backoff->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    backoff->random = x;
    return x;
}

// The jitter adds up to half; at the longest wait it takes away instead.
static int doubled(struct pipeline_backoff *backoff, int min_ms, int max_ms)
{
    int base = min_ms;
    for (int i = 0; i < backoff->attempts && base < max_ms; i++) {
        base *= 2;
    }
    if (base < max_ms) {
        backoff->attempts++;
    } else {
        base = max_ms;
    }
    int jitter = (int)(next_random(backoff) % (uint64_t)(base / 2 + 1));
    int wait = base + jitter;
    return wait <= max_ms ? wait : max_ms - jitter / 2;
}

int pipeline_backoff_next_ms(struct pipeline_backoff *backoff, enum pipeline_fault fault)
{
    if (fault != backoff->fault) {
        backoff->attempts = 0;
        backoff->fault = fault;
    }
    if (fault == PIPELINE_FAULT_PASSING) {
        return doubled(backoff, PIPELINE_BACKOFF_MIN_MS, PIPELINE_BACKOFF_MAX_MS);
    }
    if (fault != PIPELINE_FAULT_REFUSED) {
        return doubled(backoff, PIPELINE_BACKOFF_FAR_MIN_MS, PIPELINE_BACKOFF_FAR_MAX_MS);
    }
    const int base = backoff->attempts == 0 ? PIPELINE_BACKOFF_MIN_MS : PIPELINE_BACKOFF_REFUSED_MS;
    backoff->attempts = 1;
    return base + (int)(next_random(backoff) % (uint64_t)(base / 10));
}

void pipeline_backoff_reset(struct pipeline_backoff *backoff)
{
    backoff->attempts = 0;
    backoff->fault = PIPELINE_FAULT_PASSING;
}
