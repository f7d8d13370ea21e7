// The search for faces that are not followed yet.
#pragma once

#include <stdbool.h>

#include "pipeline/track/tracker.h"

// Whether this frame is searched: every frame at first and after a face was lost, fewer
// while nobody comes, and now and then for more faces. Call once a frame.
bool pipeline_search_is_due(struct pipeline_tracker *tracker);

// Searches one part of the frame, and begins a track for every new face that both
// networks confirm, the largest first, up to the tracker's limit. Appends what they
// observe. Thread: worker.
void pipeline_search_run(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                         struct pipeline_observations *observations);

// Whether one of the tracker's first count tracks follows a face there.
bool pipeline_search_is_known(const struct pipeline_tracker *tracker, int count,
                              const struct pipeline_location *location);
