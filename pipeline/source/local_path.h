// The file, or numbered files, of a local source. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "pipeline/source/url.h"

// Writes the path of a FILE or SDP URL, and checks that it is a regular file with something in it;
// or the pattern of an IMAGES URL, and checks that it has a number. Of another kind leaves path as
// it is. False and err when it is none of these.
bool pipeline_local_path(enum pipeline_url_kind kind, const char *url, char *path, size_t size,
                         struct mc_error *err) MC_MUST_USE;
