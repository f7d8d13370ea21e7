#include "tools/lab/head_answers.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "tools/clip.h"
#include "tools/lab/head_numbers.h"
#include "tools/lab/head_set.h"

static const float look_sideways = 30, look_upright = 25; // degrees at which a look is 1
static const double shape_max = 10;                       // programs may exceed 1

static bool create(struct lab_head_answers *answers, int count, struct mc_error *err)
{
    answers->answers = calloc((size_t)count, sizeof *answers->answers);
    if (answers->answers == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    }
    for (int i = 0; i < count; i++) {
        struct lab_head_answer *answer = &answers->answers[i];
        for (int k = 0; k < PROTOCOL_SHAPE_COUNT; k++) {
            answer->shapes[k] = NAN;
        }
        for (int k = 0; k < 4; k++) {
            answer->gaze[k / 2][k % 2] = NAN;
        }
        for (int k = 0; k < 3; k++) {
            answer->euler[k] = NAN;
        }
    }
    return true;
}

// As an avatar's eyes follow the looks.
static void gaze_from_looks(struct lab_head_answer *answer)
{
    static const enum protocol_shape looks[2][4] = {
        { PROTOCOL_EYE_LOOK_IN_LEFT, PROTOCOL_EYE_LOOK_OUT_LEFT, PROTOCOL_EYE_LOOK_DOWN_LEFT,
          PROTOCOL_EYE_LOOK_UP_LEFT },
        { PROTOCOL_EYE_LOOK_OUT_RIGHT, PROTOCOL_EYE_LOOK_IN_RIGHT, PROTOCOL_EYE_LOOK_DOWN_RIGHT,
          PROTOCOL_EYE_LOOK_UP_RIGHT },
    };
    for (int eye = 0; eye < 2; eye++) {
        const float *shapes = answer->shapes;
        answer->gaze[eye][0] = look_sideways * (shapes[looks[eye][0]] - shapes[looks[eye][1]]);
        answer->gaze[eye][1] = look_upright * (shapes[looks[eye][2]] - shapes[looks[eye][3]]);
    }
}

// ---- mocapd

struct still {
    const struct lab_head *head;
    struct lab_head_answer *answer;
    int frames;
};

static bool take(void *user, const struct protocol_record *record,
                 const struct pipeline_frame *frame, struct mc_error *err)
{
    struct still *still = user;
    const struct lab_head *head = still->head;
    struct lab_head_answer *answer = still->answer;
    (void)frame;
    if (record->width != head->width || record->height != head->height) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "%s: must be %d x %d pixels as in truth.json, got %d x %d", head->file,
                            head->width, head->height, record->width, record->height);
    }
    if (still->frames++ > 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be an image, got several frames",
                            head->file);
    }
    answer->found = record->face_count > 0;
    if (!answer->found) {
        return true;
    }
    const struct protocol_face *face = &record->faces[0];
    for (int i = 0; face->has_shapes && i < PROTOCOL_SHAPE_COUNT; i++) {
        answer->shapes[i] = face->shapes[i];
    }
    for (int i = 0; face->has_gaze && i < 2; i++) {
        answer->gaze[0][i] = face->gaze.left[i];
        answer->gaze[1][i] = face->gaze.right[i];
    }
    for (int i = 0; face->has_pose && i < 3; i++) {
        answer->euler[i] = face->pose.euler[i];
    }
    return true;
}

static bool run_still(const struct lab_head_set *set, struct still *still,
                      const struct tools_clip_options *options, struct mc_error *err)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", set->folder, still->head->file) >= (int)sizeof path) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.80s…: the path is too long",
                            still->head->file);
    }
    struct pipeline_motion_options motion = *options->motion;
    struct tools_clip_options own = *options;
    own.motion = &motion;
    if (still->head->fov > 0) {
        motion.fov = still->head->fov;
    }
    return tools_clip_run(path, &own, take, still, err) &&
           (still->frames > 0 ||
            mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be an image, got no frame", path));
}

bool lab_head_answers_run(struct lab_head_answers *answers, const struct lab_head_set *set,
                          const struct tools_clip_options *options, struct mc_error *err)
{
    bool good = create(answers, set->count, err);
    for (int i = 0; good && i < set->count; i++) {
        struct still still = { &set->heads[i], &answers->answers[i], 0 };
        good = run_still(set, &still, options, err);
    }
    if (!good) {
        lab_head_answers_finish(answers);
    }
    return good;
}

// ---- another program

static bool read_shapes(struct lab_head_answer *answer, json_t *shapes, struct mc_error *err)
{
    const char *name;
    json_t *value;
    if (shapes != NULL && !json_is_object(shapes)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "shapes: must be an object");
    }
    json_object_foreach(shapes, name, value)
    {
        const enum protocol_shape shape = lab_head_find_shape(name);
        if (shape != PROTOCOL_SHAPE_COUNT &&
            !lab_head_number(value, name, -shape_max, shape_max, &answer->shapes[shape], err)) {
            return mc_error_wrap(err, "shapes");
        }
    }
    return true;
}

static bool read_answer(struct lab_head_answer *answer, const json_t *value, struct mc_error *err)
{
    const json_t *gaze = json_object_get(value, "gaze"), *euler = json_object_get(value, "euler");
    answer->found = !json_is_null(value);
    if (!answer->found) {
        return true;
    }
    if (!json_is_object(value)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be an object or null");
    }
    if (!read_shapes(answer, json_object_get(value, "shapes"), err) ||
        (euler != NULL && !lab_head_numbers(euler, "euler", 3, -180, 180, answer->euler, err))) {
        return false;
    }
    gaze_from_looks(answer);
    return gaze == NULL || lab_head_gaze(gaze, answer->gaze, err);
}

static bool read_all(struct lab_head_answers *answers, const struct lab_head_set *set,
                     const json_t *json, struct mc_error *err)
{
    for (int i = 0; i < set->count; i++) {
        const char *file = set->heads[i].file;
        const json_t *value = json_object_get(json, file);
        bool good = value != NULL ? read_answer(&answers->answers[i], value, err)
                                  : mc_error_set(err, MC_ERROR_FORMAT, 0, "is missing");
        if (!good) {
            return mc_error_wrap(err, "%s", file);
        }
    }
    return true;
}

bool lab_head_answers_read(struct lab_head_answers *answers, const struct lab_head_set *set,
                           const char *path, struct mc_error *err)
{
    json_t *json = lab_head_json(path, JSON_OBJECT, "an object", err);
    bool good = json != NULL && create(answers, set->count, err);
    if (good && !read_all(answers, set, json, err)) {
        good = mc_error_wrap(err, "%s", path);
        lab_head_answers_finish(answers);
    }
    json_decref(json);
    return good;
}

void lab_head_answers_finish(struct lab_head_answers *answers)
{
    free(answers->answers);
    answers->answers = NULL;
}
