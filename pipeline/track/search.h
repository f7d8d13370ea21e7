// The search for faces that are not followed yet.
#pragma once

#include <stdbool.h>

#include "pipeline/track/tracker.h"

// Searches the frame, if that is due: every frame at first and after a face was lost,
// fewer while nobody comes, and now and then for more faces. A search is one part of the
// frame upright, or one part turned, or both. Begins a track for every new face that both
// networks confirm, the largest first, up to the tracker's limit, and appends what they
// observe. Call once a frame. Thread: worker.
void pipeline_search_run(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                         struct pipeline_observations *observations);

// Whether one of the tracker's first count tracks follows a face there.
bool pipeline_search_is_known(const struct pipeline_tracker *tracker, int count,
                              const struct pipeline_location *location);
