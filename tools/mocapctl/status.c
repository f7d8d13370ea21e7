// mocapctl status: the state of the daemon's streams. mocapctl metrics: its metrics, for
// Prometheus.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/decode.h"
#include "protocol/mocap.h"
#include "tools/connect.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"

static void write_stream(const struct protocol_stream_status *stream, FILE *out)
{
    tools_print(out, "%-16s ", stream->stream);
    fprintf(out,
            "%-10s %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %6" PRIu64 " %7" PRIu64 " %8" PRIu64
            " %6d",
            protocol_stream_state_name(stream->state), stream->records, stream->connects,
            stream->drops.mailbox, stream->drops.late, stream->drops.decode,
            stream->drops.subscriber, stream->subscribers);
    if (stream->fov > 0) {
        fprintf(out, " %4.0f", (double)stream->fov);
    } else {
        fprintf(out, " %4s", "-");
    }
    fprintf(out, " %8s", stream->isolated ? "yes" : "no");
    if (stream->reason[0] != '\0') {
        fputs("  ", out);
        tools_write_text(out, stream->reason);
    }
    fputc('\n', out);
}

static void write_networks(const struct protocol_status *status, FILE *out)
{
    for (int i = 0; i < status->network_count; i++) {
        const struct protocol_network_status *network = &status->networks[i];
        fputs(i == 0 ? "networks: " : ", ", out);
        tools_write_text(out, network->network);
        fputc(' ', out);
        tools_write_text(out, network->precision);
        fputs(" (", out);
        tools_write_text(out, network->file);
        fputc(')', out);
    }
    if (status->network_count > 0) {
        fputc('\n', out);
    }
}

static void write_status(const struct protocol_status *status, const char *server, FILE *out)
{
    tools_write_text(out, server);
    fprintf(out, ", up for %.0f s, %d workers, %d connections\n", status->uptime_s, status->workers,
            status->connections - 1); // without this one
    write_networks(status, out);
    fprintf(out, "%-16s %-10s %10s %8s %8s %6s %7s %8s %6s %4s %8s\n", "stream", "state", "records",
            "connects", "mailbox", "late", "decode", "missed", "subs", "fov", "isolated");
    for (int i = 0; i < status->stream_count; i++) {
        write_stream(&status->streams[i], out);
    }
}

// Sends the request and waits for the reply, a line of JSON. Complains and returns NULL when that
// fails. The client owns the message.
static struct mocap_client *ask(const char *socket, const char *type, const char *stream,
                                struct mocap_message *message)
{
    struct mocap_client *client = tools_connect(socket);
    struct mocap_error error;
    if (client == NULL) {
        return NULL;
    }
    switch (mocap_request(client, type, stream, TOOLS_REPLY_MS, message, &error)) {
    case MOCAP_MESSAGE:
        if (message->type == MOCAP_REPLY) {
            return client;
        }
        tools_complain("mocapd says: %s", message->reason);
        break;
    case MOCAP_TIMEOUT:
        tools_complain("mocapd does not answer");
        break;
    case MOCAP_CLOSED:
    case MOCAP_ERROR:
        tools_complain("%s", error.message);
        break;
    }
    mocap_close(client);
    return NULL;
}

static bool show_status(const struct mocap_client *client, const struct mocap_message *message)
{
    struct mc_error err = { 0 };
    struct protocol_message *status = calloc(1, sizeof *status);
    bool good = status != NULL && protocol_decode_message(PROTOCOL_JSON, message->bytes,
                                                          message->length, status, &err);
    if (good) {
        write_status(&status->status, mocap_server(client)->name, stdout);
    } else {
        tools_complain("%s", status == NULL ? "out of memory" : err.message);
    }
    free(status);
    return good;
}

struct status_options {
    bool json;
};

static int run_status(const void *options, const void *globals)
{
    const struct status_options *chosen = options;
    const struct tools_connect_options *program = globals;
    struct mocap_message message;
    struct mocap_client *client = ask(program->socket, "status", NULL, &message);
    bool good = client != NULL;
    if (good && chosen->json) {
        tools_write_json(stdout, message.bytes, message.length);
        putchar('\n');
    } else if (good) {
        good = show_status(client, &message);
    }
    mocap_close(client);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option status_table[] = {
    { "json", 0, NULL, "print the daemon's reply as it is", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct status_options, json) },
    { 0 },
};

const struct mc_command mocapctl_status_command = {
    .name = "status",
    .summary = "print the state of every stream: records, dropped frames and why, subscribers",
    .options = status_table,
    .options_size = sizeof(struct status_options),
    .run = run_status,
};

struct metrics_options {
    const char *stream; // NULL: all
};

static int run_metrics(const void *options, const void *globals)
{
    const struct metrics_options *chosen = options;
    const struct tools_connect_options *program = globals;
    struct mocap_message message;
    struct mocap_client *client = ask(program->socket, "metrics", chosen->stream, &message);
    if (client == NULL) {
        return MC_EXIT_FAILED;
    }
    struct mc_error err = { 0 };
    char *text = protocol_decode_metrics(message.bytes, message.length, &err);
    if (text == NULL) {
        tools_complain("%s", err.message);
    } else {
        tools_write_lines(stdout, text);
    }
    int status = text == NULL ? MC_EXIT_FAILED : MC_EXIT_OK;
    free(text);
    mocap_close(client);
    return status;
}

static const struct mc_option metrics_table[] = {
    { "STREAM", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT,
      .help = "only this stream's metrics", MC_OPTION_FIELD(struct metrics_options, stream) },
    { 0 },
};

const struct mc_command mocapctl_metrics_command = {
    .name = "metrics",
    .summary = "print the daemon's metrics in Prometheus' text format",
    .options = metrics_table,
    .options_size = sizeof(struct metrics_options),
    .run = run_metrics,
};
