#include "pipeline/stream.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/frame.h>

#include "base/clock.h"
#include "base/log.h"
#include "nn/model.h"
#include "pipeline/frame_pool.h"
#include "pipeline/frame_view.h"
#include "pipeline/mailbox.h"
#include "pipeline/motion/motion.h"
#include "pipeline/reorder.h"
#include "pipeline/source/capture.h"
#include "pipeline/stats.h"
#include "pipeline/track/tracker.h"
#include "pipeline/worker.h"
#include "protocol/record.h"

enum {
    QUEUE_EVERY = 4,  // frames decoded ahead when all are wanted
    QUEUE_LATEST = 1, // only the newest is of interest
    SPARE_FRAMES = 2, // one in the decoder, one on its way out of the mailbox
    STALL_CHECK_MS = 250,
    STALL_MS = 2000,
};

_Static_assert((int)PIPELINE_FACES_MAX == (int)PROTOCOL_FACES_MAX,
               "a record has room for all faces");
_Static_assert((int)PIPELINE_KEYPOINTS_MAX == (int)PROTOCOL_KEYPOINTS_MAX &&
                   (int)NN_KEYPOINTS_MAX <= (int)PIPELINE_KEYPOINTS_MAX,
               "a record has room for all keypoints of a model");

// A frame with a worker, or waiting for an earlier one.
struct stream_job {
    struct pipeline_job job; // first
    struct pipeline_stream *stream;
    struct stream_job *next_free;
    struct pipeline_frame *frame;
    uint64_t sequence;
    struct pipeline_observations sight;
    struct protocol_record record;
    struct mc_error err; // why the picture could not be looked at
};

struct pipeline_stream {
    struct pipeline_job_source client; // first
    struct pipeline_workers *workers;  // borrowed
    struct pipeline_stream_callbacks callbacks;
    char name[PROTOCOL_NAME_BYTES];
    char *url; // owned
    bool every_frame, repeat, drop_damaged, udp;
    struct pipeline_display_options display_options;
    struct pipeline_display_transform display; // of the last record's frame
    enum pipeline_mode mode;
    struct pipeline_roi square;      // FIXED
    struct pipeline_tracker tracker; // TRACK; the job's, while one is at work
    bool has_motion;
    struct pipeline_motion motion;
    void (*on_calibrated)(void *user, int faces);
    void *on_calibrated_user;

    uv_async_t wake;
    uv_timer_t stall_timer;
    int open_handles;
    struct pipeline_frame_pool *pool;
    struct pipeline_mailbox *mailbox;
    struct pipeline_reorder *reorder;
    struct pipeline_capture *capture;      // NULL until started
    struct pipeline_capture_counts counts; // the capture's
    struct pipeline_stats stats;           // the loop's: published, faces, stages, latency
    struct stream_job *jobs, *free_jobs;
    int job_count, busy_jobs;

    uint64_t sequence; // of the next frame to go to a worker
    bool seen;         // a face was in the last record; FIXED, FULL
    int face_id;       // the last that was given; FIXED, FULL
    struct mc_log_limit log_limit;

    bool told;                 // on_state was called
    enum pipeline_state state; // as told
    char reason[PIPELINE_REASON_BYTES];
    struct pipeline_state_report report; // the capture's latest
    bool held, paused, closing;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

static void tell_state(struct pipeline_stream *stream, enum pipeline_state state,
                       const char *reason)
{
    if (stream->closing ||
        (stream->told && stream->state == state && strcmp(stream->reason, reason) == 0)) {
        return;
    }
    stream->told = true;
    stream->state = state;
    snprintf(stream->reason, sizeof stream->reason, "%s", reason);
    stream->callbacks.on_state(stream->callbacks.user, state, stream->reason);
}

// Whether no frame comes in that state.
static bool is_quiet(enum pipeline_state state)
{
    return state == PIPELINE_IDLE || state == PIPELINE_ENDED || state == PIPELINE_FAILED;
}

// The capture's state, unless no frame came for a while; a pause or the end only once
// the last record is out.
static void update_state(struct pipeline_stream *stream)
{
    pipeline_capture_state(stream->capture, &stream->report);
    if (is_quiet(stream->report.state) &&
        (stream->busy_jobs > 0 || !pipeline_mailbox_is_empty(stream->mailbox))) {
        return;
    }
    if (stream->report.state == PIPELINE_LIVE && pipeline_mailbox_is_empty(stream->mailbox) &&
        pipeline_capture_silence_ns(stream->capture) > STALL_MS * MC_NS_PER_MS) {
        tell_state(stream, PIPELINE_STALLED, "no frame for over 2 s");
        return;
    }
    tell_state(stream, stream->report.state, stream->report.reason);
}

static bool is_face(const struct nn_model_info *model)
{
    return strcmp(model->keypoint_set, "ibug68") == 0;
}

// Work: on the worker's thread.

static void work(struct pipeline_job *base, const struct pipeline_worker_context *seat)
{
    struct stream_job *job = (struct stream_job *)base;
    struct pipeline_stream *stream = job->stream;
    const struct pipeline_display_transform *display = &job->frame->display;
    struct pipeline_frame_view gaze = { .seat = seat, .frame = job->frame };
    const bool follows = stream->mode == PIPELINE_TRACK;
    // Whether something else than a face is there, only its own network can tell.
    const struct pipeline_detectors eyes =
        pipeline_frame_view_detectors(&gaze, follows || is_face(seat->model));
    if (follows) {
        pipeline_tracker_run(&stream->tracker, display, &eyes, &job->sight);
    } else {
        struct pipeline_roi square = stream->square;
        if (stream->mode == PIPELINE_FULL) {
            pipeline_locator_view(0, display->width, display->height, &square);
        }
        pipeline_tracker_look_at(&square, &eyes, &job->sight);
    }
    job->record.timing.scale = gaze.scale_us;
    job->record.timing.infer = gaze.infer_us;
    job->err = gaze.err;
}

// Results, on the loop.

static void fill_faces(struct pipeline_stream *stream, struct stream_job *job)
{
    const struct pipeline_observations *sight = &job->sight;
    const struct nn_model_info *model = pipeline_workers_model(stream->workers);
    struct protocol_record *record = &job->record;
    // Where it is displayed in another way, the face is elsewhere: motion begins anew.
    stream->seen &= pipeline_display_transform_equal(&stream->display, &job->frame->display);
    stream->display = job->frame->display;
    if (stream->mode != PIPELINE_TRACK && sight->count > 0 && !stream->seen) {
        stream->face_id++;
    }
    record->face_count = sight->count;
    for (int i = 0; i < sight->count; i++) {
        const struct pipeline_observation *sighting = &sight->faces[i];
        struct protocol_face *face = &record->faces[i];
        face->id = stream->mode == PIPELINE_TRACK ? sighting->id : stream->face_id;
        face->score = sighting->score;
        face->keypoint_count = model->keypoint_count;
        memcpy(face->keypoints, sighting->keypoints,
               (size_t)face->keypoint_count * sizeof face->keypoints[0]);
        mc_keypoints_box(face->keypoints, face->keypoint_count, face->box);
        face->has_jacobians = model->has_jacobians;
        if (face->has_jacobians) {
            memcpy(face->jacobians, sighting->jacobians,
                   (size_t)face->keypoint_count * sizeof face->jacobians[0]);
        }
    }
    stream->seen = sight->count > 0;
}

static void check_calibration(struct pipeline_stream *stream)
{
    int faces;
    if (!stream->closing &&
        pipeline_motion_calibrated(&stream->motion, mc_clock_now_ns(), &faces)) {
        stream->on_calibrated(stream->on_calibrated_user, faces);
    }
}

static void report_trouble(struct pipeline_stream *stream, const struct stream_job *job)
{
    unsigned skipped = 0;
    if (job->err.code != MC_ERROR_NONE &&
        mc_log_limit_pass(&stream->log_limit, 10 * MC_NS_PER_SECOND, &skipped)) {
        mc_log(MC_LOG_WARNING, "%s: %s", stream->name, job->err.message);
    }
}

static void add_to_stats(struct pipeline_stream *stream, const struct protocol_record *record)
{
    struct pipeline_stats *stats = &stream->stats;
    const int64_t stages_us[PIPELINE_STAGE_COUNT] = {
        [PIPELINE_STAGE_REASSEMBLY] = record->timing.reassembly,
        [PIPELINE_STAGE_DECODE] = record->timing.decode,
        [PIPELINE_STAGE_WAIT] = record->timing.wait,
        [PIPELINE_STAGE_SCALE] = record->timing.scale,
        [PIPELINE_STAGE_INFER] = record->timing.infer,
    };
    for (int i = 0; i < PIPELINE_STAGE_COUNT; i++) {
        pipeline_histogram_add(&stats->stages[i], stages_us[i] * MC_NS_PER_US);
    }
    pipeline_histogram_add(&stats->latency, mc_clock_now_ns() - record->t_arrival_ns);
    stats->published++;
    stats->faces = record->face_count;
}

static void deliver(struct pipeline_stream *stream, struct stream_job *job)
{
    if (!stream->closing) {
        fill_faces(stream, job);
        if (stream->has_motion) {
            pipeline_motion_run(&stream->motion, &job->record);
        }
        report_trouble(stream, job);
        add_to_stats(stream, &job->record);
        stream->callbacks.on_record(stream->callbacks.user, &job->record, job->frame);
        check_calibration(stream);
    }
    pipeline_frame_pool_release(stream->pool, job->frame);
    job->frame = NULL;
    job->next_free = stream->free_jobs;
    stream->free_jobs = job;
    stream->busy_jobs--;
}

static void try_finish(struct pipeline_stream *stream);

static void done(struct pipeline_job *base)
{
    struct stream_job *job = (struct stream_job *)base;
    struct pipeline_stream *stream = job->stream;
    pipeline_reorder_put(stream->reorder, job->sequence, job);
    while ((job = pipeline_reorder_pop(stream->reorder)) != NULL) {
        deliver(stream, job);
    }
    if (stream->closing) {
        try_finish(stream);
    } else {
        update_state(stream);
    }
}

static void fill_counts(const struct pipeline_stream *stream, struct pipeline_stats *stats)
{
    const struct pipeline_capture_counts *counts = &stream->counts;
    stats->captured = atomic_load_explicit(&counts->packets, memory_order_relaxed);
    stats->decoded = atomic_load_explicit(&counts->frames, memory_order_relaxed);
    stats->damaged = atomic_load_explicit(&counts->damaged, memory_order_relaxed);
    stats->connects = atomic_load_explicit(&counts->connects, memory_order_relaxed);
    stats->dropped[PIPELINE_DROP_MAILBOX] = pipeline_mailbox_dropped(stream->mailbox);
    stats->dropped[PIPELINE_DROP_LATE] = atomic_load_explicit(&counts->late, memory_order_relaxed);
    stats->dropped[PIPELINE_DROP_DECODE] =
        atomic_load_explicit(&counts->undecodable, memory_order_relaxed);
}

void pipeline_stream_stats(const struct pipeline_stream *stream, struct pipeline_stats *stats)
{
    *stats = stream->stats;
    stats->up = stream->told && stream->state == PIPELINE_LIVE;
    fill_counts(stream, stats);
}

static uint64_t count_dropped(struct pipeline_stream *stream)
{
    fill_counts(stream, &stream->stats);
    return pipeline_stats_dropped(&stream->stats);
}

static void begin_record(struct pipeline_stream *stream, struct stream_job *job)
{
    const struct pipeline_frame *frame = job->frame;
    struct protocol_record *record = &job->record;
    memset(record, 0, sizeof *record);
    memcpy(record->stream, stream->name, sizeof record->stream);
    record->seq = job->sequence;
    record->pts = frame->pts;
    record->t_arrival_ns = frame->arrival_ns;
    record->width = frame->display.width;
    record->height = frame->display.height;
    record->damaged = frame->damaged;
    record->dropped = count_dropped(stream);
    record->timing.reassembly = frame->reassembly_ns / MC_NS_PER_US;
    record->timing.decode = frame->decode_ns / MC_NS_PER_US;
    record->timing.wait = (mc_clock_now_ns() - frame->ready_ns) / MC_NS_PER_US;
}

static struct pipeline_job *next_job(struct pipeline_job_source *client)
{
    struct pipeline_stream *stream = (struct pipeline_stream *)client;
    struct stream_job *job = stream->free_jobs;
    if (stream->held || stream->capture == NULL || job == NULL) {
        return NULL;
    }
    struct pipeline_frame *frame = pipeline_mailbox_pop(stream->mailbox);
    if (frame == NULL) {
        return NULL;
    }
    stream->free_jobs = job->next_free;
    stream->busy_jobs++;
    job->frame = frame;
    job->sequence = stream->sequence++;
    job->err = (struct mc_error){ 0 };
    begin_record(stream, job);
    return &job->job;
}

static void on_wake(uv_async_t *handle)
{
    struct pipeline_stream *stream = handle->data;
    if (stream->closing) {
        try_finish(stream);
        return;
    }
    if (stream->capture != NULL) {
        update_state(stream);
    }
    if (!stream->closing) {
        pipeline_workers_kick(stream->workers);
    }
}

static void on_stall_timer(uv_timer_t *handle)
{
    check_calibration(handle->data);
    update_state(handle->data);
}

// The beginning and the end.

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
    bool captured = stream->capture == NULL || pipeline_capture_is_done(stream->capture);
    if (captured && stream->busy_jobs == 0 && !uv_is_closing((uv_handle_t *)&stream->wake)) {
        uv_close((uv_handle_t *)&stream->wake, on_handle_closed);
        uv_close((uv_handle_t *)&stream->stall_timer, on_handle_closed);
    }
}

static bool check_options(const struct pipeline_stream_options *options, struct mc_error *err)
{
    const struct pipeline_region *region = &options->region;
    if (options->name == NULL || options->name[0] == '\0' ||
        strlen(options->name) >= PROTOCOL_NAME_BYTES) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "a stream's name has 1 to %d bytes",
                            PROTOCOL_NAME_BYTES - 1);
    }
    if (options->url == NULL || options->url[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: the URL is empty", options->name);
    }
    bool sane = isfinite(region->x) && isfinite(region->y) && isfinite(region->width) &&
                isfinite(region->height) && region->width > 0 && region->height > 0;
    if (options->mode == PIPELINE_FIXED && !sane) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s: region %g,%g,%g,%g: wants a width and height above 0",
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
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: follows 1 to %d faces, not %d",
                            options->name, PROTOCOL_FACES_MAX, options->max_faces);
    }
    return true;
}

// The square around the same centre whose side is the larger edge.
static struct pipeline_roi make_square(const struct pipeline_region *region)
{
    float side = fmaxf(region->width, region->height);
    return (struct pipeline_roi){ region->x + (region->width - side) / 2,
                                  region->y + (region->height - side) / 2, side, 0 };
}

static bool make_parts(struct pipeline_stream *stream, struct mc_error *err)
{
    int queue = stream->every_frame ? QUEUE_EVERY : QUEUE_LATEST;
    // Twice the workers: while the oldest is slow, the others go on.
    stream->job_count =
        stream->mode == PIPELINE_TRACK ? 1 : 2 * pipeline_workers_count(stream->workers);
    stream->jobs = calloc((size_t)stream->job_count, sizeof *stream->jobs);
    if (stream->jobs == NULL || stream->url == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a stream");
    }
    for (int i = 0; i < stream->job_count; i++) {
        stream->jobs[i] = (struct stream_job){
            .job = { work, done },
            .stream = stream,
            .next_free = stream->free_jobs,
        };
        stream->free_jobs = &stream->jobs[i];
    }
    stream->mailbox = pipeline_mailbox_create(queue, stream->every_frame, err);
    stream->reorder = pipeline_reorder_create(stream->job_count, err);
    stream->pool = pipeline_frame_pool_create(queue + stream->job_count + SPARE_FRAMES, err);
    return stream->mailbox != NULL && stream->reorder != NULL && stream->pool != NULL;
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
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: following faces wants a locator",
                     options->name);
        return NULL;
    }
    struct pipeline_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a stream");
        return NULL;
    }
    const struct nn_model_info *model = pipeline_workers_model(workers);
    stream->client.next = next_job;
    stream->workers = workers;
    stream->callbacks = *callbacks;
    snprintf(stream->name, sizeof stream->name, "%s", options->name);
    stream->url = strdup(options->url);
    stream->every_frame = options->every_frame;
    stream->repeat = options->repeat;
    stream->drop_damaged = options->drop_damaged;
    stream->udp = options->udp;
    stream->display_options = options->display;
    stream->mode = options->mode;
    stream->square = make_square(&options->region);
    stream->has_motion = options->motion != NULL;
    if (stream->has_motion) {
        pipeline_motion_init(&stream->motion, options->motion);
    }
    const struct pipeline_tracker_options tracking = {
        .keypoint_count = model->keypoint_count,
        .margin = model->crop_margin,
        .max_faces = options->max_faces == 0 ? 1 : options->max_faces,
        .has_ibug68 = is_face(model),
    };
    pipeline_tracker_init(&stream->tracker, &tracking);
    if (!make_parts(stream, err)) {
        free_stream(stream);
        return NULL;
    }
    int result = uv_async_init(loop, &stream->wake, on_wake);
    if (result != 0) {
        mc_error_set(err, MC_ERROR_SYSTEM, -result, "no wake-up for a stream: %s",
                     uv_strerror(result));
        free_stream(stream);
        return NULL;
    }
    uv_timer_init(loop, &stream->stall_timer);
    stream->wake.data = stream->stall_timer.data = stream;
    stream->open_handles = 2;
    pipeline_workers_add(workers, &stream->client);
    return stream;
}

static void wake_loop(void *user)
{
    struct pipeline_stream *stream = user;
    uv_async_send(&stream->wake);
}

bool pipeline_stream_start(struct pipeline_stream *stream, struct mc_error *err)
{
    assert(stream->capture == NULL && !stream->closing);
    const struct pipeline_capture_options options = {
        .url = stream->url,
        .every_frame = stream->every_frame,
        .repeat = stream->repeat,
        .drop_damaged = stream->drop_damaged,
        .udp = stream->udp,
        .display = stream->display_options,
        .paused = stream->paused,
        .mailbox = stream->mailbox,
        .pool = stream->pool,
        .counts = &stream->counts,
        .wake = wake_loop,
        .user = stream,
    };
    stream->capture = pipeline_capture_start(&options, err);
    if (stream->capture == NULL) {
        return mc_error_wrap(err, "%s", stream->name);
    }
    uv_timer_start(&stream->stall_timer, on_stall_timer, STALL_CHECK_MS, STALL_CHECK_MS);
    return true;
}

void pipeline_stream_hold(struct pipeline_stream *stream, bool held)
{
    stream->held = held;
    if (!held) {
        uv_async_send(&stream->wake); // from the loop, not inside the caller's callback
    }
}

void pipeline_stream_pause(struct pipeline_stream *stream, bool paused)
{
    stream->paused = paused;
    if (stream->capture != NULL) {
        pipeline_capture_pause(stream->capture, paused);
    }
}

void pipeline_stream_calibrate(struct pipeline_stream *stream,
                               void (*on_done)(void *user, int faces), void *user)
{
    stream->on_calibrated = on_done;
    stream->on_calibrated_user = user;
    pipeline_motion_calibrate(&stream->motion, mc_clock_now_ns());
}

void pipeline_stream_close(struct pipeline_stream *stream, void (*on_closed)(void *user),
                           void *user)
{
    assert(!stream->closing);
    stream->closing = true;
    stream->on_closed = on_closed;
    stream->on_closed_user = user;
    uv_timer_stop(&stream->stall_timer);
    pipeline_workers_remove(stream->workers, &stream->client);
    if (stream->capture != NULL) {
        pipeline_capture_stop(stream->capture);
    }
    try_finish(stream);
}
