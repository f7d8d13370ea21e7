#include <string.h>

#include "base/clock.h"
#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"
#include "pipeline/reorder.h"
#include "pipeline/stream_internal.h"
#include "pipeline/track/detectors.h"

static void begin_record(struct pipeline_stream *stream, struct pipeline_stream_job *job)
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
    record->dropped = pipeline_stream_dropped(stream);
    record->timing.reassembly = frame->reassembly_ns / MC_NS_PER_US;
    record->timing.decode = frame->decode_ns / MC_NS_PER_US;
    record->timing.wait = (mc_clock_now_ns() - frame->ready_ns) / MC_NS_PER_US;
}

static struct pipeline_job *next_job(struct pipeline_job_source *source)
{
    struct pipeline_stream *stream = (struct pipeline_stream *)source;
    struct pipeline_stream_job *job = stream->free_jobs;
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
    begin_record(stream, job);
    return &job->base;
}

// Thread: worker.
static void work(struct pipeline_job *base, const struct pipeline_detectors *detectors)
{
    struct pipeline_stream_job *job = (struct pipeline_stream_job *)base;
    struct pipeline_stream *stream = job->stream;
    const struct pipeline_display_transform *display = &job->frame->display;
    struct pipeline_frame_view view = {
        .detectors = detectors,
        .frame = job->frame->image,
        .display = display,
    };
    if (stream->mode == PIPELINE_TRACK) {
        pipeline_tracker_run(&stream->tracker, &view, &job->observations);
    } else {
        struct pipeline_roi roi = stream->fixed_roi;
        if (stream->mode == PIPELINE_FULL) {
            pipeline_locator_view(0, display->width, display->height, &roi);
        }
        // The locator knows faces; whether something else is there, only its own network can tell.
        const bool needs_face =
            detectors->locator.runner != NULL && pipeline_stream_is_face_model(detectors->model);
        pipeline_tracker_observe_region(&stream->tracker.options, &view, &roi, needs_face,
                                        &job->observations);
    }
    for (int i = 0; i < job->observations.count; i++) {
        pipeline_frame_view_express(&view, &job->observations.faces[i]);
    }
    job->record.timing.scale = view.scale_us;
    job->record.timing.infer = view.infer_us;
    job->err = view.err;
}

static void free_job(struct pipeline_stream *stream, struct pipeline_stream_job *job)
{
    pipeline_frame_pool_release(stream->pool, job->frame);
    job->frame = NULL;
    job->next_free = stream->free_jobs;
    stream->free_jobs = job;
    stream->busy_jobs--;
}

static void done(struct pipeline_job *base)
{
    struct pipeline_stream_job *job = (struct pipeline_stream_job *)base;
    struct pipeline_stream *stream = job->stream;
    pipeline_reorder_put(stream->reorder, job->sequence, job);
    while ((job = pipeline_reorder_pop(stream->reorder)) != NULL) {
        pipeline_stream_deliver(stream, job);
        free_job(stream, job);
    }
    pipeline_stream_settle(stream);
}

void pipeline_stream_init_jobs(struct pipeline_stream *stream)
{
    stream->source.next = next_job;
    for (int i = 0; i < stream->job_count; i++) {
        stream->jobs[i] = (struct pipeline_stream_job){
            .base = { work, done },
            .stream = stream,
            .next_free = stream->free_jobs,
        };
        stream->free_jobs = &stream->jobs[i];
    }
}
