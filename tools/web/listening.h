// What listening takes, checked before libwebsockets does: it only warns, and goes on.
#pragma once

#include <stdbool.h>

#include "base/error.h"

// Whether the address is this machine's and the port is free.
bool web_listening_is_possible(const char *address, int port, struct mc_error *err) MC_MUST_USE;

// Whether there are file descriptors for so many connections; raises the limit as far as it may.
// Where descriptors run out, libwebsockets would spin.
bool web_listening_has_files(int connections, struct mc_error *err) MC_MUST_USE;
