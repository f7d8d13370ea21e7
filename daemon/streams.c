#include "daemon/streams.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/device_check.h"
#include "daemon/profile_store.h"
#include "daemon/running_stream.h"
#include "pipeline/stats.h"
#include "pipeline/stream.h"
#include "server/publisher.h"

enum { OPEN_MAX = 2 * PROTOCOL_STREAMS_MAX }; // those being closed included: each has a thread

struct daemon_streams {
    struct daemon_running_host host;
    struct daemon_streams_callbacks callbacks;
    struct daemon_profile_store profiles;
    bool started, closing;
    int open_count;                                            // those being closed included
    struct daemon_running_stream *slots[PROTOCOL_STREAMS_MAX]; // by index; NULL: none. Owned
};

// ---- from streams

void daemon_streams_check_ended(struct daemon_streams *streams)
{
    bool any = false, any_failed = false, any_records = false;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        const struct daemon_running_stream *stream = streams->slots[i];
        if (stream == NULL) {
            continue;
        }
        if (!stream->ended) {
            return;
        }
        any = true;
        any_failed = any_failed || stream->failed;
        any_records = any_records || stream->gave_records || stream->is_from_request;
    }
    if (any) {
        streams->callbacks.on_ended(streams->callbacks.user, any_failed, any_records);
    }
}

static void on_ended(void *user)
{
    daemon_streams_check_ended(user);
}

static void on_gone(void *user)
{
    struct daemon_streams *streams = user;
    if (--streams->open_count == 0 && streams->closing) {
        streams->callbacks.on_closed(streams->callbacks.user);
    }
}

// ---- creating

struct daemon_streams *daemon_streams_create(uv_loop_t *loop, struct server_publisher *publisher,
                                             struct pipeline_workers *workers,
                                             const struct daemon_streams_callbacks *callbacks,
                                             struct mc_error *err)
{
    struct daemon_streams *streams = calloc(1, sizeof *streams);
    if (streams == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
        return NULL;
    }
    streams->host = (struct daemon_running_host){ loop,     publisher, workers, &streams->profiles,
                                                  on_ended, on_gone,   streams };
    streams->callbacks = *callbacks;
    daemon_profile_store_init(&streams->profiles);
    return streams;
}

static bool create_at(struct daemon_streams *streams, const struct daemon_options *options,
                      const struct daemon_stream_options *own, int index, struct mc_error *err)
{
    assert(streams->slots[index] == NULL);
    streams->slots[index] = daemon_running_stream_create(&streams->host, options, own, index, err);
    streams->open_count += streams->slots[index] != NULL;
    return streams->slots[index] != NULL;
}

bool daemon_streams_open(struct daemon_streams *streams, const struct daemon_options *options,
                         struct mc_error *err)
{
    for (int i = 0; i < options->stream_count; i++) {
        if (!create_at(streams, options, &options->streams[i], i, err)) {
            return false;
        }
    }
    return true;
}

void daemon_streams_start(struct daemon_streams *streams)
{
    streams->started = true;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        if (streams->slots[i] != NULL) {
            daemon_running_stream_start(streams->slots[i]);
        }
    }
}

// ---- changes

struct daemon_running_stream *daemon_streams_at(const struct daemon_streams *streams, int index)
{
    return streams->slots[index];
}

struct daemon_running_stream *daemon_streams_find(const struct daemon_streams *streams,
                                                  const char *name)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        if (streams->slots[i] != NULL && strcmp(streams->slots[i]->plan.own.name, name) == 0) {
            return streams->slots[i];
        }
    }
    return NULL;
}

struct daemon_running_stream *daemon_streams_add(struct daemon_streams *streams,
                                                 const struct daemon_options *options,
                                                 const struct daemon_stream_options *own,
                                                 struct mc_error *err)
{
    if (streams->closing) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "mocapd is stopping");
        return NULL;
    }
    if (streams->open_count >= OPEN_MAX) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                     "streams that were removed are still being closed: try again later");
        return NULL;
    }
    const int index = server_publisher_add_stream(streams->host.publisher, own->name);
    if (index < 0) {
        mc_error_set(err, MC_ERROR_ARGUMENT, 0, "must be at most %d streams, got one more",
                     PROTOCOL_STREAMS_MAX);
        return NULL;
    }
    if (!create_at(streams, options, own, index, err)) {
        server_publisher_remove_stream(streams->host.publisher, index, "it cannot be created");
        return NULL;
    }
    struct daemon_running_stream *stream = streams->slots[index];
    daemon_running_stream_update(stream);
    if (streams->started) {
        daemon_running_stream_start(stream);
    }
    return stream;
}

void daemon_streams_remove(struct daemon_streams *streams, struct daemon_running_stream *stream,
                           const char *reason)
{
    const int index = stream->index;
    streams->slots[index] = NULL;
    daemon_running_stream_close(stream);
    server_publisher_remove_stream(streams->host.publisher, index, reason);
}

// ---- from the server

void daemon_streams_update_subscribers(struct daemon_streams *streams)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        if (streams->slots[i] != NULL) {
            daemon_running_stream_update(streams->slots[i]);
        }
    }
}

void daemon_streams_hold(struct daemon_streams *streams, int index, bool held)
{
    if (streams->slots[index] != NULL) {
        daemon_running_stream_hold(streams->slots[index], held);
    }
}

// The stream, if it is open; NULL, and error set, when it is not.
static struct daemon_running_stream *find_open(const struct daemon_streams *streams, int index,
                                               const char *request, struct protocol_error *error)
{
    struct daemon_running_stream *stream = streams->slots[index];
    if (stream != NULL && daemon_running_stream_is_open(stream)) {
        return stream;
    }
    error->code = PROTOCOL_ERROR_UNSUPPORTED;
    snprintf(error->message, sizeof error->message, "%s: %s", request,
             streams->closing ? "mocapd is stopping" : "the stream is being reopened; try again");
    return NULL;
}

bool daemon_streams_calibrate(struct daemon_streams *streams, int index,
                              const struct protocol_request *request, struct protocol_error *error)
{
    struct daemon_running_stream *stream = find_open(streams, index, "calibrate", error);
    if (stream != NULL && !streams->started) { // nothing would end the measurement, or answer
        return protocol_refuse(error, PROTOCOL_ERROR_UNSUPPORTED,
                               "calibrate: mocapd waits for subscribers before it starts the "
                               "streams (--wait-subscribers)");
    }
    return stream != NULL && daemon_calibrator_measure(&stream->calibrator, request, error);
}

bool daemon_streams_calibration(struct daemon_streams *streams, int index,
                                const struct protocol_request *request,
                                struct protocol_calibration *calibration,
                                struct protocol_error *error)
{
    struct daemon_running_stream *stream = find_open(streams, index, "calibrate", error);
    return stream != NULL &&
           daemon_calibrator_show(&stream->calibrator, request, calibration, error);
}

bool daemon_streams_settings(struct daemon_streams *streams, int index,
                             struct protocol_settings *settings, struct protocol_error *error)
{
    struct daemon_running_stream *stream = find_open(streams, index, "settings", error);
    return stream != NULL && daemon_tuning_change(&stream->tuning, settings, error);
}

void daemon_streams_stats(const struct daemon_streams *streams, int index,
                          struct pipeline_stats *stats)
{
    const struct daemon_running_stream *stream = streams->slots[index];
    *stats = (struct pipeline_stats){ 0 };
    if (stream != NULL) {
        daemon_running_stream_stats(stream, stats);
    }
}

void daemon_streams_status(const struct daemon_streams *streams, int index,
                           struct protocol_stream_status *status)
{
    struct pipeline_stats stats;
    struct mc_error err = { 0 };
    daemon_streams_stats(streams, index, &stats);
    status->dropped = pipeline_stats_dropped(&stats);
    status->drops.mailbox = stats.dropped[PIPELINE_DROP_MAILBOX];
    status->drops.late = stats.dropped[PIPELINE_DROP_LATE];
    status->drops.decode = stats.dropped[PIPELINE_DROP_DECODE];
    status->connects = stats.connects;
    status->fov = stats.fov;
    status->isolated =
        streams->slots[index] != NULL && streams->slots[index]->plan.resolved.isolate;
    // A closed webcam may have come or gone since.
    if (status->state == PROTOCOL_STREAM_IDLE && streams->slots[index] != NULL) {
        daemon_device_check(streams->slots[index]->plan.own.url, &err);
        snprintf(status->reason, sizeof status->reason, "%.250s", err.message);
    }
}

// ---- the end

void daemon_streams_close(struct daemon_streams *streams)
{
    streams->closing = true;
    if (streams->open_count == 0) {
        streams->callbacks.on_closed(streams->callbacks.user);
        return;
    }
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        struct daemon_running_stream *stream = streams->slots[i];
        streams->slots[i] = NULL;
        if (stream != NULL) {
            daemon_running_stream_close(stream);
        }
    }
}

void daemon_streams_destroy(struct daemon_streams *streams)
{
    free(streams);
}
