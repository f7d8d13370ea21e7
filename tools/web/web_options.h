// The options of mocap-web.
#pragma once

#include "base/command.h"
#include "base/log.h"
#include "tools/web/access.h"

enum { WEB_ADDRESS_BYTES = 64 };

struct web_listen {
    char address[WEB_ADDRESS_BYTES]; // IPv4
    int port;                        // 0: any that is free
};

// Text is borrowed from the command line.
struct web_options {
    struct web_listen listen;
    const char *socket; // of mocapd; NULL: the default one
    const char *bridge; // of mocap-bridge's state; NULL: the default one
    const char *stream; // NULL: all
    const char *pages;  // directory; NULL: the one that ships
    struct web_names names;
    enum mc_log_level log_level;
};

extern const struct mc_option web_options_table[];
extern const struct web_options web_options_default;
