#include "pipeline/motion/motion.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/expression.h"
#include "pipeline/motion/confidence.h"
#include "pipeline/motion/pose.h"
#include "pipeline/motion/shapes.h"
#include "pipeline/same_face.h"

_Static_assert((int)PIPELINE_SMOOTH_POINTS_MAX >= (int)PROTOCOL_KEYPOINTS_MAX &&
                   (int)PIPELINE_SMOOTH_POINTS_MAX >= (int)PROTOCOL_DENSE_MAX,
               "all points of a record can be smoothed");

enum { LANDMARKS = 68, EYE_LANDMARKS = 6 };

static const double step_max_s = 0.5;            // between two records of a face; longer is a gap
static const float features_fov = 60;            // degrees
static const int64_t calibrate_max_s = 6;        // then it has failed
static const float hidden_below = 0.25f;         // published confidence of an eye
static const float error_max = 0.10f;            // of a pose, to learn from what the face does
static const float yaw_max = 30, pitch_max = 25; // degrees; likewise

struct pipeline_motion_options pipeline_motion_options_default(void)
{
    struct pipeline_motion_options options = { .smooth = pipeline_smooth_options_default() };
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        options.gains[i] = 1;
    }
    return options;
}

void pipeline_motion_set_options(struct pipeline_motion *motion,
                                 const struct pipeline_motion_options *options)
{
    if (options->fov < motion->options.fov || options->fov > motion->options.fov) {
        pipeline_fov_init(&motion->fov, options->fov);
    }
    motion->options = *options;
}

void pipeline_motion_init(struct pipeline_motion *motion,
                          const struct pipeline_motion_options *options)
{
    *motion = (struct pipeline_motion){ .options = *options };
    pipeline_fov_init(&motion->fov, options->fov);
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        pipeline_calibration_init(&motion->faces[i].calibration);
    }
}

// Seconds since the face's last record; 0 when that is over most_s, or time stepped back.
static float elapsed(const struct pipeline_motion_face *face, const struct protocol_record *record,
                     double most_s)
{
    const double step_s = record->pts - face->pts;
    return step_s > 0 && step_s <= most_s ? (float)step_s : 0;
}

// Whether a face of that state is most likely back.
static bool is_recent(const struct pipeline_motion_face *state,
                      const struct protocol_record *record)
{
    const double step_s = record->pts - state->pts;
    return state->id != 0 && step_s >= 0 && step_s <= PIPELINE_SAME_FACE_S;
}

static void mark_present(struct pipeline_motion *motion, const struct protocol_record *record)
{
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        motion->faces[i].present = false;
        for (int k = 0; k < record->face_count; k++) {
            motion->faces[i].present |= motion->faces[i].id == record->faces[k].id;
        }
    }
}

static bool is_measured(const struct pipeline_face_profile *profile)
{
    bool measured = profile->has_neutral;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        measured |= profile->gains[i] > 1;
    }
    return measured;
}

// How well a free state suits a new face; the least is best. A face that was lost a moment
// ago is most likely back. Next come faces that were measured, the nearest first; then the
// one lost last.
static double suits(const struct pipeline_motion_face *state, const struct protocol_record *record,
                    float x)
{
    if (is_recent(state, record)) {
        return record->pts - state->pts - 10;
    }
    return is_measured(&state->calibration.profile)
               ? (double)fminf(fabsf(x - state->calibration.profile.x), 2) - 5
               : -1e-12 * state->pts;
}

// The state becomes that of a face that is not followed from the last record on. What was learnt
// of a face stays when it was there a moment ago; what was measured stays in any case.
static void begin_face(struct pipeline_motion_face *state, const struct protocol_record *record,
                       int id)
{
    if (!is_recent(state, record)) {
        pipeline_calibration_forget(&state->calibration);
    }
    pipeline_calibration_stop(&state->calibration);
    state->id = id;
    state->present = true;
    state->fresh = true;
    pipeline_smooth_reset(&state->smooth);
    pipeline_smooth_shapes_reset(&state->smooth_shapes);
    pipeline_smooth_reset(&state->smooth_dense);
    pipeline_gaze_reset(&state->gaze);
}

// The state of a face; a new one takes over a free one.
static struct pipeline_motion_face *state_of(struct pipeline_motion *motion,
                                             const struct protocol_record *record,
                                             const struct protocol_face *face)
{
    const float x = (face->box[0] + face->box[2] / 2) / (float)record->width;
    struct pipeline_motion_face *best = NULL;
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        struct pipeline_motion_face *state = &motion->faces[i];
        if (state->id == face->id) {
            if (!(record->pts >= state->pts)) { // time stepped back
                begin_face(state, record, face->id);
            }
            state->x = x;
            return state;
        }
        if (!state->present && (best == NULL || suits(state, record, x) < suits(best, record, x))) {
            best = state;
        }
    }
    // There is one: a record has no more faces than there are states.
    begin_face(best, record, face->id);
    best->x = x;
    return best;
}

static void smooth(struct pipeline_motion *motion, struct pipeline_motion_face *state,
                   struct protocol_face *face, float dt_s)
{
    if (!motion->options.smooth.on) {
        return;
    }
    const size_t bytes = (size_t)face->keypoint_count * sizeof face->keypoints[0];
    face->has_raw = true;
    memcpy(face->raw, face->keypoints, bytes);
    const float size = sqrtf(face->box[2] * face->box[3]);
    pipeline_smooth_run(&state->smooth, &motion->options.smooth, face->keypoints,
                        face->keypoint_count, size, dt_s);
    pipeline_smooth_run(&state->smooth_dense, &motion->options.smooth, face->dense,
                        face->dense_count, size, dt_s);
    mc_keypoints_box(face->keypoints, face->keypoint_count, face->box);
}

// A face that looks away, or whose pose fits badly, says nothing about its neutral face.
static bool can_learn(const struct protocol_pose *pose)
{
    return pose->error < error_max && fabsf(pose->euler[0]) < pitch_max &&
           fabsf(pose->euler[1]) < yaw_max;
}

static void start_due(const struct pipeline_motion *motion, struct pipeline_motion_face *state)
{
    struct pipeline_calibration *calibration = &state->calibration;
    if (!state->due || calibration->measuring || calibration->range.shapes != 0) {
        return;
    }
    if (motion->range == 0) {
        pipeline_calibration_measure(calibration);
    } else {
        pipeline_calibration_measure_range(calibration, motion->range);
    }
}

static void finish_due(struct pipeline_motion_face *state)
{
    state->due = false;
    state->done = true;
    state->calibration.profile.x = fminf(fmaxf(state->x, 0), 1);
}

// Shapes by the rules, replaced by those that a network reads.
static void combine(struct pipeline_motion *motion, const float *neutral, const float *channels,
                    const struct pipeline_expression *expression, float *shapes)
{
    pipeline_shapes_make(channels, neutral, shapes);
    motion->shapes |= pipeline_shapes_made;
    if (expression == NULL) {
        return;
    }
    motion->shapes |= expression->known | pipeline_gaze_shapes;
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        if (expression->known & UINT64_C(1) << i) {
            shapes[i] = channels[PIPELINE_CHANNEL_SHAPES + i];
        }
    }
    pipeline_gaze_looks(expression->gaze, shapes);
}

static void apply_gains(const float *gains, float *shapes)
{
    for (int i = 0; i < PROTOCOL_SHAPE_COUNT; i++) {
        shapes[i] = fminf(1, gains[i] * shapes[i]);
    }
}

// Shapes from what the channels read, and what that teaches of the person.
static void make_shapes(struct pipeline_motion *motion, struct pipeline_motion_face *state,
                        float *channels, const struct pipeline_expression *expression,
                        struct protocol_face *face, float dt_s)
{
    struct pipeline_calibration *calibration = &state->calibration;
    const bool learns = face->has_pose && can_learn(&face->pose);
    if (learns) {
        start_due(motion, state);
    }
    if (learns && pipeline_calibration_add(calibration, channels, dt_s)) {
        finish_due(state);
    }
    pipeline_calibration_apply(calibration, channels);
    combine(motion, calibration->neutral, channels, expression, face->shapes);
    if (pipeline_calibration_add_range(calibration, face->shapes, dt_s)) {
        finish_due(state);
    }
    pipeline_calibration_scale(calibration, face->shapes);
    apply_gains(motion->options.gains, face->shapes);
    if (motion->options.smooth.on) {
        pipeline_smooth_shapes_run(&state->smooth_shapes, face->shapes, dt_s);
    }
}

// Of the points that are published, and of the face.
static void set_confidences(struct protocol_face *face)
{
    for (int i = 0; face->has_dense && i < face->dense_count; i++) {
        face->dense[i].c = pipeline_confidence_of(face->dense[i].c);
    }
    float sum = 0;
    for (int i = 0; i < LANDMARKS; i++) {
        struct mc_keypoint *keypoint = &face->keypoints[i];
        keypoint->c = pipeline_confidence_of(keypoint->c);
        sum += keypoint->c;
    }
    face->score = sum / LANDMARKS;
}

static void fit_pose(struct pipeline_motion *motion, const struct pipeline_camera *camera,
                     struct protocol_face *face, const struct pipeline_expression *expression,
                     float dt_s)
{
    struct pipeline_pose_fit fit;
    float expected[3][3];
    if (expression != NULL) {
        pipeline_camera_turn(camera, expression->x, expression->y, expression->rotation, expected);
    }
    face->has_pose = pipeline_pose_find(
        face->keypoints, camera, expression != NULL ? (const float(*)[3])expected : NULL, &fit);
    if (face->has_pose) {
        face->pose = fit.pose;
        pipeline_fov_add(&motion->fov, &fit, dt_s);
    }
    set_confidences(face);
}

// Whether the left eye (0) or the right one (1) is covered, or outside the frame: its landmarks are
// hardly ever right.
static bool is_hidden(const struct protocol_face *face, int eye)
{
    const struct mc_keypoint *lids = &face->keypoints[eye == 0 ? 42 : 36]; // left: the person's
    float sum = 0;
    for (int i = 0; i < EYE_LANDMARKS; i++) {
        sum += lids[i].c;
    }
    return !(sum / EYE_LANDMARKS >= hidden_below);
}

// Fills in the face's gaze, once an eye was seen. Returns the expression with that gaze.
static struct pipeline_expression steady(const struct pipeline_motion *motion,
                                         struct pipeline_motion_face *state,
                                         const struct pipeline_expression *expression,
                                         struct protocol_face *face, float dt_s)
{
    struct pipeline_expression steadied = *expression;
    const float blinks[2] = { expression->shapes[PROTOCOL_EYE_BLINK_LEFT],
                              expression->shapes[PROTOCOL_EYE_BLINK_RIGHT] };
    for (int eye = 0; eye < 2; eye++) {
        if (is_hidden(face, eye)) { // what a network reads there is a guess
            steadied.gaze[eye][0] = steadied.gaze[eye][1] = NAN;
        }
    }
    pipeline_gaze_run(&state->gaze, &motion->options.smooth, blinks, dt_s, steadied.gaze);
    pipeline_gaze_fill((const float(*)[2])steadied.gaze, &face->gaze);
    face->has_gaze = state->gaze.known;
    return steadied;
}

// Whether the rules have something to do: shapes that no network reads, or a neutral face that is
// to be measured, which shall also hold where there is no network.
static bool needs_features(const struct pipeline_motion_face *state,
                           const struct pipeline_expression *expression)
{
    return expression == NULL || state->due ||
           (expression->known & pipeline_shapes_made) != pipeline_shapes_made;
}

// Features are measured as through one and the same lens, that of their spread: the estimated
// field of view changes while it is learnt, and what was measured of a person is kept for longer
// than the estimate.
static bool measure_features(const struct protocol_face *face, const struct protocol_record *record,
                             float *features)
{
    const struct pipeline_camera camera =
        pipeline_camera_make(record->width, record->height, features_fov);
    struct protocol_pose pose;
    return face->has_pose && pipeline_pose_fit(face->keypoints, &camera, &pose) &&
           pipeline_features_measure(face->keypoints, &camera, &pose, features);
}

static void run_face(struct pipeline_motion *motion, const struct pipeline_camera *camera,
                     struct protocol_record *record, struct protocol_face *face,
                     const struct pipeline_expression *expression)
{
    struct pipeline_motion_face *state = state_of(motion, record, face);
    const float dt_s = state->fresh ? 0 : elapsed(state, record, step_max_s);
    float channels[PIPELINE_CHANNEL_COUNT];
    for (int i = 0; i < PIPELINE_CHANNEL_COUNT; i++) {
        channels[i] = NAN;
    }
    state->fresh = false;
    state->pts = record->pts;
    smooth(motion, state, face, dt_s);
    if (face->keypoint_count != LANDMARKS) {
        return;
    }
    fit_pose(motion, camera, face, expression, dt_s);
    face->has_shapes =
        needs_features(state, expression) && measure_features(face, record, channels);
    if (expression != NULL) {
        const struct pipeline_expression steadied = steady(motion, state, expression, face, dt_s);
        face->has_shapes = true;
        pipeline_shapes_read(&steadied, channels + PIPELINE_CHANNEL_SHAPES);
        make_shapes(motion, state, channels, &steadied, face, dt_s);
    } else if (face->has_shapes) {
        make_shapes(motion, state, channels, NULL, face, dt_s);
    }
    if (face->has_pose) {
        pipeline_pose_correct(&face->pose);
    }
}

void pipeline_motion_run(struct pipeline_motion *motion, struct protocol_record *record,
                         const struct pipeline_expression *const *expressions)
{
    const struct pipeline_camera camera =
        pipeline_fov_camera(&motion->fov, record->width, record->height);
    mark_present(motion, record);
    for (int i = 0; i < record->face_count; i++) {
        run_face(motion, &camera, record, &record->faces[i],
                 expressions != NULL ? expressions[i] : NULL);
    }
}

float pipeline_motion_fov(const struct pipeline_motion *motion)
{
    return motion->fov.fixed > 0 || motion->fov.width > 0 ? pipeline_fov_degrees(&motion->fov) : 0;
}

// ---- calibration

static void stop_calibration(struct pipeline_motion *motion, bool due)
{
    motion->calibrating = due;
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        motion->faces[i].due = due;
        if (due) {
            motion->faces[i].done = false;
        }
        pipeline_calibration_stop(&motion->faces[i].calibration);
    }
}

void pipeline_motion_calibrate(struct pipeline_motion *motion, uint64_t range, int64_t now_ns)
{
    stop_calibration(motion, true);
    motion->range = range;
    motion->calibrate_until_ns = now_ns + calibrate_max_s * MC_NS_PER_SECOND;
}

// The states that are there and that pick selects, by x.
static int list_by_x(struct pipeline_motion *motion,
                     bool (*pick)(const struct pipeline_motion_face *state),
                     struct pipeline_motion_face *listed[PROTOCOL_FACES_MAX])
{
    int count = 0;
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        struct pipeline_motion_face *state = &motion->faces[i];
        if (!pick(state)) {
            continue;
        }
        int at = count++;
        for (; at > 0 && listed[at - 1]->x > state->x; at--) {
            listed[at] = listed[at - 1];
        }
        listed[at] = state;
    }
    return count;
}

static bool is_done(const struct pipeline_motion_face *state)
{
    return state->done;
}

bool pipeline_motion_calibrated(struct pipeline_motion *motion, int64_t now_ns,
                                struct pipeline_calibrated *calibrated)
{
    if (!motion->calibrating) {
        return false;
    }
    struct pipeline_motion_face *done[PROTOCOL_FACES_MAX];
    *calibrated = (struct pipeline_calibrated){ .face_count = list_by_x(motion, is_done, done) };
    bool waiting = calibrated->face_count == 0;
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        waiting |= motion->faces[i].present && motion->faces[i].due;
    }
    if (waiting && now_ns < motion->calibrate_until_ns) {
        return false;
    }
    for (int i = 0; i < calibrated->face_count; i++) {
        const struct pipeline_calibration *calibration = &done[i]->calibration;
        memcpy(calibrated->faces[i].peaks, calibration->range.peaks,
               sizeof calibrated->faces[i].peaks);
        memcpy(calibrated->faces[i].gains, calibration->profile.gains,
               sizeof calibrated->faces[i].gains);
    }
    stop_calibration(motion, false);
    return true;
}

void pipeline_motion_profile(const struct pipeline_motion *motion, struct pipeline_profile *profile)
{
    *profile = (struct pipeline_profile){ 0 };
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        const struct pipeline_face_profile *face = &motion->faces[i].calibration.profile;
        if (is_measured(face)) {
            profile->faces[profile->face_count++] = *face;
        }
    }
}

static bool is_present(const struct pipeline_motion_face *state)
{
    return state->present;
}

static bool is_absent(const struct pipeline_motion_face *state)
{
    return !state->present;
}

void pipeline_motion_load_profile(struct pipeline_motion *motion,
                                  const struct pipeline_profile *profile)
{
    bool used[PROTOCOL_FACES_MAX] = { false };
    struct pipeline_motion_face *states[PROTOCOL_FACES_MAX];
    stop_calibration(motion, false);
    int count = list_by_x(motion, is_present, states);
    count += list_by_x(motion, is_absent, states + count);
    for (int i = 0; i < count; i++) {
        int best = -1;
        for (int k = 0; profile != NULL && k < profile->face_count; k++) {
            if (!used[k] && (best < 0 || fabsf(profile->faces[k].x - states[i]->x) <
                                             fabsf(profile->faces[best].x - states[i]->x))) {
                best = k;
            }
        }
        if (best >= 0) {
            used[best] = true;
        }
        pipeline_calibration_load(&states[i]->calibration, best < 0 ? NULL : &profile->faces[best]);
    }
}
