#include "tools/clip.h"

#include <limits.h>
#include <string.h>

#include <uv.h>

#include "base/path.h"
#include "nn/model.h"
#include "pipeline/track/detectors.h"
#include "pipeline/worker.h"

struct run {
    struct pipeline_stream *stream;
    tools_clip_frame_fn *each;
    void *user;
    struct mc_error *err;
    bool good, closing;
};

static void on_closed(void *user)
{
    struct run *run = user;
    run->stream = NULL;
}

static void close_stream(struct run *run)
{
    if (!run->closing) {
        run->closing = true;
        pipeline_stream_close(run->stream, on_closed, run);
    }
}

static void on_record(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame)
{
    struct run *run = user;
    if (run->good && !run->each(run->user, record, frame, run->err)) {
        run->good = false;
        close_stream(run);
    }
}

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    struct run *run = user;
    if (state == PIPELINE_FAILED) {
        run->good = mc_error_set(run->err, MC_ERROR_MEDIA, 0, "%s", reason);
    }
    if (state == PIPELINE_FAILED || state == PIPELINE_ENDED) {
        close_stream(run);
    }
}

static bool run_stream(struct run *run, uv_loop_t *loop, struct pipeline_workers *workers,
                       const struct pipeline_stream_options *options)
{
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, run };
    run->stream = pipeline_stream_create(loop, workers, options, &callbacks, run->err);
    if (run->stream == NULL) {
        return false;
    }
    run->good = pipeline_stream_start(run->stream, run->err);
    if (!run->good) {
        close_stream(run);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    return run->good;
}

struct nn_model *tools_clip_locator(const char *path, unsigned cpu_flags, struct mc_error *err)
{
    char shipped[PATH_MAX];
    if (path == NULL && !mc_path_data(shipped, sizeof shipped, NN_LOCATOR_DEFAULT_FILE, err)) {
        return NULL;
    }
    return nn_model_load(path != NULL ? path : shipped, cpu_flags, err);
}

bool tools_clip_expression(const char *path, const struct nn_model *model, unsigned cpu_flags,
                           struct nn_model **expression, struct mc_error *err)
{
    char shipped[PATH_MAX];
    const bool has_landmarks = strcmp(nn_model_info(model)->keypoint_set, "ibug68") == 0;
    *expression = NULL;
    if (path != NULL ? strcmp(path, "off") == 0 : !has_landmarks) {
        return true;
    }
    if (path == NULL && !mc_path_data(shipped, sizeof shipped, NN_EXPRESSION_DEFAULT_FILE, err)) {
        return false;
    }
    *expression = nn_model_load(path != NULL ? path : shipped, cpu_flags, err);
    return *expression != NULL;
}

bool tools_clip_run(const char *url, const struct tools_clip_options *wanted,
                    tools_clip_frame_fn *each, void *user, struct mc_error *err)
{
    uv_loop_t loop;
    int status = uv_loop_init(&loop);
    if (status < 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, -status, "loop: %s", uv_strerror(status));
    }
    struct run run = { .each = each, .user = user, .err = err };
    const struct pipeline_stream_options options = {
        .name = "clip",
        .url = url,
        .every_frame = true,
        .mode = wanted->region.width > 0 ? PIPELINE_FIXED : PIPELINE_TRACK,
        .region = wanted->region,
        .max_faces = wanted->max_faces,
        .motion = wanted->motion,
    };
    const struct pipeline_models models = { wanted->model, wanted->locator, wanted->expression };
    struct pipeline_workers *workers = pipeline_workers_create(&loop, &models, 1, err);
    bool good = workers != NULL && run_stream(&run, &loop, workers, &options);
    pipeline_workers_destroy(workers);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return good;
}
