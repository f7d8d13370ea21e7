// Live Link's subjects: a receiver knows a face by the name of its subject alone.
#pragma once

#include "tools/bridge/bridge_options.h"

// What a target with these settings calls its subject.
void live_link_subject(const struct bridge_settings *settings, char subject[BRIDGE_SUBJECT_BYTES]);

// Whether the target at index has a subject of its own, where it is of Live Link: sets err when one
// before it sends the same subject to the same address. Names are compared, not looked up.
bool live_link_check(const struct bridge_targets *targets, int index, struct mc_error *err);
