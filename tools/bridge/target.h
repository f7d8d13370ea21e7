// A target: an output and where it goes, how it shows a face, and how it is doing. Targets live
// each by itself: what one cannot do costs the others nothing.
//
// Records come from a feed's thread, updates and reports from the main thread.
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "tools/bridge/bridge_options.h"

struct bridge_target;

// options are borrowed. Returns NULL and sets err when they make no sense or memory is short; a
// receiver that can't be reached is none of that.
struct bridge_target *bridge_target_create(const struct bridge_target_options *options,
                                           struct mc_error *err) MC_MUST_USE;
void bridge_target_destroy(struct bridge_target *target); // NULL does nothing

// Shows a record if the target's rate lets it; NULL: the stream is down.
//   numbers  of the record's faces
//   time_s   since the bridge started
void bridge_target_show(struct bridge_target *target, const struct mocap_record *record,
                        const struct bridge_face_numbers *numbers, double time_s);

// Goes on resolving, opening, connecting. Returns whether the target is as it should be; if not,
// it must be updated again soon. Logs when that changes.
bool bridge_target_update(struct bridge_target *target);

// Its state as a JSON object, which the caller owns; NULL when out of memory:
//     name, type, address
//     state   "resolving", "down", "waiting" (for the receiver) or "ready"
//     reason  why not "ready"; ""
//     sent, lost  packets so far; of VTube Studio's, others may wait
//     face    whether a face is shown
json_t *bridge_target_report(struct bridge_target *target);
