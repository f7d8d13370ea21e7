// Reads the configuration again while the daemon runs. Streams that are as before go on untouched,
// others are opened anew, added or removed. Streams that a request has added stay. Thread: loop.
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct daemon_options;
struct daemon_streams;
struct protocol_reloaded;
struct server_publisher;

struct daemon_reload {
    int argc; // the daemon's own command line, which holds again; borrowed
    char *const *argv;
    struct daemon_options *options; // in use; replaced
    struct daemon_streams *streams;
    struct server_publisher *publisher;
};

// Fills reloaded, but for its id, and logs what has changed. Returns false and sets err when the
// configuration is wrong: all is as it was.
bool daemon_reload_run(const struct daemon_reload *reload, struct protocol_reloaded *reloaded,
                       struct mc_error *err) MC_MUST_USE;
