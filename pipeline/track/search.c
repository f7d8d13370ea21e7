#include "pipeline/track/search.h"

#include "pipeline/track/confirm.h"

enum {
    SEARCH_FRAMES = 15,     // from one search for more faces to the next
    SEARCH_FIRST = 30,      // frames without a face that are all searched
    SEARCH_LATER = 6,       // then from one search to the next
    CANDIDATES_MAX = 4,     // of one search that get a closer look
    REMEMBERED_FRAMES = 90, // for which a lost face keeps its id
};

static const float candidate_share = 0.5f; // of the locator's least score: worth a closer look

// From which a track begins: a face that is half covered has 0.8, whole ones that noise and
// darkness spoiled over 0.84; what the locator alone takes for one mostly less than this.
static const float begin_score = 0.75f;

bool pipeline_search_is_due(struct pipeline_tracker *tracker)
{
    if (tracker->track_count >= tracker->options.max_faces) {
        return false;
    }
    if (tracker->wait > 0) {
        tracker->wait--;
        return false;
    }
    if (tracker->track_count > 0) {
        tracker->wait = SEARCH_FRAMES - 1;
    } else {
        tracker->wait = tracker->idle < SEARCH_FIRST ? 0 : SEARCH_LATER - 1;
    }
    return true;
}

bool pipeline_search_is_known(const struct pipeline_tracker *tracker, int count,
                              const struct pipeline_location *location)
{
    for (int i = 0; i < count; i++) {
        if (pipeline_location_is_near(&tracker->tracks[i].location, location, 0.45f, 2)) {
            return true;
        }
    }
    return false;
}

// The id of a face that appears: that of the face lost about there, else a new one.
static int recall_id(struct pipeline_tracker *tracker, const struct pipeline_location *location)
{
    for (int i = 0; i < PIPELINE_FACES_MAX; i++) {
        struct pipeline_lost_face *lost = &tracker->lost[i];
        if (lost->id != 0 && lost->frames <= REMEMBERED_FRAMES &&
            pipeline_location_is_near(&lost->location, location, 1.5f, 2)) {
            const int id = lost->id;
            lost->id = 0;
            return id;
        }
    }
    tracker->last_id = pipeline_tracker_next_id(tracker->last_id);
    return tracker->last_id;
}

// Looks twice at what may be a face: with the locator from nearby, then with the
// landmark network, the second time where its own landmarks lie.
static bool begin_track(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                        const struct pipeline_detection *candidate, struct pipeline_track *track,
                        struct pipeline_observation *observation)
{
    const struct pipeline_tracker_options *options = &tracker->options;
    const struct pipeline_location rough = pipeline_location_of_detection(candidate);
    struct pipeline_location face, location;
    float angle = 0;
    if (!pipeline_confirm_detect(view, &rough, angle, 1, &face) ||
        pipeline_search_is_known(tracker, tracker->track_count, &face) ||
        !pipeline_confirm_observe(options, view, &face, angle, observation, &location)) {
        return false;
    }
    if (options->has_ibug68) {
        angle = pipeline_location_next_angle(observation->keypoints, view->geometry.quarter_turns,
                                             angle);
    }
    const struct pipeline_location own =
        pipeline_confirm_location(options, view, observation, angle);
    if (!pipeline_confirm_is_inside(view, &own) ||
        !pipeline_confirm_observe(options, view, &own, angle, observation, &location)) {
        return false;
    }
    struct pipeline_roi roi = pipeline_location_roi(&location, options->margin, angle);
    pipeline_confirm_retry(options, view, &face, &roi, observation, &location);
    if (options->has_ibug68 && observation->score < begin_score) {
        return false;
    }
    *track = (struct pipeline_track){
        .id = recall_id(tracker, &location),
        .roi = roi,
        .location = location,
        .average_score = observation->score,
    };
    observation->id = track->id;
    return true;
}

// The largest face that is left counts as the most important.
static void take_largest(struct pipeline_detection *found, int *count,
                         struct pipeline_detection *largest)
{
    int best = 0;
    for (int i = 1; i < *count; i++) {
        if (found[i].width * found[i].height > found[best].width * found[best].height) {
            best = i;
        }
    }
    *largest = found[best];
    found[best] = found[--*count];
}

void pipeline_search_run(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                         struct pipeline_observations *observations)
{
    struct pipeline_detection found[NN_FACES_MAX];
    struct pipeline_roi roi;
    if (!pipeline_locator_view(tracker->view_index, view->geometry.width, view->geometry.height,
                               &roi)) {
        tracker->view_index = 0;
        pipeline_locator_view(0, view->geometry.width, view->geometry.height, &roi);
    }
    tracker->view_index++;
    int count = pipeline_frame_view_detect(view, &roi, candidate_share, found);
    for (int tries = 0; tries < CANDIDATES_MAX && count > 0 &&
                        tracker->track_count < tracker->options.max_faces;) {
        struct pipeline_detection candidate;
        take_largest(found, &count, &candidate);
        const struct pipeline_location location = pipeline_location_of_detection(&candidate);
        if (pipeline_search_is_known(tracker, tracker->track_count, &location)) {
            continue;
        }
        tries++;
        if (begin_track(tracker, view, &candidate, &tracker->tracks[tracker->track_count],
                        &observations->faces[observations->count])) {
            tracker->track_count++;
            observations->count++;
            tracker->view_index = 0;
        }
    }
}
