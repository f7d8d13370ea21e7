// Reachability probes: cheap checks, between two attempts to open a source, of whether
// it has come back, so that a long back-off does not outlast the fault.
#pragma once

#include <stdbool.h>

struct mc_error;
struct pipeline_stop;

// The probes of one wait between two attempts.
struct pipeline_probe {
    const char *url;           // borrowed
    const char *sysfs, *links; // where webcams are found; see v4l2_find.h. Tests have others
    bool helps;                // sources of this kind can be probed
    bool was_away;             // it was found unreachable
};

// Begins a wait after the error last, which may already show that it is unreachable.
void pipeline_probe_begin(struct pipeline_probe *probe, const char *url,
                          const struct mc_error *last);

// Returns true when the host accepts connections, or the device exists, and did not
// before: a source that was reachable all along failed for another reason, so the wait
// goes on. Takes a few hundred ms at most beyond name resolution; less when stop is set.
// Thread: capture.
bool pipeline_probe(struct pipeline_probe *probe, struct pipeline_stop *stop);
