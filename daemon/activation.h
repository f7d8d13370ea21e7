// The listening socket that a service manager has opened for the daemon: sd_listen_fds(3), without
// its library. Call before threads start.
#pragma once

#include <limits.h>

#include "base/error.h"

// Takes the socket over and writes its path. Returns its descriptor, or -1: err is set when what
// was passed is no listening Unix socket, and is left alone when nothing was passed.
int daemon_activation_take(char path[PATH_MAX], struct mc_error *err);
