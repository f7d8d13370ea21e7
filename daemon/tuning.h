// How one stream's motion is computed: what the daemon was started with, changed by requests of
// subscribers. Changes are kept and win over the options at the next start. Thread: loop.
#pragma once

#include <stdbool.h>

#include "pipeline/motion/motion.h"
#include "protocol/message.h"

struct daemon_profile_store;
struct pipeline_stream;

struct daemon_tuning {
    const struct daemon_profile_store *store;
    struct pipeline_stream *stream;
    const char *name;                          // of the stream
    struct pipeline_motion_options configured; // what the options say
    struct pipeline_motion_options current;
    bool is_unreadable; // what was kept could not be read: it is neither in use nor overwritten
    bool is_unsaved; // what was changed last could not be kept: it is in use for as long as we run
};

// Of a stream that is to be opened. Borrows both.
void daemon_tuning_init(struct daemon_tuning *tuning, const struct daemon_profile_store *store,
                        const char *name);

// The stream is opened, or opened again: applies what was kept, or what could not be. What cannot
// be read is logged, and the options hold. Borrows the stream.
void daemon_tuning_open(struct daemon_tuning *tuning, struct pipeline_stream *stream,
                        const struct pipeline_motion_options *configured);

// The options say otherwise now. What was changed still wins.
void daemon_tuning_configure(struct daemon_tuning *tuning,
                             const struct pipeline_motion_options *configured);

// Changes what settings has given, keeps it, and fills the rest of settings: what is in use.
// Returns false and sets error on failure: also while what was kept cannot be read, unless settings
// resets it.
bool daemon_tuning_change(struct daemon_tuning *tuning, struct protocol_settings *settings,
                          struct protocol_error *error);
