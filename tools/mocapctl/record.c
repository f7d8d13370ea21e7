// mocapctl record: what a daemon says, to a file. It goes on when the daemon was restarted.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "protocol/encode.h"
#include "protocol/recording.h"
#include "protocol/view.h"
#include "protocol/writer.h"
#include "tools/connect.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/stream_ends.h"
#include "tools/terminal.h"

enum {
    WAKE_MS = 200, // also from one attempt to reach a daemon that is gone to the next
    QUEUE = 1024,
};

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

// How far a stream was recorded.
struct progress {
    char name[PROTOCOL_NAME_BYTES];
    uint64_t next_seq;
};

struct record {
    struct options options;
    const char *socket;
    struct mocap_client *client; // NULL: the daemon is gone
    struct protocol_recorder *recorder;
    char boot_id[PROTOCOL_NAME_BYTES]; // of the last daemon
    struct progress progress[PROTOCOL_STREAMS_MAX];
    int stream_count;
    long records;
    unsigned long long missed;
    int64_t lost_ns; // when the daemon went
    double away_s;   // without a daemon, in all
    struct tools_stream_ends ends;
    bool failed; // one of them for a fault
};

enum step {
    STEP_ON,
    STEP_DONE,
    STEP_LOST,  // the connection: worth another one
    STEP_FAILED // it makes no sense to go on
};

static struct progress *progress_of(struct record *record, const char *name)
{
    for (int i = 0; i < record->stream_count; i++) {
        if (strcmp(record->progress[i].name, name) == 0) {
            return &record->progress[i];
        }
    }
    if (record->stream_count == PROTOCOL_STREAMS_MAX) {
        return NULL;
    }
    struct progress *progress = &record->progress[record->stream_count++];
    *progress = (struct progress){ 0 };
    snprintf(progress->name, sizeof progress->name, "%s", name);
    return progress;
}

// What the daemon left out, and what it published while there was no connection.
static void count_missed(struct record *record, const struct mocap_record *motion)
{
    struct progress *progress = progress_of(record, motion->stream);
    if (progress == NULL) {
        record->missed += motion->missed;
        return;
    }
    const bool gap = progress->next_seq > 0 && motion->seq > progress->next_seq;
    record->missed += gap ? motion->seq - progress->next_seq : motion->missed;
    progress->next_seq = motion->seq + 1;
}

static enum step check_ends(const struct record *record)
{
    const struct mocap_server *server = mocap_server(record->client);
    return tools_stream_ends_all(&record->ends, server, record->options.stream) ? STEP_DONE
                                                                                : STEP_ON;
}

static enum step end_stream(struct record *record, const struct mocap_message *message)
{
    if (strcmp(message->state, "failed") == 0) {
        tools_complain("%s: failed: %s", message->stream, message->reason);
        record->failed = true;
    }
    return check_ends(record);
}

// The server's streams, or the one that is recorded if the server has it.
static void list_streams(const struct record *record, struct protocol_streams *streams)
{
    const struct mocap_server *server = mocap_server(record->client);
    streams->stream_count = 0;
    for (int i = 0; i < server->stream_count; i++) {
        if (record->options.stream == NULL ||
            strcmp(record->options.stream, server->streams[i]) == 0) {
            snprintf(streams->streams[streams->stream_count++], PROTOCOL_NAME_BYTES, "%s",
                     server->streams[i]);
        }
    }
}

// Written anew instead of as received: with --stream it lists that stream only, and before the
// first subscription was granted it came as JSON.
static bool add_streams(struct record *record)
{
    struct protocol_streams streams;
    struct protocol_buffer buffer;
    struct mc_error err = { 0 };
    list_streams(record, &streams);
    protocol_buffer_init(&buffer, PROTOCOL_MESSAGE_BYTES);
    protocol_encode_streams(&buffer, PROTOCOL_CBOR, &streams);
    const bool good =
        buffer.failed ? mc_error_set(&err, MC_ERROR_MEMORY, 0, "out of memory for a message")
                      : protocol_recorder_add(record->recorder, buffer.data + PROTOCOL_LENGTH_BYTES,
                                              buffer.length - PROTOCOL_LENGTH_BYTES, 0, &err);
    protocol_buffer_finish(&buffer);
    if (!good) {
        tools_complain("%s", err.message);
    }
    return good;
}

static enum step add(struct record *record, const struct mocap_message *message)
{
    struct mc_error err = { 0 };
    bool is_record = message->type == MOCAP_RECORD;
    tools_stream_ends_note(&record->ends, message);
    if (message->type == MOCAP_STREAMS) {
        return add_streams(record) ? check_ends(record) : STEP_FAILED;
    }
    if (!is_record && message->type != MOCAP_STATE && message->type != MOCAP_END) {
        return STEP_ON;
    }
    if (!protocol_recorder_add(record->recorder, message->bytes, message->length,
                               is_record ? message->record->t_publish_ns : 0, &err)) {
        tools_complain("%s", err.message);
        return STEP_FAILED;
    }
    if (is_record) {
        record->records++;
        count_missed(record, message->record);
    }
    if (message->type == MOCAP_END) {
        return end_stream(record, message);
    }
    bool enough = record->options.count > 0 && record->records >= record->options.count;
    return enough ? STEP_DONE : STEP_ON;
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
            tools_complain("%s", error.message);
        }
        step = result == MOCAP_MESSAGE ? add(record, &message) : STEP_LOST;
    }
    if (!protocol_recorder_flush(record->recorder, &err)) {
        tools_complain("%s", err.message);
        return STEP_FAILED;
    }
    return step;
}

static bool subscribe(struct record *record, struct mocap_error *error)
{
    const struct mocap_options options = { .stream = record->options.stream,
                                           .encoding = MOCAP_ENCODING_CBOR,
                                           .include = MOCAP_INCLUDE_ALL,
                                           .mode = MOCAP_MODE_QUEUE,
                                           .queue = QUEUE,
                                           .label = "mocapctl record" };
    if (!mocap_subscribe(record->client, &options, TOOLS_REPLY_MS, error)) {
        return false;
    }
    const char *boot_id = mocap_server(record->client)->boot_id;
    if (strcmp(record->boot_id, boot_id) != 0) { // seq begins anew
        record->stream_count = 0;
        snprintf(record->boot_id, sizeof record->boot_id, "%s", boot_id);
    }
    record->ends.count = 0;
    return true;
}

static bool start(struct record *record)
{
    struct mocap_error error;
    record->client = tools_connect(record->socket);
    if (record->client == NULL) {
        return false;
    }
    if (!subscribe(record, &error)) {
        tools_complain("%s", error.message);
        return false;
    }
    struct protocol_hello hello;
    struct protocol_streams streams;
    struct mc_error err = { 0 };
    protocol_view_hello(mocap_server(record->client), &hello);
    list_streams(record, &streams);
    hello.stream_count = streams.stream_count;
    memcpy(hello.streams, streams.streams, sizeof hello.streams);
    record->recorder = protocol_recorder_create(record->options.file, &hello, &err);
    if (record->recorder == NULL) {
        tools_complain("%s", err.message);
    }
    return record->recorder != NULL;
}

static double seconds_since(int64_t start_ns)
{
    return (double)(mc_clock_now_ns() - start_ns) / MC_NS_PER_SECOND;
}

static void lose(struct record *record)
{
    tools_complain("the daemon is gone after %ld records; waiting until it is back",
                   record->records);
    mocap_close(record->client);
    record->client = NULL;
    record->lost_ns = mc_clock_now_ns();
}

// Tries once to go on recording.
static enum step try_again(struct record *record)
{
    struct mocap_error error;
    record->client = mocap_connect(record->socket, TOOLS_REPLY_MS, &error);
    if (record->client == NULL) {
        return STEP_ON;
    }
    if (!subscribe(record, &error)) { // its streams may be others now
        mocap_close(record->client);
        record->client = NULL;
        return STEP_ON;
    }
    const double away_s = seconds_since(record->lost_ns);
    record->away_s += away_s;
    tools_complain("the daemon is back; the recording has a gap of %.1f s", away_s);
    return add_streams(record) ? STEP_ON : STEP_FAILED; // in place of its hello
}

static enum step take_all(struct record *record)
{
    int64_t end_ns = record->options.seconds > 0
                         ? mc_clock_now_ns() + record->options.seconds * MC_NS_PER_SECOND
                         : INT64_MAX;
    enum step step = STEP_ON;
    while (step == STEP_ON && !interrupted && mc_clock_now_ns() < end_ns) {
        step = record->client != NULL ? take(record) : STEP_ON;
        if (step == STEP_LOST) {
            lose(record);
            step = STEP_ON;
        }
        struct pollfd waited = { .fd = -1, .events = POLLIN };
        if (record->client != NULL) {
            waited.fd = mocap_fd(record->client);
        }
        if (step == STEP_ON) {
            poll(&waited, 1, WAKE_MS);
        }
        if (step == STEP_ON && record->client == NULL && !interrupted) {
            step = try_again(record);
        }
    }
    if (record->client == NULL) {
        tools_complain("the daemon did not come back");
        record->away_s += seconds_since(record->lost_ns);
        return STEP_FAILED;
    }
    return step == STEP_FAILED ? STEP_FAILED : STEP_DONE;
}

static void tell_result(const struct record *record)
{
    if (record->records == 0) {
        return;
    }
    fprintf(stderr, "mocapctl: %ld records in %s, %llu missed", record->records,
            record->options.file, record->missed);
    if (record->away_s > 0) {
        fprintf(stderr, ", and those of %.1f s without a daemon", record->away_s);
    }
    fputc('\n', stderr);
}

static int run(const void *options, const void *globals)
{
    const struct tools_connect_options *program = globals;
    struct record record = { .options = *(const struct options *)options,
                             .socket = program->socket };
    struct mc_error err = { 0 };
    const struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bool good = start(&record) && take_all(&record) == STEP_DONE && !record.failed;
    if (record.recorder != NULL && !protocol_recorder_finish(record.recorder, &err)) {
        tools_complain("%s", err.message);
        good = false;
    }
    mocap_close(record.client);
    tell_result(&record);
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
    .details = "Stops when the streams end, at the given limit, or at Ctrl-C. Waits for a daemon "
               "that is restarted; exits with 1 when it did not come back or a stream failed.",
    .options = table,
    .options_size = sizeof(struct options),
    .run = run,
};
