#include "pipeline/track/tracker.h"

#include <math.h>
#include <string.h>

enum {
    CHECK_FRAMES = 15,      // the locator looks at a face that is sure so often
    DOUBT_MAX = 30,         // a face that the locator doesn't see
    DOUBT_SURE = 1,         // in each frame, while its landmarks are as good as ever
    DOUBT_UNSURE = 3,       // and while they are not
    DOUBT_NOBODY = 15,      // and where the landmark network sees no face either
    SEARCH_FRAMES = 15,     // from one search for more faces to the next
    SEARCH_FIRST = 30,      // frames for which an empty picture is searched each time
    SEARCH_LATER = 6,       // then from one search to the next
    CANDIDATES_MAX = 4,     // that a search looks at more closely
    REMEMBERED_FRAMES = 90, // for which a lost face keeps its number
};

static const float usual_share = 0.8f;     // of the usual score, from which landmarks are sure
static const float usual_pace = 0.05f;     // by which the usual score follows
static const float candidate_share = 0.5f; // of the locator's least score: worth a closer look
static const float check_share = 0.4f;     // and for a face that is known
static const float close_view = 2.6f;      // edge of a view around a face, in sizes

// Faces in a square that fits have scores above 0.94, squares without one below 0.12.
// In between lies what a wrong square gives: 0.59 to 0.68 for faces that were held
// turned over, 0.4 to 0.75 beside the face. So the right ones are not looked at twice.
static const float doubtful_score = 0.8f;

// From which a track begins: a face that is half covered has 0.8, whole ones that noise and
// darkness spoiled over 0.84; what the locator alone takes for one mostly less than this.
static const float begin_score = 0.75f;

// Below it no face is there: the picture was cut, or something is wholly in front.
static const float nobody_score = 0.2f;

// From 15 degrees on a turned square has the smaller error on rolled photographs (3.1 %
// against 3.3 % at 15 to 20 degrees, 3.2 against 3.7 beyond 34); below it gains nothing.
static const float turn_begin = 0.26f; // roll, radians, from which the square turns with it
static const float turn_end = 0.14f;   // and below which it no longer does
static const float turn_step = 0.06f;  // smaller changes leave it as it is
static const float size_step = 0.06f;  // likewise, of its edge: sizes are powers of 1 + this
static const float move_step = 0.02f;  // and of its middle, in edges

struct look {
    struct pipeline_tracker *tracker;
    const struct pipeline_detectors *eyes;
};

void pipeline_tracker_init(struct pipeline_tracker *tracker,
                           const struct pipeline_tracker_options *options)
{
    *tracker = (struct pipeline_tracker){ .options = *options };
}

// ---- places and squares ----------------------------------------------------------------

// Two places that may be the same face: near each other, and of about one size.
static bool is_near(const struct pipeline_location *a, const struct pipeline_location *b,
                    float distance, float ratio)
{
    const float larger = fmaxf(a->size, b->size), smaller = fminf(a->size, b->size);
    return hypotf(a->x - b->x, a->y - b->y) < distance * larger && larger < ratio * smaller;
}

static bool is_inside(const struct pipeline_tracker *tracker, const struct pipeline_location *place)
{
    return place->x >= 0 && place->y >= 0 && place->x < (float)tracker->display.width &&
           place->y < (float)tracker->display.height;
}

// The box is measured along the square's own axes.
static struct pipeline_location place_of(const struct pipeline_tracker *tracker,
                                         const struct mc_keypoint *keypoints, float angle)
{
    const float c = cosf(angle), s = sinf(angle);
    float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (int i = 0; i < tracker->options.keypoint_count; i++) {
        const float along = c * keypoints[i].x + s * keypoints[i].y;
        const float across = c * keypoints[i].y - s * keypoints[i].x;
        left = fminf(left, along);
        right = fmaxf(right, along);
        top = fminf(top, across);
        bottom = fmaxf(bottom, across);
    }
    const float along = (left + right) / 2, across = (top + bottom) / 2;
    return (struct pipeline_location){ c * along - s * across, s * along + c * across,
                                       fmaxf(right - left, bottom - top) };
}

static struct pipeline_location place_of_found(const struct pipeline_detection *found)
{
    return (struct pipeline_location){ found->x, found->y, fmaxf(found->width, found->height) };
}

static struct pipeline_roi square_around(const struct pipeline_location *place, float margin,
                                         float angle)
{
    const float side = margin * place->size;
    return (struct pipeline_roi){ place->x - side / 2, place->y - side / 2, side, angle };
}

// The nearest of few sizes: those that come again find their converters.
static float usual_size(float size)
{
    const float step = log1pf(size_step);
    return expf(roundf(logf(size) / step) * step);
}

// How far the head is rolled, clockwise.
static float roll_of(const struct mc_keypoint *keypoints)
{
    enum { EYE_POINTS = 6, FIRST_EYE = 36, SECOND_EYE = FIRST_EYE + EYE_POINTS };
    float x = 0, y = 0;
    for (int i = 0; i < EYE_POINTS; i++) {
        x += keypoints[SECOND_EYE + i].x - keypoints[FIRST_EYE + i].x;
        y += keypoints[SECOND_EYE + i].y - keypoints[FIRST_EYE + i].y;
    }
    return atan2f(y, x);
}

// Small rolls are left to the network.
static float next_angle(const struct pipeline_tracker *tracker, float angle,
                        const struct mc_keypoint *keypoints)
{
    if (!tracker->options.has_ibug68) {
        return 0;
    }
    const float roll = roll_of(keypoints);
    if (fabsf(roll) < (angle == 0 ? turn_begin : turn_end)) {
        return 0;
    }
    return angle != 0 && fabsf(roll - angle) < turn_step ? angle : roll;
}

// Where to look for the face next. Small changes leave the square as it is: the
// landmarks are calmer for it.
static struct pipeline_roi next_square(const struct pipeline_tracker *tracker,
                                       const struct pipeline_roi *last,
                                       const struct pipeline_location *place, float angle)
{
    struct pipeline_roi next = square_around(place, tracker->options.margin, angle);
    float side = last->side;
    if (fabsf(next.side / side - 1) > size_step) {
        side = usual_size(next.side);
    }
    const float middle_x = last->x + last->side / 2, middle_y = last->y + last->side / 2;
    const bool moved = hypotf(place->x - middle_x, place->y - middle_y) > move_step * side;
    const float x = moved ? place->x : middle_x, y = moved ? place->y : middle_y;
    return (struct pipeline_roi){ x - side / 2, y - side / 2, side, angle };
}

// ---- the faces that are known ----------------------------------------------------------

// The face near place, as the locator sees it from nearby.
static bool look_closer(const struct look *look, const struct pipeline_location *place, float angle,
                        float share, struct pipeline_location *seen)
{
    struct pipeline_detection found[NN_DETECTIONS_MAX];
    const struct pipeline_location about = { place->x, place->y, usual_size(place->size) };
    const struct pipeline_roi view = square_around(&about, close_view, angle);
    const int count = look->eyes->locate(look->eyes->user, &view, share, found);
    for (int i = 0; i < count; i++) {
        *seen = place_of_found(&found[i]);
        if (is_near(seen, place, 0.6f, 1.9f)) {
            return true;
        }
    }
    return false;
}

// Looks where the locator has a face. False when the landmarks don't agree; place is
// where they lie, and is not there.
static bool look_there(const struct look *look, const struct pipeline_location *there, float angle,
                       struct pipeline_observation *sighting, struct pipeline_location *place)
{
    const struct pipeline_tracker *tracker = look->tracker;
    struct pipeline_roi square = square_around(there, tracker->options.margin, angle);
    look->eyes->look(look->eyes->user, &square, sighting);
    if (sighting->score < 0) {
        return false;
    }
    *place = place_of(tracker, sighting->keypoints, angle);
    return is_near(place, there, 0.5f, 1.8f);
}

// Where landmarks are poor, the square may be turned the wrong way, or lie beside the
// face: looks once more, upright, about there and where the locator has a face near
// it. Keeps what scores best: returns whether that is new.
static bool look_again(const struct look *look, struct pipeline_roi *square,
                       const struct pipeline_location *about, struct pipeline_observation *sighting,
                       struct pipeline_location *place)
{
    const struct pipeline_tracker *tracker = look->tracker;
    if (!tracker->options.has_ibug68 || sighting->score >= doubtful_score) {
        return false; // other networks' scores may mean something else
    }
    struct pipeline_location there[2], at;
    int count = 0;
    bool better = false;
    if (square->angle != 0) {
        there[count++] = *about;
    }
    count += look_closer(look, about, 0, check_share, &there[count]);
    for (int i = 0; i < count; i++) {
        struct pipeline_observation again = { .id = sighting->id };
        if (look_there(look, &there[i], 0, &again, &at) && again.score > sighting->score &&
            is_inside(tracker, &at)) {
            *sighting = again;
            *place = at;
            *square = square_around(&there[i], tracker->options.margin, 0);
            better = true;
        }
    }
    return better;
}

static void believe(struct pipeline_tracker *tracker, struct pipeline_track *track,
                    const struct pipeline_observation *sighting)
{
    const float angle = next_angle(tracker, track->square.angle, sighting->keypoints);
    track->place = place_of(tracker, sighting->keypoints, angle);
    track->square = next_square(tracker, &track->square, &track->place, angle);
    track->usual_score += usual_pace * (sighting->score - track->usual_score);
}

// Asks the locator about a face whose landmarks are where place says. Returns
// whether they can be believed; they may have been looked for again.
static bool check(const struct look *look, struct pipeline_track *track, bool fits, bool sure,
                  struct pipeline_observation *sighting, struct pipeline_location *place)
{
    struct pipeline_location seen;
    const float angle = track->square.angle;
    if (!look_closer(look, fits ? place : &track->place, angle, check_share, &seen)) {
        const bool nobody = look->tracker->options.has_ibug68 && sighting->score < nobody_score;
        track->doubt += sure ? DOUBT_SURE : nobody ? DOUBT_NOBODY : DOUBT_UNSURE;
        return sure;
    }
    track->unchecked = 0;
    if ((fits && is_near(place, &seen, 0.5f, 1.8f)) ||
        look_there(look, &seen, angle, sighting, place)) {
        track->doubt = 0;
        return true;
    }
    track->doubt += DOUBT_UNSURE;
    return false;
}

// Looks at one face again. False when it is lost.
static bool follow(const struct look *look, struct pipeline_track *track,
                   struct pipeline_observation *sighting)
{
    struct pipeline_tracker *tracker = look->tracker;
    struct pipeline_location place = track->place;
    sighting->id = track->id;
    look->eyes->look(look->eyes->user, &track->square, sighting);
    bool fits = sighting->score >= 0;
    if (fits) {
        place = place_of(tracker, sighting->keypoints, track->square.angle);
        fits = is_near(&place, &track->place, 0.5f, 1.5f) && is_inside(tracker, &place);
        fits |= look_again(look, &track->square, &track->place, sighting, &place);
    }
    const bool sure = fits && sighting->score >= usual_share * track->usual_score;
    track->unchecked++;
    bool believed = sure;
    if (!sure || track->doubt > 0 || track->unchecked >= CHECK_FRAMES) {
        believed = check(look, track, fits, sure, sighting, &place);
    }
    if (believed) {
        believe(tracker, track, sighting);
    }
    // A face that is hidden is still there for a while, but less and less sure.
    const float belief = 1 - (float)track->doubt / DOUBT_MAX;
    if (sighting->score < 0 || belief <= 0 || !is_inside(tracker, &track->place)) {
        return false;
    }
    sighting->score *= belief;
    for (int i = 0; i < tracker->options.keypoint_count; i++) {
        sighting->keypoints[i].c *= belief;
    }
    return true;
}

static void remember(struct pipeline_tracker *tracker, const struct pipeline_track *track)
{
    struct pipeline_memory *oldest = &tracker->lost[0];
    for (int i = 1; i < PIPELINE_FACES_MAX; i++) {
        if (tracker->lost[i].id == 0 ||
            (oldest->id != 0 && tracker->lost[i].frames > oldest->frames)) {
            oldest = &tracker->lost[i];
        }
    }
    *oldest = (struct pipeline_memory){ track->id, track->place, 0 };
}

// The number of a face that appears: the one that was lost about there, else a new one.
static int recall(struct pipeline_tracker *tracker, const struct pipeline_location *place)
{
    for (int i = 0; i < PIPELINE_FACES_MAX; i++) {
        struct pipeline_memory *memory = &tracker->lost[i];
        if (memory->id != 0 && memory->frames <= REMEMBERED_FRAMES &&
            is_near(&memory->place, place, 1.5f, 2)) {
            const int id = memory->id;
            memory->id = 0;
            return id;
        }
    }
    return ++tracker->last_id;
}

static bool is_known(const struct pipeline_tracker *tracker, int count,
                     const struct pipeline_location *place)
{
    for (int i = 0; i < count; i++) {
        if (is_near(&tracker->tracks[i].place, place, 0.45f, 2)) {
            return true;
        }
    }
    return false;
}

// Follows all, and leaves out those that are lost or came onto a face that
// another one follows already.
static void follow_all(const struct look *look, struct pipeline_observations *sight)
{
    struct pipeline_tracker *tracker = look->tracker;
    int kept = 0;
    for (int i = 0; i < tracker->track_count; i++) {
        struct pipeline_track track = tracker->tracks[i];
        if (!follow(look, &track, &sight->faces[kept])) {
            remember(tracker, &track);
        } else if (!is_known(tracker, kept, &track.place)) {
            tracker->tracks[kept++] = track;
        }
    }
    tracker->track_count = sight->count = kept;
}

// ---- new faces -------------------------------------------------------------------------

// Looks closer at what may be a face, twice: with the locator from nearby, then
// with the landmark network, the second time where its own landmarks lie.
static bool begin_track(const struct look *look, const struct pipeline_detection *candidate,
                        struct pipeline_track *track, struct pipeline_observation *sighting)
{
    struct pipeline_tracker *tracker = look->tracker;
    const struct pipeline_location rough = place_of_found(candidate);
    struct pipeline_location seen, place;
    float angle = 0;
    if (!look_closer(look, &rough, angle, 1, &seen) ||
        is_known(tracker, tracker->track_count, &seen) ||
        !look_there(look, &seen, angle, sighting, &place)) {
        return false;
    }
    angle = next_angle(tracker, 0, sighting->keypoints);
    const struct pipeline_location own = place_of(tracker, sighting->keypoints, angle);
    if (!is_inside(tracker, &own) || !look_there(look, &own, angle, sighting, &place)) {
        return false;
    }
    struct pipeline_roi square = square_around(&place, tracker->options.margin, angle);
    look_again(look, &square, &seen, sighting, &place);
    if (tracker->options.has_ibug68 && sighting->score < begin_score) {
        return false;
    }
    *track = (struct pipeline_track){
        .id = recall(tracker, &place),
        .square = square,
        .place = place,
        .usual_score = sighting->score,
    };
    sighting->id = track->id;
    return true;
}

// The largest that is left counts as the most important.
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

// Searches one view of the picture for faces that are not known.
static void search(const struct look *look, struct pipeline_observations *sight)
{
    struct pipeline_tracker *tracker = look->tracker;
    struct pipeline_detection found[NN_DETECTIONS_MAX];
    struct pipeline_roi view;
    if (!pipeline_locator_view(tracker->view_index, tracker->display.width, tracker->display.height,
                               &view)) {
        tracker->view_index = 0;
        pipeline_locator_view(0, tracker->display.width, tracker->display.height, &view);
    }
    tracker->view_index++;
    int count = look->eyes->locate(look->eyes->user, &view, candidate_share, found);
    for (int looks = 0; looks < CANDIDATES_MAX && count > 0 &&
                        tracker->track_count < tracker->options.max_faces;) {
        struct pipeline_detection candidate;
        take_largest(found, &count, &candidate);
        const struct pipeline_location place = place_of_found(&candidate);
        if (is_known(tracker, tracker->track_count, &place)) {
            continue;
        }
        looks++;
        if (begin_track(look, &candidate, &tracker->tracks[tracker->track_count],
                        &sight->faces[sight->count])) {
            tracker->track_count++;
            sight->count++;
            tracker->view_index = 0;
        }
    }
}

// Whether this frame is searched: each one after a face was lost, fewer while
// nobody comes, and now and then for more faces.
static bool is_due(struct pipeline_tracker *tracker)
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

void pipeline_tracker_run(struct pipeline_tracker *tracker,
                          const struct pipeline_display_transform *display,
                          const struct pipeline_detectors *eyes,
                          struct pipeline_observations *sight)
{
    const struct look look = { tracker, eyes };
    if (!pipeline_display_transform_equal(display,
                                          &tracker->display)) { // pixels mean other places now
        *tracker = (struct pipeline_tracker){ .options = tracker->options,
                                              .display = *display,
                                              .last_id = tracker->last_id };
    }
    for (int i = 0; i < PIPELINE_FACES_MAX; i++) {
        tracker->lost[i].frames++;
    }
    const int before = tracker->track_count;
    follow_all(&look, sight);
    if (tracker->track_count < before) {
        tracker->wait = 0;
    }
    if (is_due(tracker)) {
        search(&look, sight);
    }
    tracker->idle = tracker->track_count > 0 ? 0 : tracker->idle + 1;
}

void pipeline_tracker_look_at(const struct pipeline_roi *square,
                              const struct pipeline_detectors *eyes,
                              struct pipeline_observations *sight)
{
    struct pipeline_detection found[NN_DETECTIONS_MAX];
    sight->faces[0].id = 0;
    eyes->look(eyes->user, square, &sight->faces[0]);
    sight->count =
        sight->faces[0].score >= 0 &&
        (eyes->locate == NULL || eyes->locate(eyes->user, square, check_share, found) > 0);
}
