// mocapctl watch: prints motion records as they arrive.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/decode.h"
#include "protocol/mocap.h"
#include "tools/connect.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/mocapctl/table.h"
#include "tools/state_news.h"
#include "tools/stream_ends.h"
#include "tools/terminal.h"

enum {
    HEADER_EVERY = 40, // records between two headers on a terminal
};

enum format { FORMAT_TABLE, FORMAT_JSON };

struct options {
    const char *stream; // NULL: all of them
    long count;         // stop after this many records; 0: never
    enum format format;
    unsigned include; // parts of a record, MOCAP_INCLUDE_*; 0: the server's default
};

struct watch {
    struct options options;
    struct mocap_client *client;
    struct protocol_message *message; // the decoded record, for the table
    struct mocapctl_table *table;
    struct tools_state_news news;
    long shown; // records
    struct tools_stream_ends ends;
    bool any_failed; // of those that ended
};

enum step { STEP_ON, STEP_DONE, STEP_FAILED };

// Flushes the output. Returns STEP_DONE when its reader is gone.
static enum step flush_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return STEP_ON;
    }
    if (errno == EPIPE) {
        return STEP_DONE;
    }
    tools_complain("writing the output: %s", strerrordesc_np(errno));
    return STEP_FAILED;
}

static void write_line(const struct mocap_message *message)
{
    tools_write_json(stdout, message->bytes, message->length);
    fputc('\n', stdout);
}

static enum step show_record(struct watch *watch, const struct mocap_message *message)
{
    struct mc_error err = { 0 };
    if (watch->options.format == FORMAT_JSON) {
        write_line(message);
    } else {
        if (!protocol_decode_message(PROTOCOL_JSON, message->bytes, message->length, watch->message,
                                     &err)) {
            tools_complain("%s", err.message);
            return STEP_FAILED;
        }
        if (watch->shown == 0 || (watch->shown % HEADER_EVERY == 0 && isatty(STDOUT_FILENO))) {
            mocapctl_table_write_header(stdout);
        }
        mocapctl_table_write(watch->table, &watch->message->record, watch->message->missed,
                             mc_clock_now_ns(), stdout);
    }
    watch->shown++;
    enum step step = flush_output();
    return step == STEP_ON && watch->shown == watch->options.count ? STEP_DONE : step;
}

static enum step show_state(struct watch *watch, const struct mocap_message *message)
{
    if (watch->options.format == FORMAT_TABLE && tools_state_is_news(&watch->news, message)) {
        tools_complain("%s is %s%s%s", message->stream, message->state,
                       message->reason[0] != '\0' ? ": " : "", message->reason);
    }
    return STEP_ON;
}

// The watch ends with its last stream, and fails if any of them failed: a camera that is given
// up must not stop the others. JSON output includes the end, so that a reader knows that nothing
// is missing.
static void end_stream(struct watch *watch, const struct mocap_message *message)
{
    if (watch->options.format == FORMAT_JSON) {
        write_line(message);
        flush_output();
    }
    if (strcmp(message->state, "failed") == 0) {
        tools_complain("%s failed: %s", message->stream, message->reason);
        watch->any_failed = true;
    }
}

static enum step check_ends(const struct watch *watch)
{
    const struct mocap_server *server = mocap_server(watch->client);
    return !tools_stream_ends_all(&watch->ends, server, watch->options.stream) ? STEP_ON
           : watch->any_failed                                                 ? STEP_FAILED
                                                                               : STEP_DONE;
}

static enum step handle_message(struct watch *watch, const struct mocap_message *message)
{
    tools_stream_ends_note(&watch->ends, message);
    switch (message->type) {
    case MOCAP_RECORD:
        return show_record(watch, message);
    case MOCAP_STATE:
        return show_state(watch, message);
    case MOCAP_END:
        end_stream(watch, message);
        return check_ends(watch);
    case MOCAP_STREAMS:
        return check_ends(watch);
    case MOCAP_REFUSAL:
        tools_complain("mocapd says: %s", message->reason);
        return STEP_FAILED;
    default:
        return STEP_ON;
    }
}

static enum step next_message(struct watch *watch)
{
    struct mocap_error error;
    struct mocap_message message;
    switch (mocap_next(watch->client, -1, &message, &error)) {
    case MOCAP_MESSAGE:
        return handle_message(watch, &message);
    case MOCAP_CLOSED:
        tools_complain("connection lost: mocapd closed it");
        return STEP_FAILED;
    case MOCAP_ERROR:
        tools_complain("connection lost: %s", error.message);
        return STEP_FAILED;
    case MOCAP_TIMEOUT:
        break;
    }
    return STEP_ON;
}

static bool start(struct watch *watch, const char *socket)
{
    watch->message = calloc(1, sizeof *watch->message);
    watch->table = calloc(1, sizeof *watch->table);
    if (watch->message == NULL || watch->table == NULL) {
        tools_complain("out of memory");
        return false;
    }
    watch->client = tools_connect(socket);
    if (watch->client == NULL) {
        return false;
    }
    struct mocap_error error;
    const struct mocap_options options = { .stream = watch->options.stream,
                                           .encoding = MOCAP_ENCODING_JSON,
                                           .include = watch->options.include,
                                           .label = "mocapctl watch" };
    if (!mocap_subscribe(watch->client, &options, TOOLS_REPLY_MS, &error)) {
        tools_complain("%s", error.message);
        return false;
    }
    return true;
}

static int run(const void *options, const void *globals)
{
    struct watch watch = { .options = *(const struct options *)options };
    const struct tools_connect_options *program = globals;
    enum step step = start(&watch, program->socket) ? STEP_ON : STEP_FAILED;
    while (step == STEP_ON) {
        step = next_message(&watch);
    }
    mocap_close(watch.client);
    free(watch.table);
    free(watch.message);
    return step == STEP_DONE ? MC_EXIT_OK : MC_EXIT_FAILED;
}

// Adds the parts in a list with commas between them.
static bool add_parts(void *field, const char *label, const char *value, struct mc_error *err)
{
    static const struct {
        const char *name;
        unsigned part;
    } parts[] = {
        { "keypoints", MOCAP_INCLUDE_KEYPOINTS },
        { "raw", MOCAP_INCLUDE_RAW },
        { "jacobians", MOCAP_INCLUDE_JACOBIANS },
        { "pose", MOCAP_INCLUDE_POSE },
        { "shapes", MOCAP_INCLUDE_SHAPES },
        { "timing", MOCAP_INCLUDE_TIMING },
        { "gaze", MOCAP_INCLUDE_GAZE },
        { "dense", MOCAP_INCLUDE_DENSE },
        { "all", MOCAP_INCLUDE_ALL },
    };
    while (true) {
        const size_t length = strcspn(value, ",");
        unsigned part = 0;
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            if (strlen(parts[i].name) == length && strncmp(parts[i].name, value, length) == 0) {
                part = parts[i].part;
            }
        }
        if (part == 0) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "%s must be parts of a record with commas between them (keypoints, "
                                "raw, jacobians, pose, shapes, timing, gaze, dense) or all, got "
                                "'%.40s'",
                                label, value);
        }
        *(unsigned *)field |= part;
        if (value[length] == '\0') {
            return true;
        }
        value += length + 1;
    }
}

static const char *const formats[] = { "table", "json", NULL };

static const struct mc_option table[] = {
    { "STREAM", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT,
      .help = "the stream to watch; default: all", MC_OPTION_FIELD(struct options, stream) },
    { "count", 'n', "N", "stop after N records", MC_OPTION_INT, .min = 1, .max = 1e12,
      MC_OPTION_FIELD(struct options, count) },
    { "format", 'f', "FORMAT", "table or json; default: table", MC_OPTION_ENUM, .names = formats,
      MC_OPTION_FIELD(struct options, format) },
    { "include", 'i', "PARTS",
      "parts of a record, with commas between them, or all; default: those of the protocol",
      MC_OPTION_CALL, .set = add_parts, MC_OPTION_FIELD(struct options, include) },
    { 0 },
};

const struct mc_command mocapctl_watch_command = {
    .name = "watch",
    .summary = "print motion records as they arrive",
    .details = "Ends with the last of the watched streams; fails if any of them failed.",
    .options = table,
    .options_size = sizeof(struct options),
    .run = run,
};
