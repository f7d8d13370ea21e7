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

// How long to pause before the first attempt to connect again; 0 unless the last connection was
// short.
int protocol_backoff_first_ms(struct protocol_backoff *backoff);

// And before the next attempt.
int protocol_backoff_next_ms(struct protocol_backoff *backoff);
