// Whether a source that was away is back: a cheap look between two attempts to open
// it, so that a long back-off does not outlast the fault.
#pragma once

#include <stdbool.h>

struct mc_error;
struct pipeline_stop;

// Of one wait between two attempts.
struct pipeline_probe {
    const char *url; // borrowed
    bool helps;      // sources of its kind can be looked for
    bool was_away;   // seen so
};

// Begins a wait after the error last, which may say that nobody is there.
void pipeline_probe_begin(struct pipeline_probe *knock, const char *url,
                          const struct mc_error *last);

// Looks whether somebody listens there now, or the device is there. True when that is
// so and was not before: who is there all the time and only sends nothing good has to
// be waited for. Takes a few hundred ms at most beyond the look-up of a name; less
// when stop is set. Thread: capture.
bool pipeline_probe(struct pipeline_probe *knock, struct pipeline_stop *stop);
