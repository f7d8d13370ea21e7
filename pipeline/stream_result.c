#include <string.h>

#include "base/clock.h"
#include "pipeline/faces.h"
#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"
#include "pipeline/same_face.h"
#include "pipeline/stream_internal.h"

static void fill_faces(struct pipeline_stream *stream, struct pipeline_stream_job *job)
{
    const struct pipeline_observations *observations = &job->observations;
    const struct nn_model_info *model = pipeline_workers_model(stream->workers);
    // When frames are displayed differently from here on, faces move, and after a gap they may be
    // others': motion restarts.
    stream->had_face &= pipeline_display_transform_equal(&stream->display, &job->frame->display) &&
                        pipeline_same_face_goes_on(job->frame->pts - stream->pts,
                                                   job->frame->session == stream->session);
    stream->display = job->frame->display;
    stream->pts = job->frame->pts;
    stream->session = job->frame->session;
    stream->arrival_ns = job->frame->arrival_ns;
    const bool has_tracks = stream->mode == PIPELINE_TRACK;
    if (!has_tracks && observations->count > 0 && !stream->had_face) {
        stream->face_id = pipeline_tracker_next_id(stream->face_id);
    }
    job->record.face_count = observations->count;
    for (int i = 0; i < observations->count; i++) {
        struct protocol_face *face = &job->record.faces[i];
        face->id = has_tracks ? observations->faces[i].id : stream->face_id;
        stream->face_id = face->id > stream->face_id ? face->id : stream->face_id;
        pipeline_faces_fill(model, &observations->faces[i], face);
    }
    stream->had_face = observations->count > 0;
}

static void run_motion(struct pipeline_stream *stream, struct pipeline_stream_job *job)
{
    const struct pipeline_expression *expressions[PROTOCOL_FACES_MAX] = { NULL };
    for (int i = 0; i < job->observations.count; i++) {
        const struct pipeline_observation *observation = &job->observations.faces[i];
        expressions[i] = observation->has_expression ? &observation->expression : NULL;
    }
    if (stream->has_motion) {
        pipeline_motion_run(&stream->motion, &job->record, expressions);
    }
}

void pipeline_stream_check_calibration(struct pipeline_stream *stream)
{
    struct pipeline_calibrated calibrated;
    if (!stream->closing &&
        pipeline_motion_calibrated(&stream->motion, mc_clock_now_ns(), &calibrated)) {
        stream->on_calibrated(stream->on_calibrated_user, &calibrated);
    }
}

static void log_error(struct pipeline_stream *stream, const struct pipeline_stream_job *job)
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

void pipeline_stream_deliver(struct pipeline_stream *stream, struct pipeline_stream_job *job)
{
    if (stream->closing) {
        return;
    }
    fill_faces(stream, job);
    run_motion(stream, job);
    log_error(stream, job);
    add_to_stats(stream, &job->record);
    stream->callbacks.on_record(stream->callbacks.user, &job->record, job->frame);
    pipeline_stream_check_calibration(stream);
}

static uint64_t read_count(const atomic_uint_fast64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void fill_dropped(const struct pipeline_stream *stream,
                         uint64_t dropped[PIPELINE_DROP_COUNT])
{
    dropped[PIPELINE_DROP_MAILBOX] = pipeline_mailbox_dropped(stream->mailbox);
    dropped[PIPELINE_DROP_LATE] = read_count(&stream->counts.late);
    dropped[PIPELINE_DROP_DECODE] = read_count(&stream->counts.undecodable);
}

void pipeline_stream_stats(const struct pipeline_stream *stream, struct pipeline_stats *stats)
{
    const struct pipeline_capture_counts *counts = &stream->counts;
    *stats = stream->stats;
    stats->fov = stream->has_motion ? pipeline_motion_fov(&stream->motion) : 0;
    stats->up = stream->has_reported && stream->state == PIPELINE_LIVE;
    stats->captured = read_count(&counts->packets);
    stats->decoded = read_count(&counts->frames);
    stats->damaged = read_count(&counts->damaged);
    stats->connects = read_count(&counts->connects);
    fill_dropped(stream, stats->dropped);
}

uint64_t pipeline_stream_dropped(const struct pipeline_stream *stream)
{
    uint64_t dropped[PIPELINE_DROP_COUNT], sum = 0;
    fill_dropped(stream, dropped);
    for (int i = 0; i < PIPELINE_DROP_COUNT; i++) {
        sum += dropped[i];
    }
    return sum;
}
