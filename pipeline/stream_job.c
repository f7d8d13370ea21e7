#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/faces.h"
#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"
#include "pipeline/reorder.h"
#include "pipeline/stream_internal.h"
#include "pipeline/track/detectors.h"

static void begin_record(struct pipeline_stream *stream, struct pipeline_stream_job *job)
{
    const struct pipeline_frame *frame = job->frame;
    struct protocol_record *record = &job->record;
    assert(frame->display.width <= PROTOCOL_SIDE_MAX && frame->display.height <= PROTOCOL_SIDE_MAX);
    memset(record, 0, sizeof *record);
    memcpy(record->stream, stream->name, sizeof record->stream);
    record->seq = job->sequence;
    record->pts = frame->pts;
    record->t_arrival_ns = frame->arrival_ns;
    record->width = frame->display.width;
    record->height = frame->display.height;
    record->damaged = frame->damaged;
    record->dropped = pipeline_stream_dropped(stream);
    record->timing.reassembly = frame->reassembly_ns / MC_NS_PER_US;
    record->timing.decode = frame->decode_ns / MC_NS_PER_US;
    record->timing.wait = (mc_clock_now_ns() - frame->ready_ns) / MC_NS_PER_US;
}

static struct pipeline_job *next_job(struct pipeline_job_source *source)
{
    struct pipeline_stream *stream = (struct pipeline_stream *)source;
    struct pipeline_stream_job *job = stream->free_jobs;
    struct pipeline_frame *frame =
        stream->held || job == NULL ? NULL : pipeline_mailbox_pop(stream->mailbox);
    if (frame == NULL) {
        return NULL;
    }
    stream->free_jobs = job->next;
    stream->busy_jobs++;
    job->at_worker = job->at_loop = true;
    job->frame = frame;
    job->sequence = stream->sequence++;
    return &job->base;
}

// The worker, or the loop, has finished with the job: user is its mark in the job. Returns whether
// nobody has the job any more: the caller then has to free it. The lock is all streams', and an
// isolated stream's frame takes system calls to release: so that comes first, without the lock.
static bool finish(struct pipeline_stream_job *job, bool *user)
{
    struct pipeline_stream *stream = job->stream;
    pipeline_workers_lock(stream->workers);
    *user = false;
    const bool last = !job->at_worker && !job->at_loop;
    pipeline_workers_unlock(stream->workers);
    if (last) {
        pipeline_frame_pool_release(stream->pool, job->frame);
        job->frame = NULL;
    }
    return last;
}

// With the workers locked.
static void free_job(struct pipeline_stream_job *job)
{
    struct pipeline_stream *stream = job->stream;
    job->next = stream->free_jobs;
    stream->free_jobs = job;
    stream->busy_jobs--;
}

// The job's record is complete. Thread: worker.
static void send_to_loop(struct pipeline_stream_job *job)
{
    struct pipeline_stream *stream = job->stream;
    pipeline_workers_lock(stream->workers);
    job->next = stream->done_jobs;
    stream->done_jobs = job;
    pipeline_workers_unlock(stream->workers);
    uv_async_send(&stream->wake); // lives as long as the job is busy
}

// Thread: worker.
static void leave(struct pipeline_stream_job *job)
{
    struct pipeline_stream *stream = job->stream;
    if (!finish(job, &job->at_worker)) {
        return;
    }
    pipeline_workers_lock(stream->workers);
    free_job(job); // seldom: the loop was faster, and may wait for it
    // sent under the lock: once it is released, the stream may be closed
    uv_async_send(&stream->wake);
    pipeline_workers_unlock(stream->workers);
}

// Observes the faces of the job's frame. Thread: worker.
static void observe(struct pipeline_stream_job *job, struct pipeline_frame_view *view)
{
    struct pipeline_stream *stream = job->stream;
    const struct pipeline_detectors *detectors = view->detectors;
    if (stream->mode == PIPELINE_TRACK) {
        pipeline_tracker_run(&stream->tracker, view, &job->observations);
    } else {
        struct pipeline_roi roi = stream->fixed_roi;
        if (stream->mode == PIPELINE_FULL) {
            pipeline_locator_view(0, view->display->width, view->display->height, &roi);
        }
        // The locator knows faces; whether something else is there, only its own network can tell.
        const bool needs_face =
            detectors->locator.runner != NULL && pipeline_faces_is_model(detectors->model);
        pipeline_tracker_observe_region(&stream->tracker.options, view, &roi, needs_face,
                                        &job->observations);
    }
    for (int i = 0; i < job->observations.count; i++) {
        pipeline_frame_view_express(view, &job->observations.faces[i]);
    }
    job->record.timing.scale = view->scale_us;
    job->record.timing.infer = view->infer_us;
    job->err = view->err;
}

// Thread: worker.
static void work(struct pipeline_job *base, const struct pipeline_detectors *detectors)
{
    struct pipeline_stream_job *job = (struct pipeline_stream_job *)base;
    struct pipeline_stream *stream = job->stream;
    struct pipeline_frame_view view = {
        .detectors = detectors,
        .frame = job->frame->image,
        .display = &job->frame->display,
        .pts = job->frame->pts,
        .session = job->frame->session,
    };
    begin_record(stream, job);
    observe(job, &view);
    send_to_loop(job);
    if (stream->mode == PIPELINE_TRACK) {
        pipeline_tracker_look(&stream->tracker, &view);
    }
    leave(job);
}

// Takes what workers have done since the last call.
static struct pipeline_stream_job *take_done(struct pipeline_stream *stream)
{
    pipeline_workers_lock(stream->workers);
    struct pipeline_stream_job *done = stream->done_jobs;
    stream->done_jobs = NULL;
    pipeline_workers_unlock(stream->workers);
    return done;
}

void pipeline_stream_deliver_done(struct pipeline_stream *stream)
{
    struct pipeline_stream_job *job, *next;
    for (job = take_done(stream); job != NULL; job = next) {
        next = job->next;
        pipeline_reorder_put(stream->reorder, job->sequence, job);
    }
    while ((job = pipeline_reorder_pop(stream->reorder)) != NULL) {
        pipeline_stream_deliver(stream, job);
        if (finish(job, &job->at_loop)) {
            pipeline_workers_lock(stream->workers);
            free_job(job);
            pipeline_workers_unlock(stream->workers);
        }
    }
}

bool pipeline_stream_is_drained(struct pipeline_stream *stream)
{
    pipeline_workers_lock(stream->workers);
    const bool drained = stream->busy_jobs == 0 && pipeline_mailbox_is_empty(stream->mailbox);
    pipeline_workers_unlock(stream->workers);
    return drained;
}

void pipeline_stream_init_jobs(struct pipeline_stream *stream)
{
    stream->source.next = next_job;
    for (int i = 0; i < stream->job_count; i++) {
        stream->jobs[i] = (struct pipeline_stream_job){
            .base = { work },
            .stream = stream,
            .next = stream->free_jobs,
        };
        stream->free_jobs = &stream->jobs[i];
    }
}
