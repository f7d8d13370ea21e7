#include "pipeline/source/backoff.h"

void pipeline_backoff_init(struct pipeline_backoff *backoff, uint64_t seed)
{
    backoff->attempts = 0;
    backoff->random = seed | 1;
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

int pipeline_backoff_next_ms(struct pipeline_backoff *backoff)
{
    int base = PIPELINE_BACKOFF_MIN_MS;
    for (int i = 0; i < backoff->attempts && base < PIPELINE_BACKOFF_MAX_MS; i++) {
        base *= 2;
    }
    if (base < PIPELINE_BACKOFF_MAX_MS) {
        backoff->attempts++;
    } else {
        base = PIPELINE_BACKOFF_MAX_MS;
    }
    // The jitter adds up to half; at the longest wait it takes away instead.
    int jitter = (int)(next_random(backoff) % (uint64_t)(base / 2 + 1));
    int wait = base + jitter;
    return wait <= PIPELINE_BACKOFF_MAX_MS ? wait : PIPELINE_BACKOFF_MAX_MS - jitter / 2;
}

void pipeline_backoff_reset(struct pipeline_backoff *backoff)
{
    backoff->attempts = 0;
}
