// mocap-lab model quantize: an int8 model from a float32 one. The ranges of its feature maps
// come from the faces in clips; then both models run on every clip, and how far the keypoints
// move is printed.
#include "tools/lab/model_quantize.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/frame.h>

#include "base/cpu.h"
#include "base/path.h"
#include "nn/model.h"
#include "nn/quantise.h"
#include "pipeline/frame_pool.h"
#include "pipeline/models.h"
#include "pipeline/track/scaler.h"
#include "pipeline/track/tracker.h"
#include "protocol/record.h"
#include "tools/clip.h"
#include "tools/face68.h"
#include "tools/terminal.h"
#include "tools/word_list.h"

struct options {
    const char *source, *target;
    struct tools_word_list clips;
};

struct job {
    struct options options;
    unsigned cpu_flags;
    struct nn_model *f32, *int8, *locator;
    struct pipeline_scaler *scaler;
    struct nn_quantiser *quantiser;
    struct nn_runner *f32_runner, *int8_runner;
    // Of the current clip.
    long faces;
    double moved; // sum of mean distances over the distance of the eyes
};

// The region of interest of a face, as the tracker would choose it for the next frame.
static struct pipeline_roi roi_of(const struct protocol_face *face, float margin)
{
    const float side = margin * fmaxf(face->box[2], face->box[3]);
    return (struct pipeline_roi){ face->box[0] + (face->box[2] - side) / 2,
                                  face->box[1] + (face->box[3] - side) / 2, side, 0 };
}

static bool fill(struct job *job, const struct protocol_record *record,
                 const struct pipeline_frame *frame, const struct nn_tensor *input,
                 struct mc_error *err)
{
    const struct nn_model_info *info = nn_model_info(job->f32);
    const struct pipeline_roi roi = roi_of(&record->faces[0], info->crop_margin);
    struct pipeline_mapping mapping;
    return pipeline_scaler_run(job->scaler, frame->image, &frame->display, &roi, info->input_mean,
                               input, &mapping, err);
}

static bool calibrate_frame(void *user, const struct protocol_record *record,
                            const struct pipeline_frame *frame, struct mc_error *err)
{
    struct job *job = user;
    if (record->face_count == 0) {
        return true;
    }
    struct nn_tensor input = nn_quantiser_input(job->quantiser);
    if (!fill(job, record, frame, &input, err)) {
        return false;
    }
    nn_quantiser_run(job->quantiser);
    job->faces++;
    return true;
}

static float distance(struct mc_keypoint a, struct mc_keypoint b)
{
    return hypotf(a.x - b.x, a.y - b.y);
}

static bool compare_frame(void *user, const struct protocol_record *record,
                          const struct pipeline_frame *frame, struct mc_error *err)
{
    struct job *job = user;
    const int count = nn_model_info(job->f32)->keypoint_count;
    struct mc_keypoint wide[NN_KEYPOINTS_MAX], narrow[NN_KEYPOINTS_MAX];
    if (record->face_count == 0) {
        return true;
    }
    struct nn_tensor input = nn_runner_input(job->f32_runner);
    if (!fill(job, record, frame, &input, err)) {
        return false;
    }
    nn_runner_run(job->f32_runner, wide);
    input = nn_runner_input(job->int8_runner);
    if (!fill(job, record, frame, &input, err)) {
        return false;
    }
    nn_runner_run(job->int8_runner, narrow);
    float sum = 0;
    for (int i = 0; i < count; i++) {
        sum += distance(wide[i], narrow[i]);
    }
    job->moved +=
        sum / (float)count / distance(wide[TOOLS_FACE68_RIGHT_EYE], wide[TOOLS_FACE68_LEFT_EYE]);
    job->faces++;
    return true;
}

static bool calibrate(struct job *job, struct mc_error *err)
{
    const struct pipeline_models models = { job->f32, job->locator, NULL };
    const struct tools_clip_options options = { .models = &models };
    for (int i = 0; i < job->options.clips.count; i++) {
        fprintf(stderr, "measuring ranges in %s\n", job->options.clips.words[i]);
        if (!tools_clip_run(job->options.clips.words[i], &options, calibrate_frame, job, err)) {
            return false;
        }
    }
    if (job->faces == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the clips must show faces, got none");
    }
    return nn_quantiser_write(job->quantiser, job->options.source, job->options.target, err);
}

static bool compare(struct job *job, struct mc_error *err)
{
    const struct pipeline_models models = { job->f32, job->locator, NULL };
    const struct tools_clip_options options = { .models = &models };
    job->int8 = nn_model_load_as(job->options.target, job->cpu_flags, NN_PRECISION_INT8, err);
    job->f32_runner = job->int8 == NULL ? NULL : nn_runner_create(job->f32, err);
    job->int8_runner = job->f32_runner == NULL ? NULL : nn_runner_create(job->int8, err);
    if (job->int8_runner == NULL) {
        return false;
    }
    printf("  faces  keypoints move by, of the outer-eye distance\n");
    for (int i = 0; i < job->options.clips.count; i++) {
        job->faces = 0;
        job->moved = 0;
        if (!tools_clip_run(job->options.clips.words[i], &options, compare_frame, job, err)) {
            return false;
        }
        printf("%7ld  %6.3f %%  %s\n", job->faces,
               job->faces == 0 ? 0 : 100 * job->moved / (double)job->faces,
               job->options.clips.words[i]);
    }
    return true;
}

static struct nn_model *load_locator(unsigned cpu_flags, struct mc_error *err)
{
    char path[PATH_MAX];
    return mc_path_data(path, sizeof path, NN_LOCATOR_DEFAULT_FILE, err)
               ? nn_model_load(path, cpu_flags, err)
               : NULL;
}

static bool quantize(struct job *job, struct mc_error *err)
{
    if (!mc_cpu_flags(&job->cpu_flags, err)) {
        return false;
    }
    job->f32 = nn_model_load_as(job->options.source, job->cpu_flags, NN_PRECISION_F32, err);
    job->locator = job->f32 == NULL ? NULL : load_locator(job->cpu_flags, err);
    job->scaler = job->locator == NULL ? NULL : pipeline_scaler_create(err);
    job->quantiser =
        job->scaler == NULL ? NULL : nn_quantiser_create(nn_model_program(job->f32), err);
    if (job->quantiser != NULL && nn_model_info(job->f32)->keypoint_count != TOOLS_FACE68_COUNT) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: must have the 68 keypoints of ibug68",
                            job->options.source);
    }
    return job->quantiser != NULL && calibrate(job, err) && compare(job, err);
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct job job = { .options = *(const struct options *)options };
    struct mc_error err = { 0 };
    bool good = quantize(&job, &err);
    nn_runner_destroy(job.f32_runner);
    nn_runner_destroy(job.int8_runner);
    nn_quantiser_destroy(job.quantiser);
    pipeline_scaler_destroy(job.scaler);
    nn_model_destroy(job.int8);
    nn_model_destroy(job.locator);
    nn_model_destroy(job.f32);
    if (!good) {
        tools_complain("%s", err.message);
        return MC_EXIT_FAILED;
    }
    return MC_EXIT_OK;
}

static bool check(void *chosen, struct mc_error *err)
{
    const struct options *options = chosen;
    if (mc_path_is_same(options->source, options->target)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s would overwrite the model",
                            options->target);
    }
    for (int i = 0; i < options->clips.count; i++) {
        if (mc_path_is_same(options->clips.words[i], options->target)) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s would overwrite a clip",
                                options->target);
        }
    }
    return true;
}

static const struct mc_option table[] = {
    { "MODEL", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a float32 weight file", MC_OPTION_FIELD(struct options, source) },
    { "calibrate", 0, "CLIP", "clips of faces that the ranges of the feature maps are taken from",
      MC_OPTION_CALL, .required = true, .many = true, .set = tools_word_list_add,
      MC_OPTION_FIELD(struct options, clips) },
    { "output", 'o', "OUT", "the int8 weight file to write", MC_OPTION_TEXT, .required = true,
      MC_OPTION_FIELD(struct options, target) },
    { 0 },
};

const struct mc_command lab_model_quantize_command = {
    .name = "quantize",
    .summary = "make an int8 weight file of a float32 one",
    .details = "Then runs both on every clip and prints how far the keypoints move.",
    .options = table,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
