#include "protocol/backoff.h"

#include <poll.h>
#include <stddef.h>

#include "base/clock.h"
#include "protocol/connection.h"

enum {
    RETRY_FIRST_MS = 20,  // before connecting again; doubles each time,
    RETRY_LAST_MS = 1000, // up to this,
    LASTING_MS = 5000,    // until a connection has lasted so long
};

void protocol_backoff_connected(struct protocol_backoff *backoff)
{
    backoff->connected_ns = mc_clock_now_ns();
}

void protocol_backoff_begin(struct protocol_backoff *backoff, int64_t deadline_ns)
{
    if (mc_clock_now_ns() - backoff->connected_ns >= LASTING_MS * MC_NS_PER_MS) {
        backoff->retry_ms = 0;
    } else {
        protocol_backoff_wait(backoff, deadline_ns);
    }
}

void protocol_backoff_wait(struct protocol_backoff *backoff, int64_t deadline_ns)
{
    int left_ms = protocol_connection_remaining_ms(deadline_ns);
    backoff->retry_ms = backoff->retry_ms == 0 ? RETRY_FIRST_MS : 2 * backoff->retry_ms;
    backoff->retry_ms = backoff->retry_ms < RETRY_LAST_MS ? backoff->retry_ms : RETRY_LAST_MS;
    poll(NULL, 0, left_ms < 0 || backoff->retry_ms < left_ms ? backoff->retry_ms : left_ms);
}
