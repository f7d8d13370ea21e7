#include "daemon/running_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/device_check.h"
#include "protocol/record.h"
#include "server/publisher.h"

// ---- options

bool daemon_running_stream_differs(const struct daemon_running_stream *stream,
                                   const struct daemon_options *options,
                                   const struct daemon_stream_options *own)
{
    struct daemon_stream_plan plan;
    daemon_stream_plan_make(&plan, options, own);
    return !daemon_stream_plan_has_same_frames(&stream->plan, &plan) ||
           !daemon_stream_plan_has_same_motion(&stream->plan, &plan);
}

// ---- from the pipeline

static void on_record(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame)
{
    struct daemon_running_stream *stream = user;
    (void)frame;
    stream->gave_records = true;
    record->seq += stream->first_seq;
    record->dropped += stream->dropped_before;
    stream->next_seq = record->seq + 1;
    server_publisher_record(stream->host->publisher, stream->index, record);
}

// What a state of the pipeline is to subscribers, and to the log.
static const struct {
    enum protocol_stream_state published;
    enum mc_log_level level;
} states[] = {
    [PIPELINE_IDLE] = { PROTOCOL_STREAM_IDLE, MC_LOG_INFO },
    [PIPELINE_CONNECTING] = { PROTOCOL_STREAM_CONNECTING, MC_LOG_INFO },
    [PIPELINE_LIVE] = { PROTOCOL_STREAM_LIVE, MC_LOG_INFO },
    [PIPELINE_STALLED] = { PROTOCOL_STREAM_STALLED, MC_LOG_WARNING },
    [PIPELINE_ENDED] = { PROTOCOL_STREAM_ENDED, MC_LOG_INFO },
    [PIPELINE_FAILED] = { PROTOCOL_STREAM_FAILED, MC_LOG_ERROR },
};

static void report(struct daemon_running_stream *stream, enum pipeline_state state,
                   enum mc_log_level level, const char *reason)
{
    const char *name = stream->plan.own.name;
    mc_log(level, "stream %s is %s%s%s", name, pipeline_state_name(state),
           reason[0] == '\0' ? "" : ": ", reason);
    server_publisher_state(stream->host->publisher, stream->index, states[state].published, reason);
}

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    struct daemon_running_stream *stream = user;
    struct mc_error err = { 0 };
    if (state == PIPELINE_IDLE && reason[0] == '\0' &&
        !daemon_device_check(stream->plan.own.url, &err)) {
        // It may be opened hours later: what is wrong with it is said now.
        report(stream, state, MC_LOG_WARNING, err.message);
        return;
    }
    report(stream, state, states[state].level, reason);
    if (state == PIPELINE_ENDED || state == PIPELINE_FAILED) {
        stream->ended = true;
        stream->failed = state == PIPELINE_FAILED;
        server_publisher_end(stream->host->publisher, stream->index);
        stream->host->on_ended(stream->host->user);
    }
}

// ---- opening

static bool open_stream(struct daemon_running_stream *stream, struct mc_error *err)
{
    const struct daemon_running_host *host = stream->host;
    const struct daemon_stream_plan *plan = &stream->plan;
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, stream };
    struct pipeline_stream_options options = plan->resolved;
    options.after = stream->before;
    stream->stream = pipeline_stream_create(host->loop, host->workers, &options, &callbacks, err);
    if (stream->stream == NULL) {
        return mc_error_wrap(err, "stream %s", plan->own.name);
    }
    daemon_calibrator_open(&stream->calibrator, stream->stream);
    daemon_tuning_open(&stream->tuning, stream->stream, &plan->motion);
    if (plan->on_demand) {
        daemon_on_demand_init(&stream->on_demand, host->loop, stream->stream, plan->linger_ms);
    }
    if (stream->held) {
        pipeline_stream_hold(stream->stream, true);
    }
    return true;
}

struct daemon_running_stream *daemon_running_stream_create(const struct daemon_running_host *host,
                                                           const struct daemon_options *options,
                                                           const struct daemon_stream_options *own,
                                                           int index, struct mc_error *err)
{
    struct daemon_running_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a stream");
        return NULL;
    }
    stream->host = host;
    stream->index = index;
    daemon_stream_plan_make(&stream->plan, options, own);
    daemon_calibrator_init(&stream->calibrator, host->profiles, host->publisher,
                           stream->plan.own.name, index);
    daemon_tuning_init(&stream->tuning, host->profiles, stream->plan.own.name);
    if (!open_stream(stream, err)) {
        free(stream);
        return NULL;
    }
    return stream;
}

void daemon_running_stream_start(struct daemon_running_stream *stream)
{
    stream->started = true;
    if (stream->stream != NULL) {
        pipeline_stream_start(stream->stream);
    }
}

// ---- closing

static void on_part_closed(void *user);

// Gives up the present source; on_part_closed goes on.
static void close_parts(struct daemon_running_stream *stream)
{
    struct pipeline_stream *open = stream->stream;
    daemon_calibrator_close(&stream->calibrator);
    pipeline_stream_continuation(open, &stream->before);
    daemon_running_stream_stats(stream, &stream->stats_before);
    stream->stats_before.up = false;
    stream->stream = NULL;
    stream->open_parts = 2;
    daemon_on_demand_close(&stream->on_demand, on_part_closed, stream);
    pipeline_stream_close(open, on_part_closed, stream);
}

static void free_stream(struct daemon_running_stream *stream)
{
    const struct daemon_running_host *host = stream->host;
    free(stream);
    host->on_gone(host->user);
}

// With the options as they are now.
static void open_again(struct daemon_running_stream *stream)
{
    struct mc_error err = { 0 };
    stream->first_seq = stream->next_seq;
    stream->dropped_before = pipeline_stats_dropped(&stream->stats_before);
    if (!open_stream(stream, &err)) {
        on_state(stream, PIPELINE_FAILED, err.message);
        return;
    }
    daemon_running_stream_update(stream);
    if (stream->started) {
        daemon_running_stream_start(stream);
    }
}

static void on_part_closed(void *user)
{
    struct daemon_running_stream *stream = user;
    if (--stream->open_parts > 0) {
        return;
    }
    if (stream->closing) {
        free_stream(stream);
    } else {
        open_again(stream);
    }
}

void daemon_running_stream_close(struct daemon_running_stream *stream)
{
    stream->closing = true;
    if (stream->stream != NULL) {
        close_parts(stream);
    } else if (stream->open_parts == 0) { // it could not be opened again
        free_stream(stream);
    }
}

// ---- changing

static void reopen(struct daemon_running_stream *stream)
{
    static const char reason[] = "its options have changed";
    struct protocol_error error = { .code = PROTOCOL_ERROR_UNSUPPORTED };
    snprintf(error.message, sizeof error.message, "calibrate: the stream's options have changed");
    server_publisher_not_calibrated(stream->host->publisher, stream->index, &error);
    stream->ended = stream->failed = false;
    report(stream, PIPELINE_CONNECTING, MC_LOG_INFO, reason);
    if (stream->stream != NULL) {
        close_parts(stream);
    } else if (stream->open_parts == 0) {
        open_again(stream);
    }
}

void daemon_running_stream_change(struct daemon_running_stream *stream,
                                  const struct daemon_options *options,
                                  const struct daemon_stream_options *own)
{
    struct daemon_stream_plan plan;
    daemon_stream_plan_make(&plan, options, own);
    const bool same_frames = daemon_stream_plan_has_same_frames(&stream->plan, &plan);
    const bool same_motion = daemon_stream_plan_has_same_motion(&stream->plan, &plan);
    daemon_stream_plan_make(&stream->plan, options, own);
    stream->on_demand.linger_ms = stream->plan.linger_ms;
    if (!same_frames) {
        reopen(stream);
    } else if (!same_motion && stream->stream != NULL) {
        mc_log(MC_LOG_INFO, "stream %s: its motion options have changed", own->name);
        daemon_tuning_configure(&stream->tuning, &stream->plan.motion);
    }
}

void daemon_running_stream_update(struct daemon_running_stream *stream)
{
    if (stream->stream != NULL) {
        daemon_on_demand_update(&stream->on_demand,
                                server_publisher_count(stream->host->publisher, stream->index));
    }
}

void daemon_running_stream_hold(struct daemon_running_stream *stream, bool held)
{
    stream->held = held;
    if (stream->stream != NULL) {
        pipeline_stream_hold(stream->stream, held);
    }
}

void daemon_running_stream_stats(const struct daemon_running_stream *stream,
                                 struct pipeline_stats *stats)
{
    *stats = stream->stats_before;
    if (stream->stream != NULL) {
        struct pipeline_stats now;
        pipeline_stream_stats(stream->stream, &now);
        pipeline_stats_continue(stats, &now);
    }
}

bool daemon_running_stream_is_open(const struct daemon_running_stream *stream)
{
    return stream->stream != NULL;
}
