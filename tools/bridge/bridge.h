// The bridge: all targets, and the feeds that they need.
#pragma once

#include "tools/bridge/bridge_options.h"

struct bridge;

// options are borrowed; there is at least one target. Returns NULL and sets err when the options
// make no sense together or memory is short.
struct bridge *bridge_start(const struct bridge_options *options, struct mc_error *err) MC_MUST_USE;
void bridge_stop(struct bridge *bridge); // NULL does nothing

// Goes on with what targets are waiting for. Returns the milliseconds until it is to be called
// again. Thread: main.
int bridge_update(struct bridge *bridge);

// The state of all, as a line of JSON, which the caller frees; NULL when out of memory.
// {"program":"mocap-bridge VERSION","uptime_s":N,"targets":[...]}; targets as
// bridge_target_report and bridge_feed_report have them. Thread: main.
char *bridge_report(struct bridge *bridge, const char *version);
