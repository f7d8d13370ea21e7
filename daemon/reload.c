#include "daemon/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/option_values.h"
#include "daemon/command_line.h"
#include "daemon/defaults.h"
#include "daemon/limits.h"
#include "daemon/running_stream.h"
#include "daemon/streams.h"
#include "server/publisher.h"

// ---- reading

static bool read_options(const struct daemon_reload *reload, struct daemon_options *fresh,
                         struct mc_error *err)
{
    if (daemon_command_line_read(fresh, reload->argc, reload->argv, err) !=
        DAEMON_COMMAND_LINE_RUN) {
        return false;
    }
    daemon_defaults_keep_stream(fresh, reload->options);
    return daemon_defaults_fill(fresh, err);
}

// Streams that a request has added stay, beside those of the configuration.
static bool check_room(const struct daemon_reload *reload, struct daemon_options *fresh,
                       struct mc_error *err)
{
    int count = fresh->stream_count;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        const struct daemon_running_stream *stream = daemon_streams_at(reload->streams, i);
        count += stream != NULL && stream->is_from_request &&
                 daemon_options_find_stream(fresh, stream->plan.own.name) == NULL;
    }
    return count <= PROTOCOL_STREAMS_MAX ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "must be at most %d streams, with those added at run time, got %d",
                        PROTOCOL_STREAMS_MAX, count);
}

// Options that hold from the start on keep their values.
static void keep_start_options(const struct daemon_options *running, struct daemon_options *fresh,
                               struct protocol_reloaded *reloaded)
{
    for (const struct mc_option *row = daemon_options_table; row->name != NULL; row++) {
        if (!row->at_start_only || mc_option_values_are_same(row, running, fresh)) {
            continue;
        }
        mc_log(MC_LOG_WARNING, "%s has changed: it takes effect when mocapd is started again",
               row->name);
        if (reloaded->restart_count < PROTOCOL_OPTIONS_MAX) {
            snprintf(reloaded->restart[reloaded->restart_count++], PROTOCOL_OPTION_NAME_BYTES, "%s",
                     row->name);
        }
        memcpy((char *)fresh + row->offset, (const char *)running + row->offset, row->size);
    }
}

// ---- applying

static void list(struct protocol_streams *streams, const char *name)
{
    snprintf(streams->streams[streams->stream_count++], PROTOCOL_NAME_BYTES, "%s", name);
}

static void remove_streams(const struct daemon_reload *reload, struct protocol_reloaded *reloaded)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        struct daemon_running_stream *stream = daemon_streams_at(reload->streams, i);
        if (stream != NULL && !stream->is_from_request &&
            daemon_options_find_stream(reload->options, stream->plan.own.name) == NULL) {
            list(&reloaded->removed, stream->plan.own.name);
            mc_log(MC_LOG_INFO, "stream %s is removed", stream->plan.own.name);
            daemon_streams_remove(reload->streams, stream, "it is no longer configured");
        }
    }
}

static void change_streams(const struct daemon_reload *reload, struct protocol_reloaded *reloaded)
{
    const struct daemon_options *options = reload->options;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        struct daemon_running_stream *stream = daemon_streams_at(reload->streams, i);
        if (stream == NULL) {
            continue;
        }
        const struct daemon_stream_options *configured =
            daemon_options_find_stream(reload->options, stream->plan.own.name);
        const struct daemon_stream_options own =
            configured == NULL ? stream->plan.own : *configured;
        stream->is_from_request = configured == NULL;
        if (daemon_running_stream_differs(stream, options, &own)) {
            list(&reloaded->changed, own.name);
        }
        daemon_running_stream_change(stream, options, &own);
    }
}

static void add_streams(const struct daemon_reload *reload, struct protocol_reloaded *reloaded)
{
    const struct daemon_options *options = reload->options;
    for (int i = 0; i < options->stream_count; i++) {
        const struct daemon_stream_options *own = &options->streams[i];
        struct mc_error err = { 0 };
        if (daemon_streams_find(reload->streams, own->name) != NULL) {
            continue;
        }
        if (daemon_streams_add(reload->streams, options, own, &err) != NULL) {
            mc_log(MC_LOG_INFO, "stream %s is added", own->name);
            list(&reloaded->added, own->name);
        } else {
            mc_log(MC_LOG_ERROR, "stream %s cannot be added: %s", own->name, err.message);
            list(&reloaded->failed, own->name);
        }
    }
}

bool daemon_reload_run(const struct daemon_reload *reload, struct protocol_reloaded *reloaded,
                       struct mc_error *err)
{
    struct daemon_options *fresh = malloc(sizeof *fresh);
    if (fresh == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the configuration");
    }
    if (!read_options(reload, fresh, err) || !check_room(reload, fresh, err)) {
        free(fresh);
        return false;
    }
    keep_start_options(reload->options, fresh, reloaded);
    *reload->options = *fresh;
    free(fresh);
    mc_log_level_set(reload->options->log_level);
    const struct server_limits limits = daemon_limits(reload->options);
    server_publisher_set_limits(reload->publisher, &limits, reload->options->control_group);
    remove_streams(reload, reloaded);
    change_streams(reload, reloaded);
    add_streams(reload, reloaded);
    mc_log(MC_LOG_INFO, "configuration read again: streams added: %d, changed: %d, removed: %d",
           reloaded->added.stream_count, reloaded->changed.stream_count,
           reloaded->removed.stream_count);
    return true;
}
