// The pauses before a client connects again: none after a connection that lasted, otherwise each
// twice as long as the last. A server that accepts and closes is not asked without pause. Thread:
// the owner's.
#pragma once

#include <stdint.h>

struct protocol_backoff { // zeroed: never connected
    int64_t connected_ns; // when it was last connected
    int retry_ms;         // the last pause
};

// The client is connected.
void protocol_backoff_connected(struct protocol_backoff *backoff);

// Pauses before the first attempt to connect again, if the last connection was short. Ends at the
// deadline, as protocol_connection_deadline returns it.
void protocol_backoff_begin(struct protocol_backoff *backoff, int64_t deadline_ns);

// Pauses before the next attempt, likewise.
void protocol_backoff_wait(struct protocol_backoff *backoff, int64_t deadline_ns);
