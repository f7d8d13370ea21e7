// The file of a calibration profile: what was measured of the faces of one stream, as text.
//
//     # Calibration of stream desk, profile default, by mocapd: see docs/motion.md.
//     version = 1
//     [face 1]
//     x = 0.482
//     neutral = yes
//     feature.browLeft = 0.1402
//     shape.cheekPuff = 0.0871
//     gain.jawOpen = 1.43
//
// x is where the face was measured, 0 at the frame's left edge, 1 at the right. feature and
// shape are what it reads at rest (pipeline/motion/calibration.h), within bounds. Whatever
// else a file holds is refused, with its line and what must be there.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct pipeline_profile;

// Reads the file at path.
bool daemon_profile_file_read(const char *path, struct pipeline_profile *profile,
                              struct mc_error *err) MC_MUST_USE;

// The same for size bytes in memory; path is for errors.
bool daemon_profile_file_parse(const char *path, const char *bytes, size_t size,
                               struct pipeline_profile *profile, struct mc_error *err) MC_MUST_USE;

// Replaces the file at path, atomically; a new one is its owner's alone. stream and name are for
// its comment. Blocks on the disk.
bool daemon_profile_file_write(const char *path, const char *stream, const char *name,
                               const struct pipeline_profile *profile,
                               struct mc_error *err) MC_MUST_USE;
