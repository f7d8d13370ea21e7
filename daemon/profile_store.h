// Where calibration profiles are kept: one file for each stream and profile, in the state
// directory, and for each stream the name of the profile in use.
//
// The state directory is systemd's ($STATE_DIRECTORY), else $XDG_STATE_HOME/mocapd, else
// ~/.local/state/mocapd; its folder calibration is made when something is first kept. Blocks
// on the disk: a person calibrates, so that happens seldom. Thread: loop.
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "protocol/message.h"

struct pipeline_profile;

struct daemon_profile_store {
    char directory[PATH_MAX]; // "": there is none, nothing is kept
};

// Finds the state directory.
void daemon_profile_store_init(struct daemon_profile_store *store);

// Writes the path of another file of the stream in the folder: STREAM and suffix. Fails when there
// is no folder.
bool daemon_profile_store_path(const struct daemon_profile_store *store, const char *stream,
                               const char *suffix, char path[PATH_MAX],
                               struct mc_error *err) MC_MUST_USE;

// Makes the folder and those above it.
bool daemon_profile_store_make(const struct daemon_profile_store *store,
                               struct mc_error *err) MC_MUST_USE;

// The profile of the stream in use when it was last kept; "default" if there is none.
// Returns false and sets err when the file that says so cannot be read.
bool daemon_profile_store_active(const struct daemon_profile_store *store, const char *stream,
                                 char profile[PROTOCOL_NAME_BYTES],
                                 struct mc_error *err) MC_MUST_USE;
bool daemon_profile_store_set_active(const struct daemon_profile_store *store, const char *stream,
                                     const char *profile, struct mc_error *err) MC_MUST_USE;

// Reads a profile; one that was never kept is empty.
bool daemon_profile_store_read(const struct daemon_profile_store *store, const char *stream,
                               const char *name, struct pipeline_profile *profile,
                               struct mc_error *err) MC_MUST_USE;

// Keeps a profile; one without faces is deleted.
bool daemon_profile_store_write(const struct daemon_profile_store *store, const char *stream,
                                const char *name, const struct pipeline_profile *profile,
                                struct mc_error *err) MC_MUST_USE;

// Whether a profile is kept.
bool daemon_profile_store_has(const struct daemon_profile_store *store, const char *stream,
                              const char *name);

// Lists the profiles of a stream that are kept, by name: the first PROTOCOL_PROFILES_MAX. Returns
// how many there are in all.
int daemon_profile_store_list(const struct daemon_profile_store *store, const char *stream,
                              char names[PROTOCOL_PROFILES_MAX][PROTOCOL_NAME_BYTES]);
