// How accurate each model is on labelled images, and against a teacher.
#include <math.h>

#include <libavutil/frame.h>

#include "nn/model.h"
#include "pipeline/display_transform.h"
#include "pipeline/track/scaler.h"
#include "tools/face68.h"
#include "tools/lab/compare.h"
#include "tools/lab/face_set.h"
#include "tools/lab/image_file.h"

// What one model says of one face, in source pixels.
struct result {
    int count;
    float side; // of the roi that it looked at
    struct mc_keypoint keypoints[NN_KEYPOINTS_MAX];
    const float (*jacobians)[4]; // the runner's, until its next run; or NULL
};

static struct pipeline_roi roi_of(const struct lab_face *face, float margin)
{
    float low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY };
    for (int i = 0; i < face->point_count; i++) {
        for (int axis = 0; axis < 2; axis++) {
            low[axis] = fminf(low[axis], face->points[i][axis]);
            high[axis] = fmaxf(high[axis], face->points[i][axis]);
        }
    }
    const float side = margin * fmaxf(high[0] - low[0], high[1] - low[1]);
    return (struct pipeline_roi){ (low[0] + high[0] - side) / 2, (low[1] + high[1] - side) / 2,
                                  side, 0 };
}

static bool detect(struct lab_entry *entry, struct pipeline_scaler *scaler, const AVFrame *image,
                   const struct lab_face *face, struct result *result, struct mc_error *err)
{
    const struct nn_model_info *info = nn_model_info(entry->model);
    const struct pipeline_roi roi = roi_of(face, info->crop_margin);
    struct pipeline_mapping mapping;
    struct nn_tensor input = nn_runner_input(entry->runner);
    const struct pipeline_display_transform display =
        pipeline_display_transform_none(image->width, image->height);
    if (!pipeline_scaler_run(scaler, image, &display, &roi, info->input_mean, &input, &mapping,
                             err)) {
        return false;
    }
    nn_runner_run(entry->runner, result->keypoints);
    result->count = info->keypoint_count;
    result->side = roi.side;
    result->jacobians = nn_runner_jacobians(entry->runner);
    for (int i = 0; i < result->count; i++) {
        result->keypoints[i] = pipeline_mapping_apply(&mapping, result->keypoints[i]);
    }
    return true;
}

// The mean distance from the labels, of the distance of the outer corners of the eyes.
static void add_error(struct lab_entry *entry, const struct result *result,
                      const struct lab_face *face)
{
    if (result->count != face->point_count || face->point_count != TOOLS_FACE68_COUNT) {
        return;
    }
    double sum = 0;
    for (int i = 0; i < result->count; i++) {
        sum += (double)hypotf(result->keypoints[i].x - face->points[i][0],
                              result->keypoints[i].y - face->points[i][1]);
    }
    const float *right = face->points[TOOLS_FACE68_RIGHT_EYE];
    const float *left = face->points[TOOLS_FACE68_LEFT_EYE];
    const float eyes = hypotf(left[0] - right[0], left[1] - right[1]);
    if (eyes > 0) {
        entry->error += sum / result->count / (double)eyes;
        entry->error_count++;
    }
}

// The mean distance from the teacher's keypoints, half of its roi's side being one.
static void add_akd(struct lab_entry *entry, const struct result *result,
                    const struct result *teacher)
{
    if (result->count != teacher->count) {
        return;
    }
    double sum = 0, jacobians = 0;
    for (int i = 0; i < result->count; i++) {
        sum += (double)hypotf(result->keypoints[i].x - teacher->keypoints[i].x,
                              result->keypoints[i].y - teacher->keypoints[i].y);
        for (int m = 0; m < 4 && result->jacobians != NULL && teacher->jacobians != NULL; m++) {
            jacobians += (double)fabsf(result->jacobians[i][m] - teacher->jacobians[i][m]) / 4;
        }
    }
    entry->akd += sum / result->count / (double)(teacher->side / 2);
    entry->jacobian_error += jacobians / result->count;
    entry->akd_count++;
}

static bool judge_face(struct lab_compare *compare, struct pipeline_scaler *scaler,
                       const struct lab_face *face, struct mc_error *err)
{
    AVFrame *image = lab_image_file_load(face->file, err);
    struct result teacher = { 0 };
    bool good = image != NULL;
    if (good && compare->reference.model != NULL) {
        good = detect(&compare->reference, scaler, image, face, &teacher, err);
    }
    for (int i = 0; i < compare->count && good; i++) {
        struct result result;
        good = detect(&compare->entries[i], scaler, image, face, &result, err);
        if (good) {
            add_error(&compare->entries[i], &result, face);
        }
        if (good && teacher.count > 0) {
            add_akd(&compare->entries[i], &result, &teacher);
        }
    }
    av_frame_free(&image);
    return good;
}

bool lab_compare_judge(struct lab_compare *compare, struct mc_error *err)
{
    struct lab_face_set set;
    if (!lab_face_set_load(&set, compare->set, (int)compare->faces, err)) {
        return false;
    }
    struct pipeline_scaler *scaler = pipeline_scaler_create(err);
    bool good = scaler != NULL;
    for (int i = 0; i < set.count && good; i++) {
        good = judge_face(compare, scaler, &set.faces[i], err);
    }
    pipeline_scaler_destroy(scaler);
    lab_face_set_finish(&set);
    return good;
}
