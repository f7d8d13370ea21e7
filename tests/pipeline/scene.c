#include "tests/pipeline/scene.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const float half_turn = 3.14159265f;
static const float margin = 1.5f;

// The actor that fits the region best.
static const struct actor *actor_in(const struct scene *scene, const struct pipeline_roi *roi,
                                    float *fit)
{
    const struct actor *best = NULL;
    *fit = 0;
    for (int i = 0; i < scene->count; i++) {
        const struct actor *actor = &scene->actors[i];
        const float off =
            hypotf(roi->x + roi->side / 2 - actor->x, roi->y + roi->side / 2 - actor->y) /
            actor->size;
        const float misfit = fabsf(logf(roi->side / (margin * actor->size)));
        const float here = 1 - off - 0.5f * misfit;
        if (!actor->gone && here > *fit) {
            best = actor;
            *fit = here;
        }
    }
    return best;
}

// Where keypoint number i lies in an upright face whose edge is 1: at a corner, or, of
// 68 points, at an eye.
static void point_in_face(int i, int count, float *x, float *y)
{
    const bool is_eye = count == POINTS && i >= FIRST_EYE && i < MOUTH;
    *x = is_eye ? (i < SECOND_EYE ? -0.25f : 0.25f) : (i % 2 == 0 ? -0.5f : 0.5f);
    *y = is_eye ? -0.3f : (i % 4 < 2 ? -0.5f : 0.5f);
}

static void draw(const struct actor *actor, float score, struct mc_keypoint *keypoints, int count)
{
    const float c = cosf(actor->roll), s = sinf(actor->roll);
    for (int i = 0; i < count; i++) {
        float x, y;
        point_in_face(i, count, &x, &y);
        keypoints[i] = (struct mc_keypoint){ actor->x + actor->size * (c * x - s * y),
                                             actor->y + actor->size * (s * x + c * y), score };
    }
}

// Landmarks are exact where there is a face. Elsewhere the network invents one in
// the middle of the region, and is as sure of itself as the test says.
static void observe_corners(struct scene *scene, const struct pipeline_roi *roi,
                            struct pipeline_observation *observation)
{
    float fit;
    const struct actor *actor = actor_in(scene, roi, &fit);
    struct actor invented = { .x = roi->x + roi->side / 2,
                              .y = roi->y + roi->side / 2,
                              .size = roi->side / margin };
    const float score = actor == NULL ? 0.3f : actor->blurred ? 0.4f : 0.5f + 0.45f * fit;
    if (actor == NULL) {
        actor = &invented;
    }
    if (scene->observes++ > 0 && scene->strays > 0) {
        scene->strays--;
        invented.x += roi->side;
        actor = &invented;
    }
    observation->score = score;
    draw(actor, score, observation->keypoints, CORNERS);
}

// 68 points, which follow the face in a region that is turned by up to 60 degrees from it.
// A face upside down is still a face of sorts: its points are turned over. Beside the face,
// and where it lies on its side, the network makes one up in the region's middle.
static void observe_68(struct scene *scene, const struct pipeline_roi *roi,
                       struct pipeline_observation *observation)
{
    float fit;
    const struct actor *actor = actor_in(scene, roi, &fit);
    struct actor shown = actor != NULL ? *actor : (struct actor){ .size = roi->side / margin };
    float score = 0.95f;
    scene->observes++;
    const float upright = cosf(roi->angle - shown.roll);
    if (fit < 0.8f || fabsf(upright) < 0.5f) {
        shown.x = roi->x + roi->side / 2;
        shown.y = roi->y + roi->side / 2;
        shown.roll = roi->angle;
        score = actor != NULL ? 0.5f : 0.08f;
    } else if (scene->mistakes > 0 || upright < 0) {
        scene->mistakes -= scene->mistakes > 0;
        shown.roll += half_turn;
        score = scene->upside_down_score > 0 ? scene->upside_down_score : 0.63f;
    } else if (shown.blurred) {
        score = 0.4f;
    }
    observation->score = score;
    draw(&shown, score, observation->keypoints, POINTS);
}

void pipeline_frame_view_observe(struct pipeline_frame_view *view, const struct pipeline_roi *roi,
                                 struct pipeline_observation *observation)
{
    struct scene *scene = (struct scene *)view;
    if (scene->has_68) {
        observe_68(scene, roi, observation);
    } else {
        observe_corners(scene, roi, observation);
    }
}

int pipeline_frame_view_detect(struct pipeline_frame_view *view, const struct pipeline_roi *roi,
                               float share, struct pipeline_detection *found)
{
    struct scene *scene = (struct scene *)view;
    int count = 0;
    (void)share;
    scene->detects++;
    for (int i = 0; i < scene->count; i++) {
        const struct actor *actor = &scene->actors[i];
        const bool inside = actor->x > roi->x && actor->x < roi->x + roi->side &&
                            actor->y > roi->y && actor->y < roi->y + roi->side;
        const bool is_turned =
            scene->has_68 && !scene->detects_all_rolls && cosf(roi->angle - actor->roll) < 0.5f;
        if (inside && !is_turned && !actor->gone && !actor->unclear &&
            actor->size > roi->side / 16) {
            found[count++] =
                (struct pipeline_detection){ actor->x, actor->y, actor->size, actor->size, 0.9f };
        }
    }
    return count;
}

void scene_begin(struct pipeline_tracker *tracker, int max_faces)
{
    const struct pipeline_tracker_options options = { .keypoint_count = CORNERS,
                                                      .margin = margin,
                                                      .max_faces = max_faces };
    pipeline_tracker_init(tracker, &options);
}

void scene_begin_68(struct pipeline_tracker *tracker)
{
    const struct pipeline_tracker_options options = {
        .keypoint_count = POINTS, .margin = margin, .max_faces = 1, .has_ibug68 = true
    };
    pipeline_tracker_init(tracker, &options);
}

struct pipeline_frame_view *scene_view(struct scene *scene, int width, int height)
{
    scene->display = pipeline_display_transform_none(width, height);
    scene->view.display = &scene->display;
    scene->view.pts += SCENE_FRAME_S + scene->gap_s;
    scene->gap_s = 0;
    scene->observes = scene->detects = 0;
    return &scene->view;
}

void scene_run(struct pipeline_tracker *tracker, struct scene *scene,
               struct pipeline_observations *observations)
{
    scene->has_68 = tracker->options.has_ibug68;
    struct pipeline_frame_view *view = scene_view(scene, WIDTH, HEIGHT);
    pipeline_tracker_run(tracker, view, observations);
    pipeline_tracker_look(tracker, view);
    assert_true(scene->observes <= 20 && scene->detects <= 10); // bounded for each frame
    assert_true(observations->count <= tracker->options.max_faces);
}

int scene_frames_until(struct pipeline_tracker *tracker, struct scene *scene,
                       struct pipeline_observations *observations, int count)
{
    for (int frame = 1; frame <= 100; frame++) {
        scene_run(tracker, scene, observations);
        if (observations->count == count) {
            return frame;
        }
    }
    fail_msg("%d faces, not %d", observations->count, count);
    return 0;
}
