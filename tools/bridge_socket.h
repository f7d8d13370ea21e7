// The Unix socket at which mocap-bridge gives its state: tools/bridge/status.h.
#pragma once

#include "protocol/endpoint.h"

// Sets path to the default one: mocap-bridge.sock beside the daemon's.
bool tools_bridge_socket_path(char path[PROTOCOL_ENDPOINT_BYTES], struct mc_error *err) MC_MUST_USE;

// Connects; reading then fails with EAGAIN after wait_ms. Returns the socket; -1 and sets err on
// failure, whose detail is EAGAIN where the bridge is too busy to answer.
int tools_bridge_socket_connect(const char *path, int wait_ms, struct mc_error *err);
