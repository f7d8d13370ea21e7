#include "tools/clip.h"

#include <uv.h>

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
    run->good = true;
    pipeline_stream_start(run->stream);
    uv_run(loop, UV_RUN_DEFAULT);
    return run->good;
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
    struct pipeline_workers *workers = pipeline_workers_create(wanted->models, 1, err);
    bool good = workers != NULL && run_stream(&run, &loop, workers, &options);
    pipeline_workers_destroy(workers);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return good;
}
