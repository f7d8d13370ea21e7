// mocapctl stream: adds, removes and changes streams while the daemon runs. mocapctl reload: makes
// it read its configuration again.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "protocol/decode.h"
#include "protocol/request.h"
#include "protocol/stream_change.h"
#include "tools/connect.h"
#include "tools/mocapctl/ask.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"

// ---- the daemon

// Sends the request and decodes its reply, which is freed by the caller. Complains and returns NULL
// on failure.
static struct protocol_message *ask(const char *socket, struct protocol_buffer *request)
{
    struct mocap_client *client = tools_connect(socket);
    struct protocol_message *reply = NULL;
    struct mocap_message message;
    struct mc_error err = { 0 };
    if (client == NULL) {
        protocol_buffer_finish(request);
        return NULL;
    }
    if (mocapctl_ask(client, request, TOOLS_REPLY_MS, &message)) {
        reply = calloc(1, sizeof *reply);
        if (reply == NULL ||
            !protocol_decode_message(PROTOCOL_JSON, message.bytes, message.length, reply, &err)) {
            tools_complain("%s", reply == NULL ? "out of memory" : err.message);
            free(reply);
            reply = NULL;
        }
    }
    mocap_close(client);
    return reply;
}

static int run_stream(const void *options, const void *globals)
{
    const struct protocol_stream_change *change = options;
    static const char *const done[] = { "added", "removed", "changed" };
    static const char *const undone[] = { "already exists with these options",
                                          "does not exist: nothing to remove",
                                          "already has these options" };
    const struct tools_connect_options *program = globals;
    struct protocol_buffer request;
    protocol_buffer_init(&request, PROTOCOL_REQUEST_BYTES);
    protocol_stream_change_write(&request, change);
    if (request.failed) {
        protocol_buffer_finish(&request);
        tools_complain("the request must be at most %d bytes long", PROTOCOL_REQUEST_BYTES);
        return MC_EXIT_FAILED;
    }
    struct protocol_message *reply = ask(program->socket, &request);
    if (reply != NULL && reply->stream_changed.changed) {
        tools_print(stdout, "%s %s", done[change->action], change->stream);
    } else if (reply != NULL) {
        tools_print(stdout, "%s %s", change->stream, undone[change->action]);
    }
    if (reply != NULL) {
        putchar('\n');
    }
    const bool good = reply != NULL;
    free(reply);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

// ---- words

static bool set_name(struct protocol_stream_change *change, const char *label, const char *name,
                     size_t length, struct mc_error *err)
{
    if (length == 0 || length >= sizeof change->stream) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s: a stream's name must be 1 to %zu bytes, got %zu", label,
                            sizeof change->stream - 1, length);
    }
    memcpy(change->stream, name, length);
    change->stream[length] = '\0';
    return true;
}

static bool add_pair(struct protocol_stream_change *change, const char *label, const char *name,
                     size_t length, const char *value, struct mc_error *err)
{
    if (change->option_count == PROTOCOL_OPTIONS_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be at most %d, got more", label,
                            PROTOCOL_OPTIONS_MAX);
    }
    struct protocol_stream_option *option = &change->options[change->option_count++];
    if (length >= sizeof option->name) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: unknown option '%.40s'", label, name);
    }
    memcpy(option->name, name, length);
    option->name[length] = '\0';
    return mc_value_text(option->name, value, option->value, sizeof option->value, err);
}

static bool read_name(void *field, const char *label, const char *value, struct mc_error *err)
{
    return set_name(field, label, value, strlen(value), err);
}

// NAME=URL. The message does not hold what may be a URL with a password.
static bool read_name_url(void *field, const char *label, const char *value, struct mc_error *err)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || memchr(value, '/', (size_t)(equals - value)) != NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be a name, = and a URL", label);
    }
    return set_name(field, label, value, (size_t)(equals - value), err) &&
           add_pair(field, label, "url", strlen("url"), equals + 1, err);
}

static bool read_option(void *field, const char *label, const char *value, struct mc_error *err)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be like max-faces=2 (see mocapd --help), got '%.40s'", label,
                            equals == NULL ? value : "=");
    }
    return add_pair(field, label, value, (size_t)(equals - value), equals + 1, err);
}

#define OPTIONS_HELP                                                                               \
    "as in a [stream NAME] section of the configuration file: max-faces=2, mirror=yes, "           \
    "url=demo:, ..."

// ---- commands

static const struct protocol_stream_change add_default = { .action = PROTOCOL_STREAM_ADD },
                                           remove_default = { .action = PROTOCOL_STREAM_REMOVE },
                                           set_default = { .action = PROTOCOL_STREAM_SET };

static const struct mc_option add_table[] = {
    { "NAME=URL", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .required = true,
      .set = read_name_url, .help = "the stream's name, and its source as in mocapd --stream" },
    { "OPTION=VALUE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .many = true,
      .set = read_option, .help = OPTIONS_HELP },
    { 0 },
};

static const struct mc_command add_command = {
    .name = "add",
    .summary = "add a stream; does nothing if it already exists with these options",
    .options = add_table,
    .defaults = &add_default,
    .options_size = sizeof(struct protocol_stream_change),
    .run = run_stream,
};

static const struct mc_option remove_table[] = {
    { "NAME", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .required = true,
      .set = read_name, .help = "the stream" },
    { 0 },
};

static const struct mc_command remove_command = {
    .name = "remove",
    .summary = "remove a stream; its subscribers are notified",
    .options = remove_table,
    .defaults = &remove_default,
    .options_size = sizeof(struct protocol_stream_change),
    .run = run_stream,
};

static const struct mc_option set_table[] = {
    { "NAME", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .required = true,
      .set = read_name, .help = "the stream" },
    { "OPTION=VALUE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .many = true,
      .required = true, .set = read_option, .help = OPTIONS_HELP },
    { 0 },
};

static const struct mc_command set_command = {
    .name = "set",
    .summary = "change options of a stream, reopening its source if necessary",
    .options = set_table,
    .defaults = &set_default,
    .options_size = sizeof(struct protocol_stream_change),
    .run = run_stream,
};

static const struct mc_command *const commands[] = { &add_command, &remove_command, &set_command,
                                                     NULL };

const struct mc_command mocapctl_stream_command = {
    .name = "stream",
    .summary = "add, remove or change a stream while mocapd runs",
    .details =
        "For root, mocapd's user and the members of its control-group. The change lasts until "
        "mocapd ends or, for streams of the configuration, until it is reloaded. Lasting changes, "
        "and passwords, which others would see in the list of processes, belong in a file of "
        "mocapd.conf.d.",
    .commands = commands,
};

// ---- reload

static void print_names(const char *what, const struct protocol_streams *streams)
{
    for (int i = 0; i < streams->stream_count; i++) {
        fputs(i == 0 ? what : ", ", stdout);
        tools_write_text(stdout, streams->streams[i]);
    }
    if (streams->stream_count > 0) {
        putchar('\n');
    }
}

static int run_reload(const void *options, const void *globals)
{
    (void)options;
    const struct tools_connect_options *program = globals;
    const struct protocol_request reload = { .type = PROTOCOL_RELOAD };
    struct protocol_buffer request;
    protocol_buffer_init(&request, PROTOCOL_REQUEST_BYTES);
    protocol_request_write(&request, &reload);
    struct protocol_message *reply = ask(program->socket, &request);
    if (reply == NULL) {
        return MC_EXIT_FAILED;
    }
    const struct protocol_reloaded *reloaded = &reply->reloaded;
    print_names("added: ", &reloaded->added);
    print_names("changed: ", &reloaded->changed);
    print_names("removed: ", &reloaded->removed);
    if (reloaded->added.stream_count + reloaded->changed.stream_count +
            reloaded->removed.stream_count + reloaded->failed.stream_count ==
        0) {
        puts("the configuration was read again; no stream has changed");
    }
    for (int i = 0; i < reloaded->restart_count; i++) {
        tools_complain("%s has changed: it takes effect when mocapd is started again",
                       reloaded->restart[i]);
    }
    const int failed = reloaded->failed.stream_count;
    for (int i = 0; i < failed; i++) {
        tools_complain("%s could not be added: mocapd's log says why", reloaded->failed.streams[i]);
    }
    free(reply);
    return failed == 0 ? MC_EXIT_OK : MC_EXIT_FAILED;
}

const struct mc_command mocapctl_reload_command = {
    .name = "reload",
    .summary = "make mocapd reload its configuration",
    .details =
        "Unchanged streams continue without a break. If the configuration is wrong, the old one "
        "stays in force and the exit status is 1, as it is if a stream could not be added. For "
        "root, mocapd's user and the members of its control-group.",
    .run = run_reload,
};
