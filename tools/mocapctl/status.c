// mocapctl status: how the daemon's streams are. mocapctl metrics: its numbers,
// for Prometheus.
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/decode.h"
#include "protocol/mocap.h"
#include "tools/mocapctl/command.h"

static void write_stream(const struct protocol_stream_status *stream, FILE *out)
{
    fprintf(out,
            "%-16s %-10s %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %6" PRIu64 " %7" PRIu64
            " %8" PRIu64 " %6d",
            stream->stream, protocol_stream_state_name(stream->state), stream->records,
            stream->connects, stream->drops.mailbox, stream->drops.late, stream->drops.decode,
            stream->drops.subscriber, stream->subscribers);
    if (stream->reason[0] != '\0') {
        fputs("  ", out);
        mocapctl_write_text(out, stream->reason);
    }
    fputc('\n', out);
}

static void write_status(const struct protocol_status *status, const char *server, FILE *out)
{
    fprintf(out, "%s, up for %.0f s, %d workers, %d connections\n", server, status->uptime_s,
            status->workers, status->connections - 1); // less our own
    fprintf(out, "%-16s %-10s %10s %8s %8s %6s %7s %8s %6s\n", "stream", "state", "records",
            "connects", "mailbox", "late", "decode", "missed", "watch");
    for (int i = 0; i < status->stream_count; i++) {
        write_stream(&status->streams[i], out);
    }
}

// Asks and waits for the reply, which is a line of JSON. Complains and returns NULL
// when that fails. The message is the client's.
static struct mocap_client *ask(const char *socket, const char *type, const char *stream,
                                struct mocap_message *message)
{
    struct mocap_client *client = mocapctl_connect(socket);
    struct mocap_error error;
    if (client == NULL) {
        return NULL;
    }
    switch (mocap_request(client, type, stream, MOCAPCTL_REPLY_MS, message, &error)) {
    case MOCAP_MESSAGE:
        if (message->type == MOCAP_REPLY) {
            return client;
        }
        mocapctl_complain("mocapd says: %s", message->reason);
        break;
    case MOCAP_TIMEOUT:
        mocapctl_complain("mocapd does not answer");
        break;
    case MOCAP_CLOSED:
        mocapctl_complain("mocapd closed the connection");
        break;
    case MOCAP_ERROR:
        mocapctl_complain("%s", error.message);
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
        mocapctl_complain("%s", status == NULL ? "no memory" : err.message);
    }
    free(status);
    return good;
}

int mocapctl_status(const struct mocapctl_globals *globals, int argc, char **argv)
{
    static const struct option known[] = { { "socket", required_argument, NULL, 's' },
                                           { "json", no_argument, NULL, 'j' },
                                           { NULL, 0, NULL, 0 } };
    const char *socket = globals->socket;
    bool json = false;
    int found;
    while ((found = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (found == 's') {
            socket = optarg;
        } else if (found == 'j') {
            json = true;
        } else {
            struct mc_error err = { 0 };
            mocapctl_option_error(&err, found, argv);
            mocapctl_complain("status: %s", err.message);
            return MOCAPCTL_USAGE;
        }
    }
    if (optind < argc) {
        mocapctl_complain("status: takes no argument '%s'", argv[optind]);
        return MOCAPCTL_USAGE;
    }
    struct mocap_message message;
    struct mocap_client *client = ask(socket, "status", NULL, &message);
    bool good = client != NULL;
    if (good && json) {
        puts(message.bytes);
    } else if (good) {
        good = show_status(client, &message);
    }
    mocap_close(client);
    return good ? MOCAPCTL_OK : MOCAPCTL_FAILED;
}

int mocapctl_metrics(const struct mocapctl_globals *globals, int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        mocapctl_complain("metrics: wants one stream at most");
        return MOCAPCTL_USAGE;
    }
    struct mocap_message message;
    struct mocap_client *client =
        ask(globals->socket, "metrics", argc == 2 ? argv[1] : NULL, &message);
    if (client == NULL) {
        return MOCAPCTL_FAILED;
    }
    struct mc_error err = { 0 };
    char *text = protocol_decode_metrics(message.bytes, message.length, &err);
    if (text == NULL) {
        mocapctl_complain("%s", err.message);
    } else {
        fputs(text, stdout);
    }
    int status = text == NULL ? MOCAPCTL_FAILED : MOCAPCTL_OK;
    free(text);
    mocap_close(client);
    return status;
}
