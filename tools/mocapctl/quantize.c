// mocapctl model quantize: an int8 model of a float32 one. The ranges of its
// feature maps come from the faces in clips; then every clip is looked at by both
// models, and how far the keypoints move is told.
#include "tools/mocapctl/quantize.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/frame.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "nn/quantise.h"
#include "pipeline/track/scaler.h"
#include "pipeline/track/tracker.h"
#include "protocol/record.h"
#include "tools/mocapctl/clip.h"
#include "tools/mocapctl/command.h"
#include "tools/mocapctl/face68.h"

enum { CLIPS_MAX = 64 };

struct job {
    const char *source, *target;
    const char *clips[CLIPS_MAX];
    int clip_count;
    unsigned cpu_flags;
    struct nn_model *f32, *int8, *locator;
    struct pipeline_scaler *scaler;
    struct nn_quantiser *quantiser;
    struct nn_runner *f32_runner, *int8_runner;
    // Of the clip at work.
    long faces;
    double moved; // sum of mean distances over the distance of the eyes
};

// The square of a face, as the tracker would look at it in the next frame.
static struct pipeline_roi square_of(const struct protocol_face *face, float margin)
{
    const float side = margin * fmaxf(face->box[2], face->box[3]);
    return (struct pipeline_roi){ face->box[0] + (face->box[2] - side) / 2,
                                  face->box[1] + (face->box[3] - side) / 2, side, 0 };
}

static bool fill(struct job *job, const struct protocol_record *record, const AVFrame *picture,
                 const struct nn_tensor *input, struct mc_error *err)
{
    const struct nn_model_info *info = nn_model_info(job->f32);
    const struct pipeline_roi square = square_of(&record->faces[0], info->crop_margin);
    struct pipeline_mapping mapping;
    return pipeline_scaler_run(job->scaler, picture, 0, &square, info->input_mean, input, &mapping,
                               err);
}

static bool calibrate_frame(void *user, const struct protocol_record *record,
                            const AVFrame *picture, struct mc_error *err)
{
    struct job *job = user;
    if (record->face_count == 0) {
        return true;
    }
    struct nn_tensor input = nn_quantiser_input(job->quantiser);
    if (!fill(job, record, picture, &input, err)) {
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

static bool compare_frame(void *user, const struct protocol_record *record, const AVFrame *picture,
                          struct mc_error *err)
{
    struct job *job = user;
    const int count = nn_model_info(job->f32)->keypoint_count;
    struct mc_keypoint wide[NN_KEYPOINTS_MAX], narrow[NN_KEYPOINTS_MAX];
    if (record->face_count == 0) {
        return true;
    }
    struct nn_tensor input = nn_runner_input(job->f32_runner);
    if (!fill(job, record, picture, &input, err)) {
        return false;
    }
    nn_runner_run(job->f32_runner, wide);
    input = nn_runner_input(job->int8_runner);
    if (!fill(job, record, picture, &input, err)) {
        return false;
    }
    nn_runner_run(job->int8_runner, narrow);
    float sum = 0;
    for (int i = 0; i < count; i++) {
        sum += distance(wide[i], narrow[i]);
    }
    job->moved += sum / (float)count /
                  distance(wide[MOCAPCTL_FACE68_RIGHT_EYE], wide[MOCAPCTL_FACE68_LEFT_EYE]);
    job->faces++;
    return true;
}

static bool calibrate(struct job *job, struct mc_error *err)
{
    const struct mocapctl_clip_options options = { .model = job->f32, .locator = job->locator };
    for (int i = 0; i < job->clip_count; i++) {
        fprintf(stderr, "taking ranges from %s\n", job->clips[i]);
        if (!mocapctl_clip_run(job->clips[i], &options, calibrate_frame, job, err)) {
            return false;
        }
    }
    if (job->faces == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "no face in any of the clips");
    }
    return nn_quantiser_write(job->quantiser, job->source, job->target, err);
}

static bool compare(struct job *job, struct mc_error *err)
{
    const struct mocapctl_clip_options options = { .model = job->f32, .locator = job->locator };
    job->int8 = nn_model_load_as(job->target, job->cpu_flags, NN_PRECISION_INT8, err);
    job->f32_runner = job->int8 == NULL ? NULL : nn_runner_create(job->f32, err);
    job->int8_runner = job->f32_runner == NULL ? NULL : nn_runner_create(job->int8, err);
    if (job->int8_runner == NULL) {
        return false;
    }
    printf("  faces  keypoints move by, of the outer-eye distance\n");
    for (int i = 0; i < job->clip_count; i++) {
        job->faces = 0;
        job->moved = 0;
        if (!mocapctl_clip_run(job->clips[i], &options, compare_frame, job, err)) {
            return false;
        }
        printf("%7ld  %6.3f %%  %s\n", job->faces,
               job->faces == 0 ? 0 : 100 * job->moved / (double)job->faces, job->clips[i]);
    }
    return true;
}

static bool run(struct job *job, struct mc_error *err)
{
    if (!mc_cpu_flags(&job->cpu_flags, err)) {
        return false;
    }
    job->f32 = nn_model_load_as(job->source, job->cpu_flags, NN_PRECISION_F32, err);
    job->locator = job->f32 == NULL ? NULL : mocapctl_clip_locator(NULL, job->cpu_flags, err);
    job->scaler = job->locator == NULL ? NULL : pipeline_scaler_create(err);
    job->quantiser =
        job->scaler == NULL ? NULL : nn_quantiser_create(nn_model_program(job->f32), err);
    if (job->quantiser != NULL &&
        nn_model_info(job->f32)->keypoint_count != MOCAPCTL_FACE68_COUNT) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: wants the 68 keypoints of ibug68",
                            job->source);
    }
    return job->quantiser != NULL && calibrate(job, err) && compare(job, err);
}

static bool check_target(const struct job *job, struct mc_error *err)
{
    if (mocapctl_file_is_same(job->source, job->target)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s would overwrite the model", job->target);
    }
    for (int i = 0; i < job->clip_count; i++) {
        if (mocapctl_file_is_same(job->clips[i], job->target)) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s would overwrite a clip",
                                job->target);
        }
    }
    return true;
}

// MODEL --calibrate CLIP... -o OUT, in any order: clips are what follows
// --calibrate up to the next option.
static bool parse(struct job *job, int argc, char **argv, struct mc_error *err)
{
    bool in_clips = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--calibrate") == 0) {
            in_clips = true;
        } else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) {
            job->target = argv[++i];
            in_clips = false;
        } else if (argv[i][0] == '-') {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "unknown option %s", argv[i]);
        } else if (in_clips && job->clip_count < CLIPS_MAX) {
            job->clips[job->clip_count++] = argv[i];
        } else if (!in_clips && job->source == NULL) {
            job->source = argv[i];
        } else {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "what is '%s' for?", argv[i]);
        }
    }
    if (job->source == NULL || job->target == NULL || job->clip_count == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "wants a model, --calibrate with clips, and -o with a file to write");
    }
    return check_target(job, err);
}

int mocapctl_quantize(int argc, char **argv)
{
    struct job job = { 0 };
    struct mc_error err = { 0 };
    if (!parse(&job, argc, argv, &err)) {
        mocapctl_complain("model quantize: %s", err.message);
        return MOCAPCTL_USAGE;
    }
    bool good = run(&job, &err);
    nn_runner_destroy(job.f32_runner);
    nn_runner_destroy(job.int8_runner);
    nn_quantiser_destroy(job.quantiser);
    pipeline_scaler_destroy(job.scaler);
    nn_model_destroy(job.int8);
    nn_model_destroy(job.locator);
    nn_model_destroy(job.f32);
    if (!good) {
        mocapctl_complain("%s", err.message);
        return MOCAPCTL_FAILED;
    }
    return MOCAPCTL_OK;
}
