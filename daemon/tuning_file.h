// The file in which a stream's changed settings are saved, beside its calibration profiles:
// STREAM.settings, as text. It has only those that differ from the options.
//
//     # Settings of stream desk, by mocapd: see docs/motion.md.
//     smooth = yes
//     smooth-min-cutoff = 1
//     smooth-beta = 20
//     fov = auto
//     gain.jawOpen = 1.5
//
// Whatever else a file holds is refused, with its line and what must be there.
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "protocol/message.h"

struct daemon_profile_store;

// Reads what was kept of the stream; nothing is given when there is no file.
bool daemon_tuning_file_read(const struct daemon_profile_store *store, const char *stream,
                             struct protocol_settings *settings, struct mc_error *err) MC_MUST_USE;

// Replaces the file, atomically; deletes it when nothing is given. Blocks on the disk.
bool daemon_tuning_file_write(const struct daemon_profile_store *store, const char *stream,
                              const struct protocol_settings *settings,
                              struct mc_error *err) MC_MUST_USE;
