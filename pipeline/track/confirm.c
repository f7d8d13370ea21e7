#include "pipeline/track/confirm.h"

#include "pipeline/track/tracker.h"

static const float surroundings = 2.6f;   // edge of the locator's region around a face, in sizes
static const float quarter = 1.57079633f; // radians

// For a face that is known, the locator's least score times this.
static const float known_share = 0.4f;

// Faces in a region that fits have scores above 0.94, regions without one below 0.12. In
// between lies what a wrong region gives: 0.59 to 0.68 for faces that were held upside
// down, 0.4 to 0.75 beside the face. So the right ones are observed only once.
static const float doubtful_score = 0.8f;

struct pipeline_location pipeline_confirm_location(const struct pipeline_tracker_options *options,
                                                   const struct pipeline_frame_view *view,
                                                   const struct pipeline_observation *observation,
                                                   float angle)
{
    return pipeline_location_of_keypoints(observation->keypoints, options->keypoint_count,
                                          angle - (float)view->geometry.quarter_turns * quarter);
}

bool pipeline_confirm_is_inside(const struct pipeline_frame_view *view,
                                const struct pipeline_location *location)
{
    return location->x >= 0 && location->y >= 0 && location->x < (float)view->geometry.width &&
           location->y < (float)view->geometry.height;
}

bool pipeline_confirm_detect(struct pipeline_frame_view *view,
                             const struct pipeline_location *location, float angle, float share,
                             struct pipeline_location *face)
{
    struct pipeline_detection found[NN_FACES_MAX];
    const struct pipeline_location rounded = { location->x, location->y,
                                               pipeline_location_round_size(location->size) };
    const struct pipeline_roi roi = pipeline_location_roi(&rounded, surroundings, angle);
    const int count = pipeline_frame_view_detect(view, &roi, share, found);
    for (int i = 0; i < count; i++) {
        *face = pipeline_location_of_detection(&found[i]);
        if (pipeline_location_is_near(face, location, 0.6f, 1.9f)) {
            return true;
        }
    }
    return false;
}

bool pipeline_confirm_observe(const struct pipeline_tracker_options *options,
                              struct pipeline_frame_view *view,
                              const struct pipeline_location *expected, float angle,
                              struct pipeline_observation *observation,
                              struct pipeline_location *location)
{
    const struct pipeline_roi roi = pipeline_location_roi(expected, options->margin, angle);
    pipeline_frame_view_observe(view, &roi, observation);
    if (observation->score < 0) {
        return false;
    }
    *location = pipeline_confirm_location(options, view, observation, angle);
    return pipeline_location_is_near(location, expected, 0.5f, 1.8f);
}

bool pipeline_confirm_retry(const struct pipeline_tracker_options *options,
                            struct pipeline_frame_view *view,
                            const struct pipeline_location *expected, struct pipeline_roi *roi,
                            struct pipeline_observation *observation,
                            struct pipeline_location *location)
{
    if (!options->has_ibug68 || observation->score >= doubtful_score) {
        return false; // other networks' scores may mean something else
    }
    struct pipeline_location tries[2], at;
    int count = 0;
    bool better = false;
    if (roi->angle != 0) {
        tries[count++] = *expected;
    }
    count += pipeline_confirm_detect(view, expected, 0, known_share, &tries[count]);
    for (int i = 0; i < count; i++) {
        struct pipeline_observation again = { .id = observation->id };
        if (pipeline_confirm_observe(options, view, &tries[i], 0, &again, &at) &&
            again.score > observation->score && pipeline_confirm_is_inside(view, &at)) {
            *observation = again;
            *location = at;
            *roi = pipeline_location_roi(&tries[i], options->margin, 0);
            better = true;
        }
    }
    return better;
}
