// Whether a source that was away may be back: a cheap look between two attempts
// to open it, so that a long back-off does not outlast the fault.
#pragma once

#include <stdbool.h>

struct mc_error;
struct pipeline_stop;

// Whether knocking tells anything: the last attempt found nobody at the address, or
// no such device.
bool pipeline_knock_helps(const char *url, const struct mc_error *last);

// Looks whether somebody listens there now, or the device is there. Takes a few
// hundred ms at most beyond the look-up of a name; less when stop is set. Thread: capture.
bool pipeline_knock(const char *url, struct pipeline_stop *stop);
