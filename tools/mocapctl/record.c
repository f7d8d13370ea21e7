// mocapctl record: what a daemon says, to a file.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "protocol/recording.h"
#include "tools/mocapctl/command.h"

enum { WAKE_MS = 200, QUEUE = 1024 };

struct options {
    const char *file, *stream;
    long count, seconds; // 0: until the end
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

struct record {
    struct options options;
    struct mocap_client *client;
    struct protocol_recorder *recorder;
    long records;
    unsigned long long missed;
    int ended; // streams
};

enum step { STEP_ON, STEP_DONE, STEP_FAILED };

static enum step add(struct record *record, const struct mocap_message *message)
{
    struct mc_error err = { 0 };
    bool is_record = message->type == MOCAP_RECORD;
    if (!is_record && message->type != MOCAP_STATE && message->type != MOCAP_END) {
        return STEP_ON;
    }
    if (!protocol_recorder_add(record->recorder, message->bytes, message->length,
                               is_record ? message->record->t_publish_ns : 0, &err)) {
        mocapctl_complain("%s", err.message);
        return STEP_FAILED;
    }
    if (is_record) {
        record->records++;
        record->missed += message->record->missed;
    }
    record->ended += message->type == MOCAP_END;
    int watched = record->options.stream != NULL ? 1 : mocap_server(record->client)->stream_count;
    bool enough = record->options.count > 0 && record->records >= record->options.count;
    return enough || record->ended >= watched ? STEP_DONE : STEP_ON;
}

// Takes all that is there, then hands it to the operating system.
static enum step take(struct record *record)
{
    struct mocap_message message;
    struct mocap_error error;
    struct mc_error err = { 0 };
    enum step step = STEP_ON;
    while (step == STEP_ON) {
        enum mocap_result result = mocap_next(record->client, 0, &message, &error);
        if (result == MOCAP_TIMEOUT) {
            break;
        }
        if (result == MOCAP_ERROR) {
            mocapctl_complain("%s", error.message);
        }
        step = result == MOCAP_MESSAGE  ? add(record, &message)
               : result == MOCAP_CLOSED ? STEP_DONE
                                        : STEP_FAILED;
    }
    if (!protocol_recorder_flush(record->recorder, &err)) {
        mocapctl_complain("%s", err.message);
        return STEP_FAILED;
    }
    return step;
}

static bool start(struct record *record, const char *socket)
{
    record->client = mocapctl_connect(socket);
    if (record->client == NULL) {
        return false;
    }
    struct mocap_error error;
    const struct mocap_options options = { .stream = record->options.stream,
                                           .encoding = MOCAP_ENCODING_CBOR,
                                           .include = MOCAP_INCLUDE_ALL,
                                           .mode = MOCAP_MODE_QUEUE,
                                           .queue = QUEUE,
                                           .label = "mocapctl record" };
    if (!mocap_subscribe(record->client, &options, MOCAPCTL_REPLY_MS, &error)) {
        mocapctl_complain("%s", error.message);
        return false;
    }
    const struct mocap_server *server = mocap_server(record->client);
    struct protocol_hello hello = { .major = server->major, .minor = server->minor };
    snprintf(hello.server, sizeof hello.server, "%s", server->name);
    snprintf(hello.boot_id, sizeof hello.boot_id, "%s", server->boot_id);
    for (int i = 0; i < server->stream_count; i++) {
        if (record->options.stream == NULL ||
            strcmp(record->options.stream, server->streams[i]) == 0) {
            snprintf(hello.streams[hello.stream_count++], PROTOCOL_NAME_BYTES, "%s",
                     server->streams[i]);
        }
    }
    struct mc_error err = { 0 };
    record->recorder = protocol_recorder_create(record->options.file, &hello, &err);
    if (record->recorder == NULL) {
        mocapctl_complain("%s", err.message);
    }
    return record->recorder != NULL;
}

static enum step take_all(struct record *record)
{
    int64_t end_ns = record->options.seconds > 0
                         ? mc_clock_now_ns() + record->options.seconds * MC_NS_PER_SECOND
                         : INT64_MAX;
    enum step step = STEP_ON;
    while (step == STEP_ON && !interrupted && mc_clock_now_ns() < end_ns) {
        step = take(record);
        struct pollfd waited = { .fd = mocap_fd(record->client), .events = POLLIN };
        if (step == STEP_ON) {
            poll(&waited, 1, WAKE_MS);
        }
    }
    return step == STEP_ON ? STEP_DONE : step;
}

static int run(const void *options, const void *globals)
{
    struct record record = { .options = *(const struct options *)options };
    const struct mocapctl_globals *program = globals;
    struct mc_error err = { 0 };
    const struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bool good = start(&record, program->socket) && take_all(&record) == STEP_DONE;
    if (record.recorder != NULL && !protocol_recorder_finish(record.recorder, &err)) {
        mocapctl_complain("%s", err.message);
        good = false;
    }
    mocap_close(record.client);
    if (record.records > 0) {
        fprintf(stderr, "mocapctl: %ld records in %s, %llu missed\n", record.records,
                record.options.file, record.missed);
    }
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option table[] = {
    { "FILE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "the recording to write", MC_OPTION_FIELD(struct options, file) },
    { "stream", 0, "NAME", "record only this stream", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, stream) },
    { "count", 'n', "N", "stop after N records", MC_OPTION_INT, .min = 1, .max = 1e12,
      MC_OPTION_FIELD(struct options, count) },
    { "seconds", 0, "S", "stop after S seconds", MC_OPTION_INT, .min = 1, .max = 1e8,
      MC_OPTION_FIELD(struct options, seconds) },
    { 0 },
};

const struct mc_command mocapctl_record_command = {
    .name = "record",
    .summary = "write what mocapd publishes to a file",
    .details = "Stops when the streams end, at the given limit, or at Ctrl-C.",
    .options = table,
    .options_size = sizeof(struct options),
    .run = run,
};
