// mocapctl record: what a daemon says, to a file.
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "protocol/recording.h"
#include "tools/mocapctl/command.h"

enum { WAKE_MS = 200, QUEUE = 1024 };

struct options {
    const char *socket, *file, *stream;
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

static bool start(struct record *record)
{
    record->client = mocapctl_connect(record->options.socket);
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

static enum step run(struct record *record)
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

static bool parse(struct options *options, int argc, char **argv, struct mc_error *err)
{
    static const struct option known[] = {
        { "socket", required_argument, NULL, 's' },
        { "stream", required_argument, NULL, 't' },
        { "count", required_argument, NULL, 'n' },
        { "seconds", required_argument, NULL, 'd' },
        { NULL, 0, NULL, 0 },
    };
    int found;
    while ((found = getopt_long(argc, argv, ":n:", known, NULL)) != -1) {
        bool good = true;
        if (found == 's') {
            options->socket = optarg;
        } else if (found == 't') {
            options->stream = optarg;
        } else if (found == 'n') {
            good = mocapctl_parse_count("--count", optarg, 1, &options->count, err);
        } else if (found == 'd') {
            good = mocapctl_parse_count("--seconds", optarg, 1, &options->seconds, err);
        } else {
            mocapctl_option_error(err, found, argv);
            good = false;
        }
        if (!good) {
            return false;
        }
    }
    if (optind + 1 != argc) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "wants one file to write to");
    }
    options->file = argv[optind];
    return true;
}

int mocapctl_record(const struct mocapctl_globals *globals, int argc, char **argv)
{
    struct record record = { .options.socket = globals->socket };
    struct mc_error err = { 0 };
    if (!parse(&record.options, argc, argv, &err)) {
        mocapctl_complain("record: %s", err.message);
        return MOCAPCTL_USAGE;
    }
    const struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bool good = start(&record) && run(&record) == STEP_DONE;
    if (record.recorder != NULL && !protocol_recorder_finish(record.recorder, &err)) {
        mocapctl_complain("%s", err.message);
        good = false;
    }
    mocap_close(record.client);
    if (record.records > 0) {
        fprintf(stderr, "mocapctl: %ld records in %s, %llu missed\n", record.records,
                record.options.file, record.missed);
    }
    return good ? MOCAPCTL_OK : MOCAPCTL_FAILED;
}
