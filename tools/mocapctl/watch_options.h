// What `mocapctl watch` was asked for.
#pragma once

#include "base/error.h"

enum mocapctl_format {
    MOCAPCTL_TABLE,
    MOCAPCTL_JSON,
};

struct mocapctl_watch_options {
    const char *socket; // NULL: the default one
    const char *stream; // NULL: all of them
    long count;         // stop after so many records; 0: never
    enum mocapctl_format format;
};

// argv[0] is the subcommand's name. options keep what they have where argv says
// nothing. Returns false and sets err when argv makes no sense.
bool mocapctl_watch_options_parse(struct mocapctl_watch_options *options, int argc, char **argv,
                                  struct mc_error *err) MC_MUST_USE;
