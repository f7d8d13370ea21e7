// Where the daemon listens and its clients connect.
#pragma once

#include <stddef.h>
#include <sys/un.h>

#include "base/error.h"

#define PROTOCOL_ENDPOINT_SYSTEM "/run/mocapd/mocapd.sock"

// The longest path of a Unix socket, with its NUL.
enum { PROTOCOL_ENDPOINT_BYTES = sizeof((struct sockaddr_un *)0)->sun_path };

// Sets path to the default socket: $XDG_RUNTIME_DIR/mocapd/mocapd.sock for a user with
// XDG_RUNTIME_DIR, PROTOCOL_ENDPOINT_SYSTEM for root and for services.
bool protocol_endpoint_default(char path[PROTOCOL_ENDPOINT_BYTES],
                               struct mc_error *err) MC_MUST_USE;

// Sets address to path; fails when path is empty or too long for an address.
bool protocol_endpoint_address(const char *path, struct sockaddr_un *address,
                               struct mc_error *err) MC_MUST_USE;

// Connects a blocking stream socket, whatever signals interrupt it. Connecting, sending and
// receiving then fail with EAGAIN after wait_ms; negative: never. Returns the socket; -1, and
// errno, on failure.
int protocol_endpoint_connect(const struct sockaddr_un *address, int wait_ms);
