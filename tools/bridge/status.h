// The state of the bridge, for everybody who may open its Unix socket: it writes one line of JSON
// (bridge.h) to each connection, and closes it.
#pragma once

#include "base/command.h"
#include "protocol/endpoint.h"

// Sets path to the default socket: mocap-bridge.sock beside the daemon's.
bool bridge_status_path(char path[PROTOCOL_ENDPOINT_BYTES], struct mc_error *err) MC_MUST_USE;

// Listens at path, and replaces a socket that nobody listens at. Returns the descriptor; -1 and
// sets err when it can't, or when another bridge listens there.
int bridge_status_listen(const char *path, struct mc_error *err);

// Takes one connection and answers it. Never blocks.
void bridge_status_answer(int listener, const char *text);

// mocap-bridge status.
extern const struct mc_command bridge_status_command;
