#include "daemon/stream_control.h"

#include <stdio.h>
#include <string.h>

#include "base/suggestion.h"
#include "base/utf8.h"
#include "daemon/running_stream.h"
#include "daemon/secrets.h"
#include "daemon/streams.h"
#include "pipeline/source/url.h"
#include "protocol/stream_change.h"

static bool refuse(struct protocol_error *error, enum protocol_error_code code,
                   const struct mc_error *err)
{
    error->code = code;
    snprintf(error->message, sizeof error->message, "%.255s", err->message);
    return false;
}

// ---- options

// What would be invisible in a configuration file is refused here, too.
static bool check_value(const struct protocol_stream_option *option, struct mc_error *err)
{
    const char *at = option->value;
    size_t left = strlen(at);
    while (left > 0) {
        uint32_t character;
        const int bytes = mc_utf8_decode(at, left, &character);
        const char *name =
            bytes == 0 ? "bytes that are not UTF-8" : mc_utf8_invisible_name(character);
        if (name != NULL) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%.31s must be visible text, got a %s",
                                option->name, name);
        }
        at += bytes;
        left -= (size_t)bytes;
    }
    return true;
}

static bool set_option(struct daemon_stream_options *own,
                       const struct protocol_stream_option *option, struct mc_error *err)
{
    const struct mc_options scopes[] = { { daemon_stream_table, own },
                                         { daemon_settings_table, &own->settings } };
    if (strcmp(option->name, "password-file") == 0) {
        // It would send any file's first line to any server.
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "password-file is for the configuration file alone");
    }
    if (mc_options_find(daemon_options_table, option->name) != NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s is not an option of one stream",
                            option->name);
    }
    return check_value(option, err) && mc_options_set(scopes, 2, option->name, option->value, err);
}

static bool is_server(const char *url)
{
    const char *rest;
    return pipeline_url_is_network(pipeline_url_parse(url, &rest));
}

// A login belongs to its server: another one must not get it.
static void forget_login(struct daemon_stream_options *own,
                         const struct protocol_stream_change *change)
{
    for (int i = 0; i < change->option_count; i++) {
        const char *url = change->options[i].value;
        if (strcmp(change->options[i].name, "url") == 0 &&
            (!is_server(url) || !pipeline_url_is_same_server(own->url, url))) {
            own->user[0] = own->password[0] = '\0';
        }
    }
}

static bool set_options(struct daemon_stream_options *own,
                        const struct protocol_stream_change *change, struct mc_error *err)
{
    forget_login(own, change);
    for (int i = 0; i < change->option_count; i++) {
        if (!set_option(own, &change->options[i], err)) {
            return false;
        }
    }
    return (own->url[0] != '\0' ||
            mc_error_set(err, MC_ERROR_ARGUMENT, 0, "options: must have a url")) &&
           daemon_secrets_insert_login(own, err);
}

// ---- actions

static bool add(struct daemon_streams *streams, const struct daemon_options *options,
                const struct protocol_stream_change *change,
                struct protocol_stream_changed *changed, struct protocol_error *error)
{
    struct daemon_running_stream *stream = daemon_streams_find(streams, change->stream);
    struct daemon_stream_options own;
    struct mc_error err = { 0 };
    if (!daemon_stream_options_init(&own, change->stream, &err) ||
        !set_options(&own, change, &err)) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST, &err);
    }
    if (stream != NULL) {
        char url[PROTOCOL_REASON_BYTES / 2];
        pipeline_url_redact(stream->plan.own.url, url, sizeof url);
        const bool same_url = strcmp(stream->plan.own.url, own.url) == 0;
        mc_error_set(&err, MC_ERROR_ARGUMENT, 0, "stream '%s' exists with %s: %s%s", change->stream,
                     same_url ? "other options" : "another URL", same_url ? "" : url,
                     same_url ? "set changes them" : "; set changes it");
        return !daemon_running_stream_differs(stream, options, &own) ||
               refuse(error, PROTOCOL_ERROR_EXISTS, &err);
    }
    stream = daemon_streams_add(streams, options, &own, &err);
    if (stream == NULL) {
        return refuse(error, PROTOCOL_ERROR_UNSUPPORTED, &err);
    }
    stream->is_from_request = true;
    changed->changed = true;
    return true;
}

static bool refuse_unknown(const struct daemon_streams *streams, const char *name,
                           struct protocol_error *error)
{
    struct mc_suggestion suggestion;
    mc_suggestion_init(&suggestion, name);
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        const struct daemon_running_stream *stream = daemon_streams_at(streams, i);
        if (stream != NULL) {
            mc_suggestion_consider(&suggestion, stream->plan.own.name);
        }
    }
    const bool near = suggestion.best != NULL;
    error->code = PROTOCOL_ERROR_UNKNOWN_STREAM;
    snprintf(error->message, sizeof error->message, "there is no stream '%s' to change%s%s%s", name,
             near ? "; did you mean '" : "", near ? suggestion.best : "", near ? "'?" : "");
    return false;
}

static bool set(struct daemon_streams *streams, const struct daemon_options *options,
                const struct protocol_stream_change *change,
                struct protocol_stream_changed *changed, struct protocol_error *error)
{
    struct daemon_running_stream *stream = daemon_streams_find(streams, change->stream);
    struct mc_error err = { 0 };
    if (stream == NULL) {
        return refuse_unknown(streams, change->stream, error);
    }
    struct daemon_stream_options own = stream->plan.own;
    if (!set_options(&own, change, &err)) {
        return refuse(error, PROTOCOL_ERROR_BAD_REQUEST, &err);
    }
    changed->changed = daemon_running_stream_differs(stream, options, &own);
    daemon_running_stream_change(stream, options, &own);
    return true;
}

bool daemon_stream_control(struct daemon_streams *streams, const struct daemon_options *options,
                           const struct protocol_stream_change *change,
                           struct protocol_stream_changed *changed, struct protocol_error *error)
{
    struct daemon_running_stream *stream;
    switch (change->action) {
    case PROTOCOL_STREAM_ADD:
        return add(streams, options, change, changed, error);
    case PROTOCOL_STREAM_SET:
        return set(streams, options, change, changed, error);
    case PROTOCOL_STREAM_REMOVE:
        stream = daemon_streams_find(streams, change->stream);
        changed->changed = stream != NULL;
        if (stream != NULL) {
            daemon_streams_remove(streams, stream, "removed by request");
        }
        return true;
    case PROTOCOL_STREAM_ACTION_COUNT:
        break;
    }
    return false;
}
