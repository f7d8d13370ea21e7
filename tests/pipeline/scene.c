#include "tests/pipeline/scene.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const float half_turn = 3.14159265f;
static const float margin = 1.5f;

// The actor that fits the square best.
static const struct actor *seen_in(const struct scene *scene, const struct pipeline_roi *square,
                                   float *fit)
{
    const struct actor *best = NULL;
    *fit = 0;
    for (int i = 0; i < scene->count; i++) {
        const struct actor *actor = &scene->actors[i];
        const float off = hypotf(square->x + square->side / 2 - actor->x,
                                 square->y + square->side / 2 - actor->y) /
                          actor->size;
        const float misfit = fabsf(logf(square->side / (margin * actor->size)));
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
// the middle of what it sees, and is as sure of itself as the test says.
static void look(void *user, const struct pipeline_roi *square,
                 struct pipeline_observation *sighting)
{
    struct scene *scene = user;
    float fit;
    const struct actor *actor = seen_in(scene, square, &fit);
    struct actor invented = { .x = square->x + square->side / 2,
                              .y = square->y + square->side / 2,
                              .size = square->side / margin };
    const float score = actor == NULL ? 0.3f : actor->blurred ? 0.4f : 0.5f + 0.45f * fit;
    if (actor == NULL) {
        actor = &invented;
    }
    if (scene->looks++ > 0 && scene->strays > 0) {
        scene->strays--;
        invented.x += square->side;
        actor = &invented;
    }
    sighting->score = score;
    draw(actor, score, sighting->keypoints, CORNERS);
}

// 68 points. A face upside down is still a face of sorts: its points stay turned over.
// Beside the face the network makes up another one in the square's middle.
static void look_at_68(void *user, const struct pipeline_roi *square,
                       struct pipeline_observation *sighting)
{
    struct scene *scene = user;
    float fit;
    const struct actor *actor = seen_in(scene, square, &fit);
    struct actor seen = actor != NULL ? *actor : (struct actor){ .size = square->side / margin };
    float score = 0.95f;
    scene->looks++;
    if (fit < 0.8f) {
        seen.x = square->x + square->side / 2;
        seen.y = square->y + square->side / 2;
        score = actor != NULL ? 0.5f : 0.08f;
    } else if (scene->mistakes > 0 || cosf(square->angle - seen.roll) < 0) {
        scene->mistakes -= scene->mistakes > 0;
        seen.roll += half_turn;
        score = 0.63f;
    } else if (seen.blurred) {
        score = 0.4f;
    }
    sighting->score = score;
    draw(&seen, score, sighting->keypoints, POINTS);
}

static int locate(void *user, const struct pipeline_roi *square, float share,
                  struct pipeline_detection *found)
{
    struct scene *scene = user;
    int count = 0;
    (void)share;
    scene->locates++;
    for (int i = 0; i < scene->count; i++) {
        const struct actor *actor = &scene->actors[i];
        const bool inside = actor->x > square->x && actor->x < square->x + square->side &&
                            actor->y > square->y && actor->y < square->y + square->side;
        if (inside && !actor->gone && !actor->unclear && actor->size > square->side / 16) {
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

struct pipeline_detectors scene_eyes(struct scene *scene, bool has_68)
{
    return (struct pipeline_detectors){ has_68 ? look_at_68 : look, locate, scene };
}

void scene_run(struct pipeline_tracker *tracker, struct scene *scene,
               struct pipeline_observations *sight)
{
    const struct pipeline_display_transform display =
        pipeline_display_transform_none(WIDTH, HEIGHT);
    const struct pipeline_detectors eyes = scene_eyes(scene, tracker->options.has_ibug68);
    scene->looks = scene->locates = 0;
    pipeline_tracker_run(tracker, &display, &eyes, sight);
    assert_true(scene->looks <= 20 && scene->locates <= 10); // bounded for each frame
    assert_true(sight->count <= tracker->options.max_faces);
}

int scene_frames_until_seen(struct pipeline_tracker *tracker, struct scene *scene,
                            struct pipeline_observations *sight, int count)
{
    for (int frame = 1; frame <= 100; frame++) {
        scene_run(tracker, scene, sight);
        if (sight->count == count) {
            return frame;
        }
    }
    fail_msg("%d faces, not %d", sight->count, count);
    return 0;
}
