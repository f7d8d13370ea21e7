// The connection of a command-line program to mocapd.
#pragma once

#include "base/options.h"
#include "protocol/mocap.h"

enum { TOOLS_REPLY_MS = 5000 }; // how long mocapd may take to answer

// The options of programs that connect, and their table.
struct tools_connect_options {
    const char *socket; // NULL: the default one
};

extern const struct mc_option tools_connect_table[];

// Connects to the daemon that listens on socket, NULL: the default one. Complains and returns
// NULL when that fails; close with mocap_close.
struct mocap_client *tools_connect(const char *socket) MC_MUST_USE;
