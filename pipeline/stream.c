#include "pipeline/stream.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/faces.h"
#include "pipeline/frame_pool.h"
#include "pipeline/isolate/isolate.h"
#include "pipeline/mailbox.h"
#include "pipeline/reorder.h"
#include "pipeline/stream_internal.h"

enum {
    QUEUE_EVERY = 4,  // frames decoded ahead when all are wanted
    QUEUE_LATEST = 1, // only the newest counts
    SPARE_FRAMES = 2, // one in the decoder, one on its way out of the mailbox
    STALL_CHECK_MS = 250,
    STALL_MS = 2000,
};

_Static_assert((int)PIPELINE_FACES_MAX == (int)PROTOCOL_FACES_MAX,
               "a record has room for all faces");

_Static_assert((int)PIPELINE_DISPLAY_EDGE_MAX <= (int)PROTOCOL_SIDE_MAX,
               "a record can tell the size of any frame");

static void report_state(struct pipeline_stream *stream, enum pipeline_state state,
                         const char *reason)
{
    if (stream->closing ||
        (stream->has_reported && stream->state == state && strcmp(stream->reason, reason) == 0)) {
        return;
    }
    stream->has_reported = true;
    stream->state = state;
    snprintf(stream->reason, sizeof stream->reason, "%s", reason);
    stream->callbacks.on_state(stream->callbacks.user, state, stream->reason);
}

// Whether no frames come in that state.
static bool is_quiet(enum pipeline_state state)
{
    return state == PIPELINE_IDLE || state == PIPELINE_ENDED || state == PIPELINE_FAILED;
}

// Reports what the capture says, or that frames ceased to come; a pause or the end only
// once the last record is out.
static void update_state(struct pipeline_stream *stream)
{
    pipeline_capture_state(stream->capture, &stream->report);
    if (is_quiet(stream->report.state) && !pipeline_stream_is_drained(stream)) {
        return;
    }
    if (stream->report.state == PIPELINE_LIVE && pipeline_mailbox_is_empty(stream->mailbox) &&
        pipeline_capture_silence_ns(stream->capture) > STALL_MS * MC_NS_PER_MS) {
        report_state(stream, PIPELINE_STALLED, "no frame for over 2 s");
        return;
    }
    report_state(stream, stream->report.state, stream->report.reason);
}

static void free_stream(struct pipeline_stream *stream)
{
    pipeline_capture_join(stream->capture);
    struct pipeline_frame *frame;
    while (stream->mailbox != NULL && (frame = pipeline_mailbox_pop(stream->mailbox)) != NULL) {
        pipeline_frame_pool_release(stream->pool, frame);
    }
    pipeline_reorder_destroy(stream->reorder);
    pipeline_mailbox_destroy(stream->mailbox);
    pipeline_frame_pool_destroy(stream->pool);
    free(stream->jobs);
    free(stream->url);
    free(stream);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct pipeline_stream *stream = handle->data;
    if (--stream->open_handles > 0) {
        return;
    }
    void (*on_closed)(void *user) = stream->on_closed;
    void *user = stream->on_closed_user;
    free_stream(stream);
    if (on_closed != NULL) {
        on_closed(user);
    }
}

// Closes the handles once neither the capture nor a worker can use them.
static void try_finish(struct pipeline_stream *stream)
{
    const bool captured = pipeline_capture_is_done(stream->capture);
    pipeline_workers_lock(stream->workers);
    const bool busy = stream->busy_jobs > 0;
    pipeline_workers_unlock(stream->workers);
    if (captured && !busy && !uv_is_closing((uv_handle_t *)&stream->wake)) {
        uv_close((uv_handle_t *)&stream->wake, on_handle_closed);
        uv_close((uv_handle_t *)&stream->stall_timer, on_handle_closed);
    }
}

// A record is there, or news from the capture. Reports what changed of the state, or, when
// closing, closes the handles as soon as nothing uses the stream.
static void on_wake(uv_async_t *handle)
{
    struct pipeline_stream *stream = handle->data;
    pipeline_stream_deliver_done(stream);
    if (stream->closing) {
        try_finish(stream);
        return;
    }
    update_state(stream);
    if (!pipeline_mailbox_is_empty(stream->mailbox)) { // waits for the job that is free now
        pipeline_workers_kick(stream->workers);
    }
}

static void on_stall_timer(uv_timer_t *handle)
{
    pipeline_stream_check_calibration(handle->data);
    update_state(handle->data);
}

static bool check_options(const struct pipeline_stream_options *options, struct mc_error *err)
{
    const struct pipeline_region *region = &options->region;
    if (options->name == NULL || options->name[0] == '\0' ||
        strlen(options->name) >= PROTOCOL_NAME_BYTES) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "a stream's name must be 1 to %d bytes long",
                            PROTOCOL_NAME_BYTES - 1);
    }
    if (options->url == NULL || options->url[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: the URL is empty", options->name);
    }
    bool sane = isfinite(region->x) && isfinite(region->y) && isfinite(region->width) &&
                isfinite(region->height) && region->width > 0 && region->height > 0;
    if (options->mode == PIPELINE_FIXED && !sane) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s: region %g,%g,%g,%g: width and height must be above 0",
                            options->name, (double)region->x, (double)region->y,
                            (double)region->width, (double)region->height);
    }
    if (options->display.rotate % 90 != 0 || options->display.rotate < 0 ||
        options->display.rotate >= 360) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s: rotate must be 0, 90, 180 or 270, got %d", options->name,
                            options->display.rotate);
    }
    if (options->max_faces < 0 || options->max_faces > PROTOCOL_FACES_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: max faces must be 1 to %d, got %d",
                            options->name, PROTOCOL_FACES_MAX, options->max_faces);
    }
    return true;
}

// The square with the same middle whose edge is the longer one.
static struct pipeline_roi make_square(const struct pipeline_region *region)
{
    float side = fmaxf(region->width, region->height);
    return (struct pipeline_roi){ region->x + (region->width - side) / 2,
                                  region->y + (region->height - side) / 2, side, 0 };
}

static void init_tracker(struct pipeline_stream *stream, int max_faces)
{
    const struct pipeline_tracker_options options = pipeline_faces_tracker_options(
        pipeline_workers_model(stream->workers), max_faces == 0 ? 1 : max_faces);
    pipeline_tracker_init(&stream->tracker, &options);
    stream->tracker.last_id = stream->face_id;
}

static void copy_options(struct pipeline_stream *stream,
                         const struct pipeline_stream_options *options)
{
    snprintf(stream->name, sizeof stream->name, "%s", options->name);
    stream->url = strdup(options->url);
    stream->every_frame = options->every_frame;
    stream->repeat = options->repeat;
    stream->drop_damaged = options->drop_damaged;
    stream->udp = options->udp;
    stream->isolate = options->isolate;
    stream->display_options = options->display;
    stream->max_pixels = options->max_pixels;
    stream->mode = options->mode;
    stream->fixed_roi = make_square(&options->region);
    stream->has_motion = options->motion != NULL;
    if (stream->has_motion) {
        pipeline_motion_init(&stream->motion, options->motion);
    }
    stream->pts = options->after.pts;
    stream->arrival_ns = options->after.arrival_ns;
    stream->face_id = options->after.last_id;
    init_tracker(stream, options->max_faces);
}

static bool make_parts(struct pipeline_stream *stream, struct mc_error *err)
{
    int queue = stream->every_frame ? QUEUE_EVERY : QUEUE_LATEST;
    stream->job_count = stream->mode == PIPELINE_TRACK
                            ? 1
                            : PIPELINE_JOBS_PER_WORKER * pipeline_workers_count(stream->workers);
    stream->jobs = calloc((size_t)stream->job_count, sizeof *stream->jobs);
    if (stream->jobs == NULL || stream->url == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a stream");
    }
    pipeline_stream_init_jobs(stream);
    stream->mailbox = pipeline_mailbox_create(queue, stream->every_frame, err);
    stream->reorder = pipeline_reorder_create(stream->job_count, err);
    stream->pool = pipeline_frame_pool_create(queue + stream->job_count + SPARE_FRAMES, err);
    return stream->mailbox != NULL && stream->reorder != NULL && stream->pool != NULL;
}

static bool open_handles(struct pipeline_stream *stream, uv_loop_t *loop, struct mc_error *err)
{
    int result = uv_async_init(loop, &stream->wake, on_wake);
    if (result != 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, -result, "can't wake the loop for a stream: %s",
                            uv_strerror(result));
    }
    uv_timer_init(loop, &stream->stall_timer);
    stream->wake.data = stream->stall_timer.data = stream;
    stream->open_handles = 2;
    stream->has_handles = true;
    return true;
}

static void offer_frame(void *user)
{
    const struct pipeline_stream *stream = user;
    pipeline_workers_kick(stream->workers);
}

static void wake_loop(void *user)
{
    struct pipeline_stream *stream = user;
    if (stream->has_handles) {
        uv_async_send(&stream->wake);
    }
}

static bool create_capture(struct pipeline_stream *stream, struct mc_error *err)
{
    const struct pipeline_capture_options options = {
        .url = stream->url,
        .every_frame = stream->every_frame,
        .repeat = stream->repeat,
        .drop_damaged = stream->drop_damaged,
        .udp = stream->udp,
        .run_session = stream->isolate ? pipeline_isolate_run_session : NULL,
        .display = stream->display_options,
        .max_pixels = stream->max_pixels,
        .last_pts = stream->pts,
        .last_arrival_ns = stream->arrival_ns,
        .mailbox = stream->mailbox,
        .pool = stream->pool,
        .counts = &stream->counts,
        .on_frame = offer_frame,
        .wake = wake_loop,
        .user = stream,
    };
    stream->capture = pipeline_capture_create(&options, err);
    return stream->capture != NULL || mc_error_wrap(err, "%s", stream->name);
}

struct pipeline_stream *pipeline_stream_create(uv_loop_t *loop, struct pipeline_workers *workers,
                                               const struct pipeline_stream_options *options,
                                               const struct pipeline_stream_callbacks *callbacks,
                                               struct mc_error *err)
{
    if (!check_options(options, err)) {
        return NULL;
    }
    if (options->mode == PIPELINE_TRACK && !pipeline_workers_can_locate(workers)) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: tracking faces needs a locator",
                     options->name);
        return NULL;
    }
    struct pipeline_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a stream");
        return NULL;
    }
    stream->workers = workers;
    stream->callbacks = *callbacks;
    copy_options(stream, options);
    if (!make_parts(stream, err) || !create_capture(stream, err)) {
        free_stream(stream);
        return NULL;
    }
    if (!open_handles(stream, loop, err)) {
        pipeline_capture_stop(stream->capture);
        free_stream(stream);
        return NULL;
    }
    pipeline_workers_add(workers, &stream->source);
    return stream;
}

void pipeline_stream_start(struct pipeline_stream *stream)
{
    assert(!stream->closing);
    pipeline_capture_start(stream->capture);
    uv_timer_start(&stream->stall_timer, on_stall_timer, STALL_CHECK_MS, STALL_CHECK_MS);
}

void pipeline_stream_hold(struct pipeline_stream *stream, bool held)
{
    pipeline_workers_lock(stream->workers);
    stream->held = held;
    pipeline_workers_unlock(stream->workers);
    if (!held) {
        pipeline_workers_kick(stream->workers);
    }
}

void pipeline_stream_pause(struct pipeline_stream *stream, bool paused)
{
    pipeline_capture_pause(stream->capture, paused);
}

void pipeline_stream_continuation(const struct pipeline_stream *stream,
                                  struct pipeline_continuation *continuation)
{
    *continuation =
        (struct pipeline_continuation){ stream->pts, stream->arrival_ns, stream->face_id };
}

void pipeline_stream_calibrate(struct pipeline_stream *stream, uint64_t range,
                               void (*on_done)(void *user,
                                               const struct pipeline_calibrated *calibrated),
                               void *user)
{
    stream->on_calibrated = on_done;
    stream->on_calibrated_user = user;
    pipeline_motion_calibrate(&stream->motion, range, mc_clock_now_ns());
}

void pipeline_stream_profile(const struct pipeline_stream *stream, struct pipeline_profile *profile)
{
    pipeline_motion_profile(&stream->motion, profile);
}

void pipeline_stream_set_motion(struct pipeline_stream *stream,
                                const struct pipeline_motion_options *options)
{
    pipeline_motion_set_options(&stream->motion, options);
}

void pipeline_stream_load_profile(struct pipeline_stream *stream,
                                  const struct pipeline_profile *profile)
{
    pipeline_motion_load_profile(&stream->motion, profile);
}

uint64_t pipeline_stream_shapes(const struct pipeline_stream *stream)
{
    return stream->motion.shapes;
}

void pipeline_stream_close(struct pipeline_stream *stream, void (*on_closed)(void *user),
                           void *user)
{
    assert(!stream->closing);
    stream->closing = true;
    stream->on_closed = on_closed;
    stream->on_closed_user = user;
    uv_timer_stop(&stream->stall_timer);
    pipeline_workers_remove(stream->workers, &stream->source);
    pipeline_capture_stop(stream->capture);
    try_finish(stream);
}
