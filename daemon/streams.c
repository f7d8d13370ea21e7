#include "daemon/streams.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/calibrator.h"
#include "daemon/on_demand.h"
#include "daemon/options.h"
#include "daemon/profile_store.h"
#include "daemon/stream.h"
#include "daemon/tuning.h"
#include "pipeline/source/url.h"
#include "pipeline/stats.h"
#include "pipeline/stream.h"
#include "protocol/record.h"
#include "server/publisher.h"

struct running_stream {
    struct daemon_streams *all;
    const char *name;
    int index;
    struct pipeline_stream *stream; // NULL: closed
    struct daemon_on_demand on_demand;
    struct daemon_calibrator calibrator;
    struct daemon_tuning tuning;
    bool ended, failed, gave_records;
};

struct daemon_streams {
    uv_loop_t *loop;
    struct server_publisher *publisher;
    struct daemon_streams_callbacks callbacks;
    struct daemon_profile_store profiles;
    bool closing;
    int open_count;
    int count;
    struct running_stream streams[PROTOCOL_STREAMS_MAX];
};

// ---- From the pipeline

static void check_ended(struct daemon_streams *streams)
{
    bool any_failed = false, any_records = false;
    for (int i = 0; i < streams->count; i++) {
        if (!streams->streams[i].ended) {
            return;
        }
        any_failed = any_failed || streams->streams[i].failed;
        any_records = any_records || streams->streams[i].gave_records;
    }
    streams->callbacks.on_ended(streams->callbacks.user, any_failed, any_records);
}

static void on_record(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame)
{
    struct running_stream *stream = user;
    (void)frame;
    stream->gave_records = true;
    server_publisher_record(stream->all->publisher, stream->index, record);
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

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    struct running_stream *stream = user;
    struct server_publisher *publisher = stream->all->publisher;
    mc_log(states[state].level, "stream %s is %s%s%s", stream->name, pipeline_state_name(state),
           reason[0] == '\0' ? "" : ": ", reason);
    server_publisher_state(publisher, stream->index, states[state].published, reason);
    if (state == PIPELINE_ENDED || state == PIPELINE_FAILED) {
        stream->ended = true;
        stream->failed = state == PIPELINE_FAILED;
        server_publisher_end(publisher, stream->index);
        check_ended(stream->all);
    }
}

// ---- Creating

// The path of a webcam in its URL, without options; false when it has none.
static bool find_device(const char *url, char *path, size_t size)
{
    const char *rest;
    if (pipeline_url_parse(url, &rest) != PIPELINE_URL_V4L2 || rest[0] != '/') {
        return false;
    }
    int length = snprintf(path, size, "%.*s", (int)strcspn(rest, "?"), rest);
    return length > 0 && (size_t)length < size;
}

// Says at the start what is wrong with a webcam: it may be opened hours later.
static void check_device(const struct daemon_stream_options *options)
{
    char path[PATH_MAX];
    if (!find_device(options->url, path, sizeof path) || access(path, R_OK | W_OK) == 0) {
        return;
    }
    mc_log(MC_LOG_WARNING, "stream %s: %s: %s%s", options->name, path, strerrordesc_np(errno),
           errno == EACCES ? "; members of the group video may open webcams" : "");
}

static bool create_stream(struct daemon_streams *streams, const struct daemon_options *options,
                          struct pipeline_workers *workers, struct mc_error *err)
{
    const int index = streams->count;
    const struct daemon_stream_options *own = &options->streams[index];
    struct running_stream *stream = &streams->streams[index];
    struct pipeline_motion_options motion;
    struct pipeline_stream_options resolved;
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, stream };
    *stream = (struct running_stream){ .all = streams, .name = own->name, .index = index };
    daemon_stream_resolve(options, own, &motion, &resolved);
    stream->stream = pipeline_stream_create(streams->loop, workers, &resolved, &callbacks, err);
    if (stream->stream == NULL) {
        return mc_error_wrap(err, "stream %s", own->name);
    }
    streams->count++;
    streams->open_count++;
    check_device(own);
    daemon_calibrator_init(&stream->calibrator, &streams->profiles, streams->publisher,
                           stream->stream, own->name, index);
    daemon_tuning_init(&stream->tuning, &streams->profiles, stream->stream, own->name, &motion);
    if (daemon_stream_is_on_demand(own)) {
        daemon_on_demand_init(&stream->on_demand, streams->loop, stream->stream,
                              (uint64_t)options->linger_s * 1000);
    }
    return true;
}

struct daemon_streams *daemon_streams_create(uv_loop_t *loop, struct server_publisher *publisher,
                                             const struct daemon_streams_callbacks *callbacks,
                                             struct mc_error *err)
{
    struct daemon_streams *streams = calloc(1, sizeof *streams);
    if (streams == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
        return NULL;
    }
    streams->loop = loop;
    streams->publisher = publisher;
    streams->callbacks = *callbacks;
    daemon_profile_store_init(&streams->profiles);
    return streams;
}

bool daemon_streams_open(struct daemon_streams *streams, const struct daemon_options *options,
                         struct pipeline_workers *workers, struct mc_error *err)
{
    while (streams->count < options->stream_count) {
        if (!create_stream(streams, options, workers, err)) {
            return false;
        }
    }
    return true;
}

// ---- While they run

void daemon_streams_start(struct daemon_streams *streams)
{
    for (int i = 0; i < streams->count; i++) {
        pipeline_stream_start(streams->streams[i].stream);
    }
}

// The stream, unless it is closed or about to be.
static struct pipeline_stream *find_open(const struct daemon_streams *streams, int index)
{
    return streams->closing ? NULL : streams->streams[index].stream;
}

void daemon_streams_update_subscribers(struct daemon_streams *streams)
{
    for (int i = 0; i < streams->count; i++) {
        daemon_on_demand_update(&streams->streams[i].on_demand,
                                server_publisher_count(streams->publisher, i));
    }
}

void daemon_streams_hold(struct daemon_streams *streams, int index, bool held)
{
    struct pipeline_stream *stream = find_open(streams, index);
    if (stream != NULL) {
        pipeline_stream_hold(stream, held);
    }
}

// The calibrator of a stream; NULL, and error set, when the stream is closed.
static struct daemon_calibrator *find_calibrator(struct daemon_streams *streams, int index,
                                                 struct protocol_error *error)
{
    if (find_open(streams, index) != NULL) {
        return &streams->streams[index].calibrator;
    }
    error->code = PROTOCOL_ERROR_UNSUPPORTED;
    snprintf(error->message, sizeof error->message, "calibrate: mocapd is stopping");
    return NULL;
}

bool daemon_streams_calibrate(struct daemon_streams *streams, int index,
                              const struct protocol_request *request, struct protocol_error *error)
{
    struct daemon_calibrator *calibrator = find_calibrator(streams, index, error);
    return calibrator != NULL && daemon_calibrator_measure(calibrator, request, error);
}

bool daemon_streams_calibration(struct daemon_streams *streams, int index,
                                const struct protocol_request *request,
                                struct protocol_calibration *calibration,
                                struct protocol_error *error)
{
    struct daemon_calibrator *calibrator = find_calibrator(streams, index, error);
    return calibrator != NULL && daemon_calibrator_show(calibrator, request, calibration, error);
}

bool daemon_streams_settings(struct daemon_streams *streams, int index,
                             struct protocol_settings *settings, struct protocol_error *error)
{
    if (find_open(streams, index) == NULL) {
        error->code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error->message, sizeof error->message, "settings: mocapd is stopping");
        return false;
    }
    return daemon_tuning_change(&streams->streams[index].tuning, settings, error);
}

void daemon_streams_stats(const struct daemon_streams *streams, int index,
                          struct pipeline_stats *stats)
{
    *stats = (struct pipeline_stats){ 0 };
    if (streams->streams[index].stream != NULL) {
        pipeline_stream_stats(streams->streams[index].stream, stats);
    }
}

// ---- Closing

static void on_stream_closed(void *user)
{
    struct running_stream *stream = user;
    struct daemon_streams *streams = stream->all;
    stream->stream = NULL;
    if (--streams->open_count == 0) {
        streams->callbacks.on_closed(streams->callbacks.user);
    }
}

void daemon_streams_close(struct daemon_streams *streams)
{
    streams->closing = true;
    if (streams->open_count == 0) {
        streams->callbacks.on_closed(streams->callbacks.user);
        return;
    }
    for (int i = 0; i < streams->count; i++) {
        struct running_stream *stream = &streams->streams[i];
        if (stream->stream != NULL) {
            daemon_on_demand_close(&stream->on_demand);
            pipeline_stream_close(stream->stream, on_stream_closed, stream);
        }
    }
}

void daemon_streams_destroy(struct daemon_streams *streams)
{
    free(streams);
}
