// bench motion: what smoothing takes from noise and what it costs in lag, and how
// long the last stage takes for a face.
//
// Both clips go through the network once; the filter then runs over what was found,
// with several parameters.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "pipeline/expression.h"
#include "pipeline/models.h"
#include "pipeline/motion/motion.h"
#include "protocol/record.h"
#include "tools/clip.h"
#include "tools/face68.h"
#include "tools/lab/bench.h"
#include "tools/lab/samples.h"

enum {
    POINTS = TOOLS_FACE68_COUNT,
    SKIP = 10,        // frames at the start, in which the filter settles
    LAG_MAX_MS = 200, //
};

struct options {
    const char *still, *fast; // clips
    const char *model;        // NULL: the one that ships
};

// What the network saw of one face in one frame.
struct sample {
    double pts;
    int width, height;
    float size; // of the face, pixels
    struct mc_keypoint points[POINTS];
};

struct track {
    struct sample *samples; // owned
    int count, capacity;
};

static bool collect(void *user, const struct protocol_record *record,
                    const struct pipeline_frame *frame, struct mc_error *err)
{
    struct track *track = user;
    const struct protocol_face *face = &record->faces[0];
    (void)frame;
    if (record->face_count == 0 || face->keypoint_count != POINTS) {
        return true;
    }
    if (track->count == track->capacity) {
        const int capacity = track->capacity == 0 ? 256 : 2 * track->capacity;
        void *grown = realloc(track->samples, (size_t)capacity * sizeof *track->samples);
        if (grown == NULL) {
            return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a clip's keypoints");
        }
        track->samples = grown;
        track->capacity = capacity;
    }
    struct sample *sample = &track->samples[track->count++];
    *sample = (struct sample){ .pts = record->pts,
                               .width = record->width,
                               .height = record->height,
                               .size = sqrtf(face->box[2] * face->box[3]) };
    memcpy(sample->points, face->keypoints, sizeof sample->points);
    return true;
}

static bool watch(const char *clip, const struct pipeline_models *models, struct track *track,
                  struct mc_error *err)
{
    const struct tools_clip_options options = { .models = models };
    if (!tools_clip_run(clip, &options, collect, track, err)) {
        return mc_error_wrap(err, "%s", clip);
    }
    return track->count > 4 * SKIP ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "%s: must show a face in more than %d frames, got %d", clip, 4 * SKIP,
                        track->count);
}

// The track smoothed; owned by the caller. NULL when out of memory.
static struct sample *smoothed(const struct track *track,
                               const struct pipeline_smooth_options *options)
{
    const size_t bytes = (size_t)track->count * sizeof *track->samples;
    struct sample *out = malloc(bytes);
    struct pipeline_smooth *filter = calloc(1, sizeof *filter);
    if (out != NULL && filter != NULL) {
        memcpy(out, track->samples, bytes);
        for (int i = 0; options->on && i < track->count; i++) {
            const float dt_s = i == 0 ? 0 : (float)(out[i].pts - out[i - 1].pts);
            pipeline_smooth_run(filter, options, out[i].points, POINTS, out[i].size, dt_s);
        }
    }
    free(filter);
    return out;
}

// Root mean square of what the points do from frame to frame beyond going on as they
// went, in thousandths of the face's size: of white noise, its deviation.
static double jitter(const struct sample *s, int count)
{
    double sum = 0;
    for (int i = SKIP; i < count; i++) {
        for (int k = 0; k < POINTS; k++) {
            const double x =
                (double)(s[i].points[k].x - 2 * s[i - 1].points[k].x + s[i - 2].points[k].x);
            const double y =
                (double)(s[i].points[k].y - 2 * s[i - 1].points[k].y + s[i - 2].points[k].y);
            sum += (x * x + y * y) / 6 / (double)(s[i].size * s[i].size);
        }
    }
    return 1000 * sqrt(sum / ((double)(count - SKIP) * POINTS));
}

// 0 and 1: the tip of the nose across and down, 2: the eyes' opening, 3: the mouth's.
static double signal_of(const struct sample *sample, int signal)
{
    switch (signal) {
    case 0:
        return (double)(sample->points[TOOLS_FACE68_NOSE_TIP].x / sample->size);
    case 1:
        return (double)(sample->points[TOOLS_FACE68_NOSE_TIP].y / sample->size);
    case 2:
        return (double)tools_face68_eyes(sample->points);
    default:
        return (double)tools_face68_mouth(sample->points);
    }
}

// The raw signal as it was lag_s before sample i; walks back from there.
static double earlier(const struct sample *raw, int i, int signal, double lag_s)
{
    const double at = raw[i].pts - lag_s;
    while (i > 1 && raw[i - 1].pts > at) {
        i--;
    }
    const double step = raw[i].pts - raw[i - 1].pts;
    const double part = step > 0 ? (at - raw[i - 1].pts) / step : 1;
    return signal_of(&raw[i - 1], signal) * (1 - part) + signal_of(&raw[i], signal) * part;
}

// The delay at which the raw signals first..last lie best on the smoothed ones, ms.
static int lag_ms(const struct sample *raw, const struct sample *smooth, int count, int first,
                  int last)
{
    int best_ms = 0;
    double best = INFINITY;
    for (int ms = 0; ms <= LAG_MAX_MS; ms++) {
        double sum = 0;
        for (int i = SKIP; i < count; i++) {
            for (int signal = first; signal <= last; signal++) {
                const double off =
                    signal_of(&smooth[i], signal) - earlier(raw, i, signal, ms / 1000.0);
                sum += isfinite(off) ? off * off : 0;
            }
        }
        if (sum < best) {
            best = sum;
            best_ms = ms;
        }
    }
    return best_ms;
}

struct result {
    double still, fast; // jitter
    int head_ms, eyes_ms, mouth_ms;
};

static bool evaluate(const struct track *still, const struct track *fast,
                     const struct pipeline_smooth_options *options, struct result *result,
                     struct mc_error *err)
{
    struct sample *a = smoothed(still, options), *b = smoothed(fast, options);
    const bool good = a != NULL && b != NULL;
    if (good) {
        *result = (struct result){
            .still = jitter(a, still->count),
            .fast = jitter(b, fast->count),
            .head_ms = lag_ms(fast->samples, b, fast->count, 0, 1),
            .eyes_ms = lag_ms(fast->samples, b, fast->count, 2, 2),
            .mouth_ms = lag_ms(fast->samples, b, fast->count, 3, 3),
        };
    }
    free(a);
    free(b);
    return good || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a clip's keypoints");
}

// What the whole stage takes for a face of the track, each time.
static bool time_stage(const struct track *track, const struct pipeline_expression *expression,
                       struct lab_samples *us)
{
    static struct pipeline_motion motion;
    static struct protocol_record record;
    const struct pipeline_motion_options options = pipeline_motion_options_default();
    struct protocol_face *face = &record.faces[0];
    pipeline_motion_init(&motion, &options);
    for (int i = 0; i < track->count; i++) {
        const struct sample *sample = &track->samples[i];
        record.pts = sample->pts;
        record.width = sample->width;
        record.height = sample->height;
        record.face_count = face->id = 1;
        face->keypoint_count = POINTS;
        face->box[2] = face->box[3] = sample->size;
        memcpy(face->keypoints, sample->points, sizeof sample->points);
        const int64_t start = mc_clock_now_ns();
        pipeline_motion_run(&motion, &record, &expression);
        if (!lab_samples_add(us, (double)(mc_clock_now_ns() - start) / 1000)) {
            return false;
        }
    }
    return true;
}

static bool report_cost(const struct track *track, const char *title,
                        const struct pipeline_expression *expression, struct mc_error *err)
{
    struct lab_samples us = { 0 };
    bool good = time_stage(track, expression, &us) ||
                mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the times taken");
    if (good) {
        printf("%s, us a face: p50 %.1f, p90 %.1f, p99 %.1f\n", title,
               lab_samples_quantile(&us, 0.5), lab_samples_quantile(&us, 0.9),
               lab_samples_quantile(&us, 0.99));
    }
    lab_samples_finish(&us);
    return good;
}

static bool report(const struct options *options, const struct track *still,
                   const struct track *fast, struct mc_error *err)
{
    const struct pipeline_smooth_options chosen = pipeline_smooth_options_default();
    const struct pipeline_smooth_options tried[] = {
        { false, 0, 0 },
        chosen,
        { true, 0.5f, chosen.beta },
        { true, 2, chosen.beta },
        { true, chosen.min_cutoff, 5 },
        { true, chosen.min_cutoff, 60 },
    };
    printf("still: %s, %d frames; fast: %s, %d frames\n", options->still, still->count,
           options->fast, fast->count);
    printf("%-28s %9s %9s %9s %9s %9s\n", "smoothing", "jitter", "jitter", "lag head", "lag eyes",
           "lag mouth");
    printf("%-28s %9s %9s %9s %9s %9s\n", "", "still", "fast", "ms", "ms", "ms");
    for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++) {
        struct result result = { 0 };
        char name[40] = "off";
        if (!evaluate(still, fast, &tried[i], &result, err)) {
            return false;
        }
        if (tried[i].on) {
            snprintf(name, sizeof name, "%.3g Hz, beta %.3g%s", (double)tried[i].min_cutoff,
                     (double)tried[i].beta, i == 1 ? " (default)" : "");
        }
        printf("%-28s %9.2f %9.2f %9d %9d %9d\n", name, result.still, result.fast, result.head_ms,
               result.eyes_ms, result.mouth_ms);
    }
    printf("jitter: thousandths of the face's size. lag: behind the network's own points\n");
    const struct pipeline_expression expression = {
        .known = ~pipeline_gaze_shapes,
        .rotation = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
    };
    return report_cost(fast, "smoothing, pose, shapes by the rules", NULL, err) &&
           report_cost(fast, "smoothing, pose, shapes and gaze of a network", &expression, err);
}

static bool bench(const struct options *options, struct mc_error *err)
{
    unsigned cpu_flags = 0;
    struct track tracks[2] = { 0 };
    struct pipeline_models models;
    const struct pipeline_model_files files = { .landmarks = options->model, .expression = "off" };
    if (!mc_cpu_flags(&cpu_flags, err) || !pipeline_models_load(&models, &files, cpu_flags, err)) {
        return false;
    }
    const bool good = watch(options->still, &models, &tracks[0], err) &&
                      watch(options->fast, &models, &tracks[1], err) &&
                      report(options, &tracks[0], &tracks[1], err);
    free(tracks[0].samples);
    free(tracks[1].samples);
    pipeline_models_unload(&models);
    return good;
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct mc_error err = { 0 };
    return lab_bench_status(bench(options, &err), &err);
}

static const struct mc_option table[] = {
    { "STILL", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a clip of a face that holds still", MC_OPTION_FIELD(struct options, still) },
    { "FAST", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a clip of a face that moves fast", MC_OPTION_FIELD(struct options, fast) },
    { "model", 0, "FILE", "weights of the keypoint network; default: those of mocapd",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct options, model) },
    { 0 },
};

const struct mc_command lab_bench_motion_command = {
    .name = "motion",
    .summary = "measure what smoothing does to noise and lag, and what it costs",
    .options = table,
    .options_size = sizeof(struct options),
    .run = run,
};
