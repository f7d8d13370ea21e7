// mocapctl watch: motion records as they come.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/client.h"
#include "tools/mocapctl/command.h"
#include "tools/mocapctl/table.h"
#include "tools/mocapctl/watch_options.h"

enum {
    REPLY_TIMEOUT_MS = 5000,
    HEADER_EVERY = 40, // records between two headers on a terminal
};

struct watch {
    struct mocapctl_watch_options options;
    struct mocap_client *client;
    struct protocol_message *message; // where each is parsed to
    struct mocapctl_table *table;
    long shown;        // records
    int streams_ended; // of those watched
};

enum step { STEP_ON, STEP_DONE, STEP_FAILED };

// Flushes what was printed. Says done when the reader has left.
static enum step flush_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return STEP_ON;
    }
    if (errno == EPIPE) {
        return STEP_DONE;
    }
    mocapctl_complain("writing the output: %s", strerrordesc_np(errno));
    return STEP_FAILED;
}

static enum step show_record(struct watch *watch, const struct mocap_line *line)
{
    if (watch->options.format == MOCAPCTL_JSON) {
        fwrite(line->text, 1, line->length, stdout);
        fputc('\n', stdout);
    } else {
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

static enum step show_state(const struct watch *watch)
{
    const struct protocol_state *state = &watch->message->state;
    if (watch->options.format == MOCAPCTL_TABLE) {
        mocapctl_complain("%s is %s%s%s", state->stream, state->state,
                          state->reason[0] != '\0' ? ": " : "", state->reason);
    }
    return STEP_ON;
}

// The watch ends with the last of its streams. As JSON the end is told too: who
// reads it then knows that nothing is missing.
static enum step end_stream(struct watch *watch, const struct mocap_line *line)
{
    const struct protocol_end *end = &watch->message->end;
    if (watch->options.format == MOCAPCTL_JSON) {
        fwrite(line->text, 1, line->length, stdout);
        fputc('\n', stdout);
        flush_output();
    }
    if (strcmp(end->state, "failed") == 0) {
        mocapctl_complain("%s failed: %s", end->stream, end->reason);
        return STEP_FAILED;
    }
    watch->streams_ended++;
    int watched = watch->options.stream != NULL ? 1 : mocap_hello(watch->client)->stream_count;
    return watch->streams_ended >= watched ? STEP_DONE : STEP_ON;
}

static enum step handle_message(struct watch *watch, const struct mocap_line *line)
{
    switch (watch->message->type) {
    case PROTOCOL_MESSAGE_MOTION:
        return show_record(watch, line);
    case PROTOCOL_MESSAGE_STATE:
        return show_state(watch);
    case PROTOCOL_MESSAGE_END:
        return end_stream(watch, line);
    case PROTOCOL_MESSAGE_ERROR:
        mocapctl_complain("mocapd says: %s", watch->message->error.message);
        return STEP_FAILED;
    default:
        return STEP_ON;
    }
}

static enum step next_message(struct watch *watch)
{
    struct mc_error err = { 0 };
    struct mocap_line line = { 0 };
    switch (mocap_next(watch->client, -1, &line, watch->message, &err)) {
    case MOCAP_MESSAGE:
        return handle_message(watch, &line);
    case MOCAP_CLOSED:
        mocapctl_complain("connection lost: mocapd closed it");
        return STEP_FAILED;
    case MOCAP_ERROR:
        mocapctl_complain("connection lost: %s", err.message);
        return STEP_FAILED;
    case MOCAP_TIMEOUT:
        break;
    }
    return STEP_ON;
}

static bool start(struct watch *watch)
{
    watch->message = calloc(1, sizeof *watch->message);
    watch->table = calloc(1, sizeof *watch->table);
    if (watch->message == NULL || watch->table == NULL) {
        mocapctl_complain("no memory");
        return false;
    }
    struct mc_error err = { 0 };
    watch->client = mocap_connect(watch->options.socket, REPLY_TIMEOUT_MS, &err);
    if (watch->client == NULL) {
        bool absent = err.detail == ENOENT || err.detail == ECONNREFUSED;
        mocapctl_complain("%s%s", err.message, absent ? "; is mocapd running?" : "");
        return false;
    }
    if (!mocap_subscribe(watch->client, watch->options.stream, REPLY_TIMEOUT_MS, &err)) {
        mocapctl_complain("%s", err.message);
        return false;
    }
    return true;
}

int mocapctl_watch(const struct mocapctl_globals *globals, int argc, char **argv)
{
    struct watch watch = { .options.socket = globals->socket };
    struct mc_error err = { 0 };
    if (!mocapctl_watch_options_parse(&watch.options, argc, argv, &err)) {
        mocapctl_complain("watch: %s", err.message);
        return MOCAPCTL_USAGE;
    }
    enum step step = start(&watch) ? STEP_ON : STEP_FAILED;
    while (step == STEP_ON) {
        step = next_message(&watch);
    }
    mocap_close(watch.client);
    free(watch.table);
    free(watch.message);
    return step == STEP_DONE ? MOCAPCTL_OK : MOCAPCTL_FAILED;
}
