// Reachability probes: cheap checks, between two attempts to open a source, of whether
// it has come back, so that a long back-off does not outlast the fault.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mc_error;
struct mc_resolver;
struct pipeline_stop;

// The probes of one wait between two attempts.
struct pipeline_probe {
    const char *url;              // borrowed
    const char *sysfs, *links;    // where webcams are found; see v4l2_find.h. Tests have others
    bool helps;                   // sources of this kind can be probed
    bool was_unreachable;         // it was found unreachable
    struct mc_resolver *resolver; // a look-up under way; or NULL
};

// Begins a wait after the error last, which may already show that it is unreachable.
void pipeline_probe_begin(struct pipeline_probe *probe, const char *url,
                          const struct mc_error *last);

// Returns true when the host accepts connections, or the device exists, and did not
// before: a source that was reachable all along failed for another reason, so the wait
// goes on. Takes 0.3 s at most for the name, and for each of its addresses; ends when stop is set.
// A name that is still being looked up then says nothing yet. Thread: capture.
bool pipeline_probe(struct pipeline_probe *probe, struct pipeline_stop *stop);

// Waits until then, with a probe half a second after the last. Returns early once one finds the
// source back, or stop is set; a probe that began in time may end as much later as it takes.
// Thread: capture.
void pipeline_probe_wait(struct pipeline_probe *probe, struct pipeline_stop *stop,
                         int64_t until_ns);

// Ends the wait.
void pipeline_probe_end(struct pipeline_probe *probe);
