#include "protocol/backoff.h"

#include "base/clock.h"

enum {
    RETRY_FIRST_MS = 20,  // before connecting again; doubles each time,
    RETRY_LAST_MS = 1000, // up to this,
    LASTING_MS = 5000,    // until a connection has lasted so long
};

void protocol_backoff_connected(struct protocol_backoff *backoff)
{
    backoff->connected_ns = mc_clock_now_ns();
}

int protocol_backoff_first_ms(struct protocol_backoff *backoff)
{
    if (mc_clock_now_ns() - backoff->connected_ns >= LASTING_MS * MC_NS_PER_MS) {
        backoff->retry_ms = 0;
        return 0;
    }
    return protocol_backoff_next_ms(backoff);
}

int protocol_backoff_next_ms(struct protocol_backoff *backoff)
{
    backoff->retry_ms = backoff->retry_ms == 0 ? RETRY_FIRST_MS : 2 * backoff->retry_ms;
    backoff->retry_ms = backoff->retry_ms < RETRY_LAST_MS ? backoff->retry_ms : RETRY_LAST_MS;
    return backoff->retry_ms;
}
