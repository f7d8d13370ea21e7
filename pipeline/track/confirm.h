// A closer look at one face with both networks: whether it is there, and where exactly.
// For tracker and search. Thread: worker.
#pragma once

#include <stdbool.h>

#include "pipeline/track/frame_view.h"
#include "pipeline/track/location.h"

struct pipeline_tracker_options;

// Where the landmarks of an observation in a region of that angle lie.
struct pipeline_location pipeline_confirm_location(const struct pipeline_tracker_options *options,
                                                   const struct pipeline_observation *observation,
                                                   float angle);

// Whether the location's middle is inside the frame.
bool pipeline_confirm_is_inside(const struct pipeline_frame_view *view,
                                const struct pipeline_location *location);

// The region around a location in which the locator looks for a known face.
struct pipeline_roi pipeline_confirm_surroundings(const struct pipeline_location *location,
                                                  float angle);

// For a face that is known, the locator's least score times this.
extern const float pipeline_confirm_known_share;

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

// The ways to turn a region further, as bits.
enum pipeline_turns {
    PIPELINE_TURN_RIGHT = 1, // by 90 degrees, clockwise
    PIPELINE_TURN_OVER = 2,  // by 180 degrees
    PIPELINE_TURN_LEFT = 4,  // by 90 degrees, counterclockwise
    PIPELINE_TURN_ALL = 7,
};

// The same region, turned further by one of the ways.
struct pipeline_roi pipeline_confirm_turn(const struct pipeline_roi *roi, enum pipeline_turns turn);

// A face that is observed the wrong way up may have landmarks of a fair score, which then
// lie a little beside it. In each of the given ways turned, asks the locator for a face
// about the location and observes it; keeps what scores best, if that has at least
// least_score and its eyes over its mouth: roi, observation and location are then the
// best one's. Does nothing for models other than those of faces. Returns whether it
// turned the region.
bool pipeline_confirm_orientation(const struct pipeline_tracker_options *options,
                                  struct pipeline_frame_view *view, unsigned turns,
                                  float least_score, struct pipeline_roi *roi,
                                  struct pipeline_observation *observation,
                                  struct pipeline_location *location);

// The least score of a face that is surely the right way up. Faces the right way up have
// 0.94 and more on clear photographs, the wrong way up as much as 0.92.
extern const float pipeline_confirm_certain_score;

// Whether the landmarks of a face score so low that the region may be wrong. False for
// models other than those of faces, whose scores may mean something else.
bool pipeline_confirm_is_uncertain(const struct pipeline_tracker_options *options,
                                   const struct pipeline_observation *observation);

// Where landmarks are uncertain, the region may be turned the wrong way or lie beside the
// face: observes it once more, upright, at expected and where the locator sees a face
// near it. Returns whether one of these scores better; roi, observation and location are
// then the best one's.
bool pipeline_confirm_retry(const struct pipeline_tracker_options *options,
                            struct pipeline_frame_view *view,
                            const struct pipeline_location *expected, struct pipeline_roi *roi,
                            struct pipeline_observation *observation,
                            struct pipeline_location *location);
