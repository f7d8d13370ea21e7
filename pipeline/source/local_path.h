// The file, or numbered files, of a local source. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "pipeline/source/url.h"

// Writes the path of a FILE, SDP or IMAGES URL, and checks that its file, or the first of its
// files, can be one; of another kind leaves path as it is. False and err when not.
bool pipeline_local_path(enum pipeline_url_kind kind, const char *url, char *path, size_t size,
                         struct mc_error *err) MC_MUST_USE;
