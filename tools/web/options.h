// What mocap-web was asked for.
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "tools/arguments.h"
#include "tools/web/origin.h"

enum { WEB_ADDRESS_BYTES = 64 };

struct web_options {
    char address[WEB_ADDRESS_BYTES]; // to listen at: an IPv4 address
    int port;                        // 0: any that is free
    const char *socket;              // of mocapd; NULL: the default one
    const char *stream;              // NULL: all
    const char *pages;               // directory; NULL: that of the program
    struct web_hosts hosts;
    enum mc_log_level log_level;
};

extern const char web_options_usage[];

// The options borrow from argv.
enum tools_arguments_result web_options_parse(struct web_options *options, int argc, char **argv,
                                              struct mc_error *err) MC_MUST_USE;
