#include "pipeline/motion/motion.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/expression.h"
#include "pipeline/motion/confidence.h"
#include "pipeline/motion/pose.h"
#include "pipeline/motion/shapes.h"

_Static_assert((int)PIPELINE_SMOOTH_POINTS_MAX >= (int)PROTOCOL_KEYPOINTS_MAX &&
                   (int)PIPELINE_SMOOTH_POINTS_MAX >= (int)PROTOCOL_DENSE_MAX,
               "all points of a record can be smoothed");

enum { LANDMARKS = 68 };

static const double step_max_s = 0.5;            // between two records of a face; longer is a gap
static const int64_t calibrate_max_s = 5;        // then it has failed
static const float error_max = 0.10f;            // of a pose, to learn from what the face does
static const float yaw_max = 30, pitch_max = 25; // degrees; likewise

struct pipeline_motion_options pipeline_motion_options_default(void)
{
    return (struct pipeline_motion_options){ pipeline_smooth_options_default(), 0 };
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

// Seconds since the face's last record: by pts, or by arrival where the source's clock
// jumped or stood still. 0 when that is over step_max_s.
static float elapsed(const struct pipeline_motion_face *face, const struct protocol_record *record)
{
    const double steps[2] = { record->pts - face->pts,
                              (double)(record->t_arrival_ns - face->arrival_ns) * 1e-9 };
    for (int i = 0; i < 2; i++) {
        if (steps[i] > 0 && steps[i] <= step_max_s) {
            return (float)steps[i];
        }
    }
    return 0;
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

// The state of a face. A new face takes over the state of the face lost last, or a free one:
// usually it is the same face, so it keeps the calibration.
static struct pipeline_motion_face *state_of(struct pipeline_motion *motion, int id)
{
    struct pipeline_motion_face *best = NULL;
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        struct pipeline_motion_face *face = &motion->faces[i];
        if (face->id == id) {
            return face;
        }
        if (!face->present && (best == NULL || face->arrival_ns > best->arrival_ns)) {
            best = face;
        }
    }
    best->id = id; // there is one: a record has no more faces than there are states
    best->present = true;
    best->fresh = true;
    pipeline_smooth_reset(&best->smooth);
    pipeline_smooth_reset(&best->smooth_dense);
    pipeline_gaze_reset(&best->gaze);
    pipeline_calibration_pass_on(&best->calibration);
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

static void learn(struct pipeline_motion *motion, struct pipeline_motion_face *state,
                  const float *features, float dt_s)
{
    if (state->due && !state->calibration.measuring) {
        pipeline_calibration_measure(&state->calibration);
    }
    if (pipeline_calibration_add(&state->calibration, features, dt_s)) {
        state->due = false;
        motion->calibrated_faces++;
    }
}

// Of the landmarks that are published, and of the face.
static void set_confidences(struct protocol_face *face)
{
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

// Fills in the face's gaze. Returns the expression with that gaze.
static struct pipeline_expression steady(const struct pipeline_motion *motion,
                                         struct pipeline_motion_face *state,
                                         const struct pipeline_expression *expression,
                                         struct protocol_face *face, float dt_s)
{
    struct pipeline_expression steadied = *expression;
    const float blinks[2] = { expression->shapes[PROTOCOL_EYE_BLINK_LEFT],
                              expression->shapes[PROTOCOL_EYE_BLINK_RIGHT] };
    pipeline_gaze_run(&state->gaze, &motion->options.smooth, blinks, dt_s, steadied.gaze);
    pipeline_gaze_fill((const float(*)[2])steadied.gaze, &face->gaze);
    face->has_gaze = true;
    return steadied;
}

static void run_face(struct pipeline_motion *motion, const struct pipeline_camera *camera,
                     struct protocol_record *record, struct protocol_face *face,
                     const struct pipeline_expression *expression)
{
    struct pipeline_motion_face *state = state_of(motion, face->id);
    const float dt_s = state->fresh ? 0 : elapsed(state, record);
    float features[PIPELINE_FEATURE_COUNT];
    state->fresh = false;
    state->pts = record->pts;
    state->arrival_ns = record->t_arrival_ns;
    smooth(motion, state, face, dt_s);
    if (face->keypoint_count != LANDMARKS) {
        return;
    }
    fit_pose(motion, camera, face, expression, dt_s);
    face->has_shapes =
        face->has_pose && pipeline_features_measure(face->keypoints, camera, &face->pose, features);
    if (face->has_shapes) {
        if (can_learn(&face->pose)) {
            learn(motion, state, features, dt_s);
        }
        pipeline_shapes_make(features, state->calibration.value, face->shapes);
    }
    if (expression != NULL) {
        const struct pipeline_expression steadied = steady(motion, state, expression, face, dt_s);
        face->has_shapes = true;
        pipeline_shapes_read(&steadied, face->shapes);
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

void pipeline_motion_calibrate(struct pipeline_motion *motion, int64_t now_ns)
{
    motion->calibrating = true;
    motion->calibrate_until_ns = now_ns + calibrate_max_s * MC_NS_PER_SECOND;
    motion->calibrated_faces = 0;
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        motion->faces[i].due = true;
        pipeline_calibration_stop(&motion->faces[i].calibration);
    }
}

bool pipeline_motion_calibrated(struct pipeline_motion *motion, int64_t now_ns, int *faces)
{
    if (!motion->calibrating) {
        return false;
    }
    bool waiting = motion->calibrated_faces == 0;
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        waiting |= motion->faces[i].present && motion->faces[i].due;
    }
    if (waiting && now_ns < motion->calibrate_until_ns) {
        return false;
    }
    for (int i = 0; i < PROTOCOL_FACES_MAX; i++) {
        motion->faces[i].due = false;
        pipeline_calibration_stop(&motion->faces[i].calibration);
    }
    motion->calibrating = false;
    *faces = motion->calibrated_faces;
    return true;
}
