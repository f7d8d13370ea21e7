// A closer look at one face with both networks: whether it is there, and where exactly.
// For tracker and search. Thread: worker.
#pragma once

#include <stdbool.h>

#include "pipeline/track/frame_view.h"
#include "pipeline/track/location.h"

struct pipeline_tracker_options;

// Where the landmarks of an observation in a region of that angle lie.
struct pipeline_location pipeline_confirm_location(const struct pipeline_tracker_options *options,
                                                   const struct pipeline_frame_view *view,
                                                   const struct pipeline_observation *observation,
                                                   float angle);

// Whether the location's middle is inside the frame.
bool pipeline_confirm_is_inside(const struct pipeline_frame_view *view,
                                const struct pipeline_location *location);

// Runs the locator on the surroundings of a location. Returns whether a face is near it,
// and where.
//   share  as in pipeline_frame_view_detect
bool pipeline_confirm_detect(struct pipeline_frame_view *view,
                             const struct pipeline_location *location, float angle, float share,
                             struct pipeline_location *face);

// Observes the landmarks of a face that the locator sees at expected; location is where
// they lie. Returns false when that is somewhere else.
bool pipeline_confirm_observe(const struct pipeline_tracker_options *options,
                              struct pipeline_frame_view *view,
                              const struct pipeline_location *expected, float angle,
                              struct pipeline_observation *observation,
                              struct pipeline_location *location);

// Where landmarks are poor, the region may be turned the wrong way or lie beside the
// face: observes it once more, upright, at expected and where the locator sees a face
// near it. Returns whether one of these scores better; roi, observation and location are
// then the best one's.
bool pipeline_confirm_retry(const struct pipeline_tracker_options *options,
                            struct pipeline_frame_view *view,
                            const struct pipeline_location *expected, struct pipeline_roi *roi,
                            struct pipeline_observation *observation,
                            struct pipeline_location *location);
