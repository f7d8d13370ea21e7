// Whether a URL names a kind of source that there is. Any thread.
#pragma once

#include "base/error.h"

// Refuses quotes around the URL, protocols that FFmpeg does not know, and file names that are
// probably meant to be v4l2:, lavfi:, demo: or images:. The error suggests what was meant; it does
// not hold the URL, which may hold a password.
bool pipeline_url_check_scheme(const char *url, struct mc_error *err) MC_MUST_USE;
