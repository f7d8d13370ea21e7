// Whether a webcam is there and may be opened, without opening it: its light stays off. Any thread.
#pragma once

#include <stdbool.h>

#include "base/error.h"

// True for URLs of other sources, too. On failure err says what is wrong and what to do.
bool daemon_device_check(const char *url, struct mc_error *err);
