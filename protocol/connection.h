// A client's socket: receives whole messages and sends requests, each within a deadline.
// Thread: the owner's.
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "protocol/buffer.h"
#include "protocol/framing.h"
#include "protocol/mocap.h"

struct protocol_connection {
    int fd; // -1: closed
    struct protocol_framing framing;
};

// Returns when a wait of timeout_ms ends, ns; -1 means never.
int64_t protocol_connection_deadline(int timeout_ms);
// Returns the time left until then, ms, for poll; rounded up, so that the caller does not spin.
int protocol_connection_remaining_ms(int64_t deadline_ns);
// Waits for pause_ms, but not beyond then.
void protocol_connection_pause(int pause_ms, int64_t deadline_ns);

// Connects to the socket at path. connection must be closed or zeroed.
bool protocol_connection_open(struct protocol_connection *connection, const char *path,
                              int64_t deadline_ns, struct mc_error *err) MC_MUST_USE;
void protocol_connection_close(struct protocol_connection *connection);

// Waits for the next message, which is valid until the next call.
enum mocap_result protocol_connection_read(struct protocol_connection *connection,
                                           int64_t deadline_ns, char **bytes, size_t *length,
                                           struct mc_error *err);

// Sends the whole request. A timeout is MOCAP_ERROR: after half a request the connection is of
// no use.
enum mocap_result protocol_connection_send(struct protocol_connection *connection,
                                           const struct protocol_buffer *request,
                                           int64_t deadline_ns, struct mc_error *err);
