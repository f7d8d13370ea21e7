// The state of the bridge, for everybody who may open its Unix socket: it writes one line of JSON
// (bridge.h) to each connection, and closes it.
#pragma once

#include "base/command.h"
#include "protocol/endpoint.h"

// Listens at path, and replaces a socket that nobody listens at. Returns the descriptor; -1 and
// sets err when it can't, or when another bridge listens there.
int bridge_status_listen(const char *path, struct mc_error *err);

// Takes one connection and answers it. Never blocks.
void bridge_status_answer(int listener, const char *text);

// mocap-bridge status.
extern const struct mc_command bridge_status_command;
