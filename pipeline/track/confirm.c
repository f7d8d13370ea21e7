#include "pipeline/track/confirm.h"

#include <math.h>

#include "pipeline/track/tracker.h"

static const float surroundings = 2.6f;   // edge of the locator's region around a face, in sizes
static const float quarter = 1.57079633f; // radians

const float pipeline_confirm_known_share = 0.4f;

// Faces in a region that fits have scores above 0.94, regions without one below 0.12. In
// between lies what a wrong region gives: 0.59 to 0.68 for faces that were held upside
// down, 0.4 to 0.75 beside the face. So the right ones are observed only once.
static const float uncertain_score = 0.8f;

const float pipeline_confirm_certain_score = 0.93f;

// By how much of the face's size the eyes are above the mouth at least. Of 404 photographs
// the face looked at the right way up had 0.34 or more.
static const float eyes_above_mouth = 0.15f;

struct pipeline_location pipeline_confirm_location(const struct pipeline_tracker_options *options,
                                                   const struct pipeline_observation *observation,
                                                   float angle)
{
    return pipeline_location_of_keypoints(observation->keypoints, options->keypoint_count, angle);
}

bool pipeline_confirm_is_inside(const struct pipeline_frame_view *view,
                                const struct pipeline_location *location)
{
    return location->x >= 0 && location->y >= 0 && location->x < (float)view->display->width &&
           location->y < (float)view->display->height;
}

// How near a detection must be, as in pipeline_location_is_near.
struct nearness {
    float distance, ratio;
};
static const struct nearness same_face = { 0.6f, 1.9f };
static const struct nearness same_head = { 1.0f, 2.5f };

struct pipeline_roi pipeline_confirm_surroundings(const struct pipeline_location *location,
                                                  float angle)
{
    const struct pipeline_location rounded = { location->x, location->y,
                                               pipeline_location_round_size(location->size) };
    return pipeline_location_roi(&rounded, surroundings, angle);
}

static bool detect(struct pipeline_frame_view *view, const struct pipeline_location *location,
                   float angle, float share, const struct nearness *nearness,
                   struct pipeline_location *face)
{
    struct pipeline_detection found[NN_DETECTIONS_MAX];
    const struct pipeline_roi roi = pipeline_confirm_surroundings(location, angle);
    const int count = pipeline_frame_view_detect(view, &roi, share, found);
    for (int i = 0; i < count; i++) {
        *face = pipeline_location_of_detection(&found[i]);
        if (pipeline_location_is_near(face, location, nearness->distance, nearness->ratio)) {
            return true;
        }
    }
    return false;
}

bool pipeline_confirm_detect(struct pipeline_frame_view *view,
                             const struct pipeline_location *location, float angle, float share,
                             struct pipeline_location *face)
{
    return detect(view, location, angle, share, &same_face, face);
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
    *location = pipeline_confirm_location(options, observation, angle);
    return pipeline_location_is_near(location, expected, 0.5f, 1.8f);
}

bool pipeline_confirm_is_uncertain(const struct pipeline_tracker_options *options,
                                   const struct pipeline_observation *observation)
{
    return options->has_ibug68 && observation->score < uncertain_score;
}

struct pipeline_roi pipeline_confirm_turn(const struct pipeline_roi *roi, enum pipeline_turns turn)
{
    const float quarters = turn == PIPELINE_TURN_RIGHT ? 1 : turn == PIPELINE_TURN_OVER ? 2 : -1;
    struct pipeline_roi turned = *roi;
    turned.angle = remainderf(roi->angle + quarters * quarter, 4 * quarter);
    return turned;
}

// Whether the eyes are above the mouth, as seen in a region of that angle.
static bool has_eyes_on_top(const struct pipeline_observation *observation, float angle, float size)
{
    enum { EYES = 36, MOUTH = 48, POINTS = 68 };
    const float c = cosf(angle), s = sinf(angle);
    float eyes = 0, mouth = 0;
    for (int i = EYES; i < POINTS; i++) {
        const float down = c * observation->keypoints[i].y - s * observation->keypoints[i].x;
        if (i < MOUTH) {
            eyes += down / (MOUTH - EYES);
        } else {
            mouth += down / (POINTS - MOUTH);
        }
    }
    return mouth - eyes > eyes_above_mouth * size;
}

// Observes the face about the location, turned. False when there is none that way up.
static bool observe_turned(const struct pipeline_tracker_options *options,
                           struct pipeline_frame_view *view,
                           const struct pipeline_location *location, float angle,
                           struct pipeline_roi *roi, struct pipeline_observation *observation,
                           struct pipeline_location *at)
{
    struct pipeline_location face;
    if (!detect(view, location, angle, pipeline_confirm_known_share, &same_head, &face) ||
        !pipeline_confirm_observe(options, view, &face, angle, observation, at)) {
        return false;
    }
    *roi = pipeline_location_roi(&face, options->margin, angle);
    return pipeline_confirm_is_inside(view, at) && has_eyes_on_top(observation, angle, at->size);
}

bool pipeline_confirm_orientation(const struct pipeline_tracker_options *options,
                                  struct pipeline_frame_view *view, unsigned turns,
                                  float least_score, struct pipeline_roi *roi,
                                  struct pipeline_observation *observation,
                                  struct pipeline_location *location)
{
    const struct pipeline_roi first_roi = *roi;
    const struct pipeline_location first_location = *location;
    bool has_turned = false;
    for (unsigned turn = 1; options->has_ibug68 && turn < PIPELINE_TURN_ALL; turn *= 2) {
        if (!(turns & turn)) {
            continue;
        }
        struct pipeline_observation again = { .id = observation->id };
        struct pipeline_roi turned = pipeline_confirm_turn(&first_roi, turn);
        struct pipeline_location at;
        if (observe_turned(options, view, &first_location, turned.angle, &turned, &again, &at) &&
            again.score >= least_score && again.score > observation->score) {
            *roi = turned;
            *observation = again;
            *location = at;
            has_turned = true;
        }
    }
    return has_turned;
}

bool pipeline_confirm_retry(const struct pipeline_tracker_options *options,
                            struct pipeline_frame_view *view,
                            const struct pipeline_location *expected, struct pipeline_roi *roi,
                            struct pipeline_observation *observation,
                            struct pipeline_location *location)
{
    if (!pipeline_confirm_is_uncertain(options, observation)) {
        return false;
    }
    struct pipeline_location tries[2], at;
    int count = 0;
    bool better = false;
    if (roi->angle != 0) {
        tries[count++] = *expected;
    }
    count +=
        pipeline_confirm_detect(view, expected, 0, pipeline_confirm_known_share, &tries[count]);
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
