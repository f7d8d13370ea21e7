#include "pipeline/track/tracker.h"

#include <limits.h>
#include <string.h>

#include "pipeline/same_face.h"
#include "pipeline/track/confirm.h"
#include "pipeline/track/search.h"

// A miss is a frame in which the locator doesn't see the face. Misses weigh more the
// less the landmark network agrees with it.
enum {
    CHECK_FRAMES = 15, // from one check of a good face by the locator to the next
    MISSES_MAX = 30,   // lost from here on
    MISS_GOOD = 1,     // while its landmarks are as good as ever
    MISS_POOR = 3,     // while they are not
    MISS_NOBODY = 15,  // while the landmark network sees no face either
};

static const float good_share = 0.8f;    // of the average score, from which landmarks are good
static const float average_rate = 0.05f; // of the average score, per frame
static const float notable_drop = 0.03f; // of the score, below its average

// Below it no face is there: the scene changed, or something covers the face wholly.
static const float nobody_score = 0.2f;

void pipeline_tracker_init(struct pipeline_tracker *tracker,
                           const struct pipeline_tracker_options *options)
{
    *tracker = (struct pipeline_tracker){ .options = *options };
}

int pipeline_tracker_next_id(int last)
{
    return last < INT_MAX ? last + 1 : 1;
}

static void confirm(const struct pipeline_tracker *tracker, const struct pipeline_frame_view *view,
                    struct pipeline_track *track, const struct pipeline_observation *observation)
{
    const struct pipeline_tracker_options *options = &tracker->options;
    float angle = 0;
    if (options->has_ibug68) {
        angle = pipeline_location_next_angle(observation->keypoints, track->roi.angle);
    }
    track->location = pipeline_confirm_location(options, observation, angle);
    track->roi = pipeline_location_next_roi(&track->location, options->margin, angle, &track->roi);
    track->average_score += average_rate * (observation->score - track->average_score);
}

// Whether the landmarks lie on what the locator sees.
static bool is_same_face(const struct pipeline_location *landmarks,
                         const struct pipeline_location *face)
{
    return pipeline_location_is_near(landmarks, face, 0.5f, 1.8f);
}

// What one frame showed of a face.
struct result {
    struct pipeline_observation *observation;
    struct pipeline_location location; // of its landmarks
    bool fits;                         // near where the face was
    bool good;                         // fits, and scores as the face usually does
};

// Asks the locator about a face whose landmarks are poor. Returns whether they are confirmed;
// they may have been observed again.
static bool check(const struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                  struct pipeline_track *track, struct result *result)
{
    const struct pipeline_tracker_options *options = &tracker->options;
    struct pipeline_location face;
    const float angle = track->roi.angle;
    if (!pipeline_confirm_detect(view, result->fits ? &result->location : &track->location, angle,
                                 pipeline_confirm_known_share, &face)) {
        const bool nobody = options->has_ibug68 && result->observation->score < nobody_score;
        track->misses += nobody ? MISS_NOBODY : MISS_POOR;
        return false;
    }
    track->unchecked = 0;
    if ((result->fits && is_same_face(&result->location, &face)) ||
        pipeline_confirm_observe(options, view, &face, angle, result->observation,
                                 &result->location)) {
        track->misses = 0;
        return true;
    }
    track->misses += MISS_POOR;
    return false;
}

// Asks the locator about a face whose landmarks are good. Where it sees it elsewhere, the next
// frame's region is there.
static void look_at(const struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                    struct pipeline_track *track)
{
    struct pipeline_location face, location;
    struct pipeline_observation observation = { 0 };
    const float angle = track->roi.angle;
    if (!pipeline_confirm_detect(view, &track->location, angle, pipeline_confirm_known_share,
                                 &face)) {
        track->misses += MISS_GOOD;
        return;
    }
    track->unchecked = 0;
    track->misses = is_same_face(&track->location, &face) ? 0 : track->misses + MISS_POOR;
    if (track->misses > 0 &&
        pipeline_confirm_observe(&tracker->options, view, &face, angle, &observation, &location)) {
        track->misses = 0;
        confirm(tracker, view, track, &observation);
    }
}

// Checks for a sudden turn of the head or the camera: at all angles when the score drops,
// then at one angle a frame while landmarks are uncertain.
static bool observe_turned(const struct pipeline_tracker_options *options,
                           struct pipeline_frame_view *view, struct pipeline_track *track,
                           struct result *result)
{
    static const unsigned turns[] = { PIPELINE_TURN_OVER, PIPELINE_TURN_RIGHT, PIPELINE_TURN_LEFT };
    const float score = result->observation->score;
    const bool has_dropped =
        score < pipeline_confirm_certain_score && score < track->average_score - notable_drop;
    const bool is_first = track->dropped == 0;
    track->dropped = has_dropped ? track->dropped + 1 : 0;
    if (!has_dropped ||
        (!is_first && !pipeline_confirm_is_uncertain(options, result->observation))) {
        return false;
    }
    return pipeline_confirm_orientation(
        options, view, is_first ? PIPELINE_TURN_ALL : turns[track->dropped % 3],
        pipeline_confirm_certain_score, &track->roi, result->observation, &result->location);
}

static void observe(const struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                    struct pipeline_track *track, struct result *result)
{
    const struct pipeline_tracker_options *options = &tracker->options;
    struct pipeline_observation *observation = result->observation;
    result->location = track->location;
    observation->id = track->id;
    pipeline_frame_view_observe(view, &track->roi, observation);
    result->fits = observation->score >= 0;
    if (result->fits) {
        result->location = pipeline_confirm_location(options, observation, track->roi.angle);
        result->fits = pipeline_location_is_near(&result->location, &track->location, 0.5f, 1.5f) &&
                       pipeline_confirm_is_inside(view, &result->location);
        result->fits |= pipeline_confirm_retry(options, view, &track->location, &track->roi,
                                               observation, &result->location);
        result->fits |= observe_turned(options, view, track, result);
    }
    result->good = result->fits && observation->score >= good_share * track->average_score;
}

// Observes one face again. Returns false when it is lost.
static bool follow(const struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                   struct pipeline_track *track, struct pipeline_observation *observation)
{
    struct result result = { .observation = observation };
    observe(tracker, view, track, &result);
    track->unchecked++;
    track->is_due = result.good && (track->misses > 0 || track->unchecked >= CHECK_FRAMES);
    if (result.good || check(tracker, view, track, &result)) {
        confirm(tracker, view, track, observation);
    }
    // A hidden face is still reported for a while, with falling confidence.
    const float confidence = 1 - (float)track->misses / MISSES_MAX;
    if (observation->score < 0 || confidence <= 0 ||
        !pipeline_confirm_is_inside(view, &track->location)) {
        return false;
    }
    observation->score *= confidence;
    for (int i = 0; i < tracker->options.keypoint_count; i++) {
        observation->keypoints[i].c *= confidence;
    }
    for (int i = 0; i < tracker->options.dense_count; i++) {
        observation->dense[i].c *= confidence;
    }
    return true;
}

static void remember_lost(struct pipeline_tracker *tracker, const struct pipeline_track *track,
                          double pts)
{
    struct pipeline_lost_face *oldest = &tracker->lost[0];
    for (int i = 1; i < PIPELINE_FACES_MAX; i++) {
        if (tracker->lost[i].id == 0 || (oldest->id != 0 && tracker->lost[i].pts < oldest->pts)) {
            oldest = &tracker->lost[i];
        }
    }
    *oldest = (struct pipeline_lost_face){ track->id, track->location, pts };
}

// Follows all tracks, and ends those that are lost or came onto a face that another one
// follows already.
static void follow_all(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                       struct pipeline_observations *observations)
{
    int kept = 0;
    for (int i = 0; i < tracker->track_count; i++) {
        struct pipeline_track track = tracker->tracks[i];
        if (!follow(tracker, view, &track, &observations->faces[kept])) {
            remember_lost(tracker, &track, view->pts);
        } else if (!pipeline_search_is_known(tracker, kept, &track.location)) {
            tracker->tracks[kept++] = track;
        }
    }
    tracker->track_count = observations->count = kept;
}

// When frames are displayed differently, faces are elsewhere, and after a gap they may be others':
// all but the ids is reset.
static void check_continuity(struct pipeline_tracker *tracker,
                             const struct pipeline_frame_view *view)
{
    if (!pipeline_same_face_goes_on(view->pts - tracker->pts, view->session == tracker->session) ||
        !pipeline_display_transform_equal(view->display, &tracker->display)) {
        *tracker = (struct pipeline_tracker){ .options = tracker->options,
                                              .display = *view->display,
                                              .last_id = tracker->last_id };
    }
}

void pipeline_tracker_run(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                          struct pipeline_observations *observations)
{
    check_continuity(tracker, view);
    tracker->pts = view->pts;
    tracker->session = view->session;
    const int before = tracker->track_count;
    follow_all(tracker, view, observations);
    if (tracker->track_count < before) {
        tracker->upright.wait = tracker->turned.wait = 0;
    }
    if (tracker->track_count == 0) { // else it can wait for pipeline_tracker_look
        pipeline_search_run(tracker, view, observations);
    }
    tracker->idle = tracker->track_count > 0 ? 0 : tracker->idle + 1;
}

void pipeline_tracker_look(struct pipeline_tracker *tracker, struct pipeline_frame_view *view)
{
    const int count = tracker->track_count;
    for (int i = 0; i < count; i++) {
        if (tracker->tracks[i].is_due) {
            look_at(tracker, view, &tracker->tracks[i]);
        }
    }
    if (count > 0 && count < tracker->options.max_faces) {
        struct pipeline_observations unseen = { 0 }; // of new faces: the next frame shows them
        pipeline_search_run(tracker, view, &unseen);
    }
}

void pipeline_tracker_observe_region(const struct pipeline_tracker_options *options,
                                     struct pipeline_frame_view *view,
                                     const struct pipeline_roi *roi, bool needs_face,
                                     struct pipeline_observations *observations)
{
    struct pipeline_observation *observation = &observations->faces[0];
    struct pipeline_detection found[NN_DETECTIONS_MAX];
    observation->id = 0;
    pipeline_frame_view_observe(view, roi, observation);
    observations->count = observation->score >= 0;
    if (!needs_face || observations->count == 0) {
        return;
    }
    observations->count =
        pipeline_frame_view_detect(view, roi, pipeline_confirm_known_share, found) > 0;
    if (observations->count > 0 && pipeline_confirm_is_uncertain(options, observation)) {
        struct pipeline_roi turned = *roi;
        struct pipeline_location location =
            pipeline_confirm_location(options, observation, roi->angle);
        pipeline_confirm_orientation(options, view, PIPELINE_TURN_ALL,
                                     pipeline_confirm_certain_score, &turned, observation,
                                     &location);
    }
}
