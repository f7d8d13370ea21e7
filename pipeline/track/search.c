#include "pipeline/track/search.h"

#include "pipeline/same_face.h"
#include "pipeline/track/confirm.h"

enum {
    SEARCH_FRAMES = 15, // from one search for more faces to the next
    SEARCH_FIRST = 30,  // frames without a face that are all searched
    SEARCH_LATER = 6,   // then from one search to the next
    TURNED_LATER = 3,   // and of turned regions, of which there are three times as many
    CANDIDATES_MAX = 4, // of one search that get a closer look
};

static const float candidate_share = 0.5f; // of the locator's least score: worth a closer look

// A track begins at once with a score from pipeline_confirm_certain_score on; from this
// score on if nothing better was found at any angle. A face that is half covered has 0.8,
// whole ones that noise and darkness spoiled over 0.84; what the locator alone takes for
// a face mostly has less than this.
static const float fair_score = 0.75f;

// Likewise for a candidate from a turned region: three more regions are searched, and
// each adds its own mistakes.
static const float fair_turned_score = 0.91f;

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
        if (lost->id != 0 && tracker->pts - lost->pts <= PIPELINE_SAME_FACE_S &&
            pipeline_location_is_near(&lost->location, location, 1.5f, 2)) {
            const int id = lost->id;
            lost->id = 0;
            return id;
        }
    }
    tracker->last_id = pipeline_tracker_next_id(tracker->last_id);
    return tracker->last_id;
}

// What a closer look at a candidate shows.
struct closer {
    struct pipeline_roi roi;
    struct pipeline_location location;
    struct pipeline_observation *observation;
};

// Looks closer at what may be a face, found in a region of that angle: with the locator
// from nearby, then with the landmark network, the second time where its own landmarks lie.
static bool look_closer(const struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                        const struct pipeline_location *candidate, float angle,
                        struct closer *closer)
{
    const struct pipeline_tracker_options *options = &tracker->options;
    struct pipeline_observation *observation = closer->observation;
    struct pipeline_location face;
    if (!pipeline_confirm_detect(view, candidate, angle, 1, &face) ||
        pipeline_search_is_known(tracker, tracker->track_count, &face) ||
        !pipeline_confirm_observe(options, view, &face, angle, observation, &closer->location)) {
        return false;
    }
    if (options->has_ibug68) {
        angle = pipeline_location_next_angle(observation->keypoints, angle);
    }
    const struct pipeline_location own = pipeline_confirm_location(options, observation, angle);
    if (!pipeline_confirm_is_inside(view, &own) ||
        !pipeline_confirm_observe(options, view, &own, angle, observation, &closer->location)) {
        return false;
    }
    closer->roi = pipeline_location_roi(&closer->location, options->margin, angle);
    pipeline_confirm_retry(options, view, &face, &closer->roi, observation, &closer->location);
    return true;
}

// Whether a face with 68 landmarks scores well enough, the right way up. May turn it.
static bool is_good_enough(const struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                           float angle, struct closer *closer)
{
    const float least_score = angle == 0 ? fair_score : fair_turned_score;
    struct pipeline_observation *observation = closer->observation;
    if (observation->score < fair_score) {
        return false;
    }
    const unsigned turns = observation->score < pipeline_confirm_certain_score ? PIPELINE_TURN_ALL
                                                                               : PIPELINE_TURN_OVER;
    pipeline_confirm_orientation(&tracker->options, view, turns, least_score, &closer->roi,
                                 observation, &closer->location);
    const bool is_best = tracker->track_count > 0 || tracker->turned.is_complete;
    return observation->score >= (is_best ? least_score : pipeline_confirm_certain_score);
}

// angle is that of the region where the candidate was found.
static bool begin_track(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                        const struct pipeline_location *candidate, float angle,
                        struct pipeline_track *track, struct pipeline_observation *observation)
{
    struct closer closer = { .observation = observation };
    if (!look_closer(tracker, view, candidate, angle, &closer) ||
        (tracker->options.has_ibug68 && !is_good_enough(tracker, view, angle, &closer))) {
        return false;
    }
    *track = (struct pipeline_track){
        .id = recall_id(tracker, &closer.location),
        .roi = closer.roi,
        .location = closer.location,
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

static void restart(struct pipeline_search *search)
{
    *search = (struct pipeline_search){ .wait = search->wait };
}

// Searches one region for faces that are not known.
static void search_region(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                          const struct pipeline_roi *roi,
                          struct pipeline_observations *observations)
{
    struct pipeline_detection found[NN_DETECTIONS_MAX];
    int count = pipeline_frame_view_detect(view, roi, candidate_share, found);
    for (int tries = 0; tries < CANDIDATES_MAX && count > 0 &&
                        tracker->track_count < tracker->options.max_faces;) {
        struct pipeline_detection candidate;
        take_largest(found, &count, &candidate);
        const struct pipeline_location location = pipeline_location_of_detection(&candidate);
        if (pipeline_search_is_known(tracker, tracker->track_count, &location)) {
            continue;
        }
        tries++;
        if (begin_track(tracker, view, &location, roi->angle,
                        &tracker->tracks[tracker->track_count],
                        &observations->faces[observations->count])) {
            tracker->track_count++;
            observations->count++;
            restart(&tracker->upright);
            restart(&tracker->turned);
        }
    }
}

// The region that the search comes to; one after the last is the first again.
static struct pipeline_roi region_of(struct pipeline_search *search,
                                     const struct pipeline_frame_view *view)
{
    struct pipeline_roi roi;
    if (!pipeline_locator_view(search->index, view->display->width, view->display->height, &roi)) {
        search->index = 0;
        search->is_complete = true;
        pipeline_locator_view(0, view->display->width, view->display->height, &roi);
    }
    return roi;
}

// Each region turned to the right, over and to the left, before the next region.
static void search_turned(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                          struct pipeline_observations *observations)
{
    static const enum pipeline_turns turns[] = { PIPELINE_TURN_RIGHT, PIPELINE_TURN_LEFT,
                                                 PIPELINE_TURN_OVER };
    enum { TURNS = sizeof turns / sizeof turns[0] };
    struct pipeline_search *search = &tracker->turned;
    const struct pipeline_roi roi = region_of(search, view);
    const struct pipeline_roi turned = pipeline_confirm_turn(&roi, turns[search->turn]);
    search->turn = (search->turn + 1) % TURNS;
    search->index += search->turn == 0;
    search_region(tracker, view, &turned, observations);
}

// Counts down; true once every `frames` frames.
static bool is_due(struct pipeline_search *search, int frames)
{
    if (search->wait > 0) {
        search->wait--;
        return false;
    }
    search->wait = frames - 1;
    return true;
}

void pipeline_search_run(struct pipeline_tracker *tracker, struct pipeline_frame_view *view,
                         struct pipeline_observations *observations)
{
    if (tracker->track_count >= tracker->options.max_faces) {
        return;
    }
    const bool is_first = tracker->idle < SEARCH_FIRST;
    const int frames = tracker->track_count > 0 ? SEARCH_FRAMES : is_first ? 1 : SEARCH_LATER;
    if (is_due(&tracker->upright, frames)) {
        const struct pipeline_roi roi = region_of(&tracker->upright, view);
        tracker->upright.index++;
        search_region(tracker, view, &roi, observations);
    }
    if (tracker->track_count == 0 && tracker->upright.is_complete && tracker->options.has_ibug68 &&
        is_due(&tracker->turned, is_first ? 1 : TURNED_LATER)) {
        search_turned(tracker, view, observations);
    }
}
