// A client's socket: whole messages in, requests out, each call within its
// deadline. Thread: the owner's.
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

// When a wait of timeout_ms ends, ns; -1 means never.
int64_t protocol_connection_deadline(int timeout_ms);
// How long until then, ms, as poll takes it: rounded up, so that it does not spin.
int protocol_connection_remaining_ms(int64_t deadline_ns);

// Connects to the socket at path. The connection is closed or was never used.
bool protocol_connection_open(struct protocol_connection *connection, const char *path,
                              int64_t deadline_ns, struct mc_error *err) MC_MUST_USE;
void protocol_connection_close(struct protocol_connection *connection);

// The next message; it stays until the next call.
enum mocap_result protocol_connection_read(struct protocol_connection *connection,
                                           int64_t deadline_ns, char **bytes, size_t *length,
                                           struct mc_error *err);

// Sends all of it. Never MOCAP_TIMEOUT: half a request leaves nothing to go on with.
enum mocap_result protocol_connection_send(struct protocol_connection *connection,
                                           const struct protocol_buffer *request,
                                           int64_t deadline_ns, struct mc_error *err);
