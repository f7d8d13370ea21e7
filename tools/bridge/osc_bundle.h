// OSC 1.0 messages in bundles that fit a datagram (opensoundcontrol.org/spec-1_0).
#pragma once

#include <stdint.h>

#include "tools/bridge/packets.h"

struct bridge_osc {
    struct bridge_packets *packets;
    size_t limit; // bytes of a bundle
    void *bundle; // the one being filled
};

// Messages follow, in as many bundles as it takes, all to be executed immediately.
void bridge_osc_begin(struct bridge_osc *osc, struct bridge_packets *packets, size_t limit);
void bridge_osc_end(struct bridge_osc *osc); // once, after the last message

void bridge_osc_integers(struct bridge_osc *osc, const char *path, const int32_t *values,
                         int count);
void bridge_osc_floats(struct bridge_osc *osc, const char *path, const float *values, int count);
void bridge_osc_boolean(struct bridge_osc *osc, const char *path, bool value);

// A string, then numbers.
void bridge_osc_named(struct bridge_osc *osc, const char *path, const char *name,
                      const float *values, int count);
