// mocapctl replay: serves a recording as mocapd served the original. Streams that appeared during
// the recording appear again. A stream's name stays to the end, since removing it would take from
// its subscribers what is still queued for them.
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "protocol/decode.h"
#include "protocol/endpoint.h"
#include "protocol/recording.h"
#include "server/listener.h"
#include "server/publisher.h"
#include "tools/connect.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/mocapctl/replay_clock.h"
#include "tools/terminal.h"

enum { BATCH = 32 }; // records published before the loop handles its connections

struct options {
    const char *file;
    double speed, from; // from: seconds
    bool loop, every_frame;
    int wait; // subscribers to wait for
};

// What is added to one stream's numbers in this pass of --loop, so that they continue those of
// the pass before. A recording may start at any number.
struct pass {
    bool any, begun; // a record was published, ever and in this pass
    uint64_t seq_add, seq_next;
    double pts_add, pts_last, pts_step; // pts_last: as published
};

struct served_stream {
    char name[PROTOCOL_NAME_BYTES];
    enum protocol_stream_state state; // as published
    bool held, ended;
    struct pass pass;
};

struct replay {
    struct options options;
    struct protocol_recording *recording;
    struct protocol_message *message; // the next one
    bool has_message, started;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_signal_t signals[2];
    struct server_listener listener;
    struct server_publisher *publisher;
    struct served_stream streams[PROTOCOL_STREAMS_MAX]; // by the publisher's index
    int stream_count;
    bool left_out;                      // a stream for which there was no room
    struct mocapctl_replay_clock clock; // of this pass
    int64_t due_ns;                     // of the message
    bool stopping, failed;
};

static void resume(struct replay *replay);

// ---- the end

static void on_finished(void *user)
{
    struct replay *replay = user;
    for (int i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&replay->signals[i], NULL);
    }
    uv_close((uv_handle_t *)&replay->timer, NULL);
}

static void stop(struct replay *replay)
{
    if (!replay->stopping) {
        replay->stopping = true;
        uv_timer_stop(&replay->timer);
        server_listener_close(&replay->listener);
        server_publisher_finish(replay->publisher);
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    stop(signal->data);
}

// ---- messages

static int find_stream(const struct replay *replay, const char *name)
{
    for (int i = 0; i < replay->stream_count; i++) {
        if (strcmp(replay->streams[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

// The stream called name, which is added where the recording has not mentioned it before. Returns
// -1 when there are too many.
static int serve_stream(struct replay *replay, const char *name)
{
    const int known = find_stream(replay, name);
    if (known >= 0) {
        return known;
    }
    const int added = server_publisher_add_stream(replay->publisher, name);
    if (added < 0) {
        if (!replay->left_out) {
            mc_log(MC_LOG_WARNING, "the recording has more than %d streams: '%s' is left out",
                   PROTOCOL_STREAMS_MAX, name);
        }
        replay->left_out = true;
        return -1;
    }
    assert(added == replay->stream_count); // none is removed
    struct served_stream *stream = &replay->streams[replay->stream_count++];
    snprintf(stream->name, sizeof stream->name, "%s", name);
    stream->state = PROTOCOL_STREAM_CONNECTING;
    return added;
}

// Reads the next message; false at the end and when it is damaged.
static bool read_message(struct replay *replay)
{
    const char *item;
    size_t length;
    struct mc_error err = { 0 };
    switch (protocol_recording_next(replay->recording, &item, &length, &err)) {
    case PROTOCOL_RECORDING_MESSAGE:
        if (protocol_decode_message(PROTOCOL_CBOR, item, length, replay->message, &err)) {
            return true;
        }
        break;
    case PROTOCOL_RECORDING_END:
        return false;
    case PROTOCOL_RECORDING_CUT:
        mc_log(MC_LOG_WARNING, "the recording ends inside a message: its recorder was killed");
        return false;
    case PROTOCOL_RECORDING_ERROR:
        break;
    }
    mc_log(MC_LOG_ERROR, "%s", err.message);
    replay->failed = true;
    return false;
}

// Shifts the numbers of the record: not in the first pass, and in later ones by the distance of
// their first record from the last one published.
static void continue_numbers(struct pass *pass, struct protocol_record *record)
{
    if (pass->any && !pass->begun) {
        pass->seq_add = pass->seq_next - record->seq; // unsigned: may wrap, and wraps back
        pass->pts_add = pass->pts_last + pass->pts_step - record->pts;
    }
    record->seq += pass->seq_add;
    record->pts += pass->pts_add;
    if (pass->any && record->pts > pass->pts_last) {
        pass->pts_step = record->pts - pass->pts_last;
    }
    pass->pts_last = record->pts;
    pass->seq_next = record->seq + 1;
    pass->any = pass->begun = true;
}

static void publish_state(struct replay *replay, int stream, enum protocol_stream_state state,
                          const char *reason)
{
    replay->streams[stream].state = state;
    replay->streams[stream].ended = false;
    server_publisher_state(replay->publisher, stream, state, reason);
}

static void end_stream(struct replay *replay, int stream)
{
    if (!replay->streams[stream].ended) {
        publish_state(replay, stream, PROTOCOL_STREAM_ENDED, "");
        server_publisher_end(replay->publisher, stream);
        replay->streams[stream].ended = true;
    }
}

// Publishes the record with the current time; its numbers continue those of earlier passes.
static void publish_record(struct replay *replay, int stream)
{
    struct protocol_record *record = &replay->message->record;
    if (replay->streams[stream].state != PROTOCOL_STREAM_LIVE) { // said before --from
        publish_state(replay, stream, PROTOCOL_STREAM_LIVE, "");
    }
    record->t_arrival_ns = mocapctl_replay_clock_arrival_ns(
        record->t_arrival_ns, record->t_publish_ns, mc_clock_now_ns());
    continue_numbers(&replay->streams[stream].pass, record);
    server_publisher_record(replay->publisher, stream, record);
}

// Streams were added or removed.
static void follow_streams(struct replay *replay, const struct protocol_streams *streams)
{
    for (int i = 0; i < streams->stream_count; i++) {
        serve_stream(replay, streams->streams[i]);
    }
    for (int i = 0; i < replay->stream_count; i++) {
        if (!protocol_names_contain(streams->streams, streams->stream_count,
                                    replay->streams[i].name)) {
            end_stream(replay, i);
        }
    }
}

static void publish(struct replay *replay)
{
    struct protocol_message *message = replay->message;
    int stream;
    switch (message->type) {
    case PROTOCOL_MESSAGE_MOTION:
        stream = serve_stream(replay, message->record.stream);
        if (stream >= 0) {
            publish_record(replay, stream);
        }
        break;
    case PROTOCOL_MESSAGE_STATE:
        stream = message->state.state != PROTOCOL_STREAM_ENDED
                     ? serve_stream(replay, message->state.stream)
                     : -1;
        if (stream >= 0) {
            publish_state(replay, stream, message->state.state, message->state.reason);
        }
        break;
    case PROTOCOL_MESSAGE_STREAMS:
        follow_streams(replay, &message->streams);
        break;
    default:
        break; // streams end where they are removed or the recording ends
    }
}

// ---- time

// When the message is due, on our clock.
static int64_t due_ns(struct replay *replay)
{
    const struct protocol_message *message = replay->message;
    if (message->type != PROTOCOL_MESSAGE_MOTION || replay->options.every_frame) {
        return 0;
    }
    return mocapctl_replay_clock_due_ns(&replay->clock, message->record.t_publish_ns,
                                        mc_clock_now_ns());
}

static bool is_held(const struct replay *replay)
{
    for (int i = 0; i < replay->stream_count; i++) {
        if (replay->streams[i].held) {
            return true;
        }
    }
    return false;
}

static void end_streams(struct replay *replay)
{
    for (int i = 0; i < replay->stream_count; i++) {
        end_stream(replay, i);
    }
    stop(replay);
}

// Seeks to where a pass begins.
static bool go_to_start(struct replay *replay, struct mc_error *err)
{
    return replay->options.from > 0
               ? protocol_recording_seek(replay->recording, replay->options.from, err)
               : protocol_recording_rewind(replay->recording, err);
}

// Starts again; the streams' numbers and times continue.
static bool begin_pass(struct replay *replay)
{
    struct mc_error err = { 0 };
    for (int i = 0; i < replay->stream_count; i++) {
        replay->streams[i].pass.begun = false;
    }
    replay->clock.running = false;
    return go_to_start(replay, &err);
}

static bool has_records(const struct replay *replay)
{
    for (int i = 0; i < replay->stream_count; i++) {
        if (replay->streams[i].pass.begun) {
            return true;
        }
    }
    return false;
}

// Has the next message ready; false when there are no more.
static bool prepare(struct replay *replay)
{
    if (replay->has_message) {
        return true;
    }
    if (!read_message(replay) && (replay->failed || !replay->options.loop || !has_records(replay) ||
                                  !begin_pass(replay) || !read_message(replay))) {
        return false;
    }
    replay->has_message = true;
    replay->due_ns = due_ns(replay);
    return true;
}

static void on_timer(uv_timer_t *timer)
{
    resume(timer->data);
}

// Publishes what is due, then waits for what is not yet.
static void resume(struct replay *replay)
{
    for (int i = 0; !replay->stopping && !is_held(replay); i++) {
        if (!prepare(replay)) {
            end_streams(replay);
            return;
        }
        int64_t wait_ns = replay->due_ns - mc_clock_now_ns();
        if (wait_ns > 0 || i == BATCH) {
            // At least 1 ms: libuv calls timers of 0 ms before it polls connections.
            uint64_t wait_ms = wait_ns > 0 ? (uint64_t)(wait_ns / MC_NS_PER_MS) + 1 : 1;
            uv_timer_start(&replay->timer, on_timer, wait_ms, 0);
            return;
        }
        replay->has_message = false;
        publish(replay);
    }
}

// ---- connections

static void on_subscribed(void *user, int count)
{
    struct replay *replay = user;
    if (!replay->started && count >= replay->options.wait) {
        replay->started = true;
        uv_timer_start(&replay->timer, on_timer, 0, 0);
    }
}

static void on_pressure(void *user, int stream, bool held)
{
    struct replay *replay = user;
    replay->streams[stream].held = held;
    if (!held && replay->started && !replay->stopping) {
        uv_timer_start(&replay->timer, on_timer, 0, 0);
    }
}

static void on_connection(void *user, uv_stream_t *listener)
{
    struct replay *replay = user;
    server_publisher_accept(replay->publisher, listener);
}

// ---- starting

static bool create_publisher(struct replay *replay, struct mc_error *err)
{
    const struct protocol_hello *hello = protocol_recording_hello(replay->recording);
    const struct server_publisher_options options = {
        .server = "mocapctl replay",
        .streams = (const char(*)[PROTOCOL_NAME_BYTES])hello->streams,
        .stream_count = hello->stream_count,
        .dense = &hello->dense,
        .every_frame = replay->options.every_frame,
        .limits = SERVER_LIMITS_DEFAULT,
    };
    const struct server_publisher_callbacks callbacks = { .on_subscribed = on_subscribed,
                                                          .on_pressure = on_pressure,
                                                          .on_finished = on_finished,
                                                          .user = replay };
    replay->publisher = server_publisher_create(&replay->loop, &options, &callbacks, err);
    replay->stream_count = hello->stream_count;
    for (int i = 0; i < hello->stream_count; i++) {
        snprintf(replay->streams[i].name, PROTOCOL_NAME_BYTES, "%s", hello->streams[i]);
        replay->streams[i].state = PROTOCOL_STREAM_CONNECTING;
    }
    return replay->publisher != NULL;
}

static void start_handles(struct replay *replay)
{
    const int numbers[2] = { SIGINT, SIGTERM };
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&replay->loop, &replay->signals[i]);
        replay->signals[i].data = replay;
        uv_signal_start(&replay->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&replay->loop, &replay->timer);
    replay->timer.data = replay;
}

static bool serve(struct replay *replay, const char *socket, struct mc_error *err)
{
    char path[PROTOCOL_ENDPOINT_BYTES];
    if (socket == NULL) {
        if (!protocol_endpoint_default(path, err)) {
            return false;
        }
        socket = path;
    }
    if (!create_publisher(replay, err)) {
        return false;
    }
    start_handles(replay);
    replay->listener.on_connection = on_connection;
    replay->listener.user = replay;
    bool good = server_listener_open(&replay->listener, &replay->loop, socket, err);
    if (good) {
        mc_log(MC_LOG_INFO, "replaying %s on %s", replay->options.file, socket);
        on_subscribed(replay, 0);
    } else {
        stop(replay);
    }
    uv_run(&replay->loop, UV_RUN_DEFAULT);
    return good;
}

static bool open_recording(struct replay *replay, struct mc_error *err)
{
    replay->message = calloc(1, sizeof *replay->message);
    replay->recording = protocol_recording_open(replay->options.file, err);
    return replay->message != NULL && replay->recording != NULL && go_to_start(replay, err);
}

static int run(const void *options, const void *globals)
{
    const struct tools_connect_options *program = globals;
    struct replay *replay = calloc(1, sizeof *replay);
    struct mc_error err = { 0 };
    if (replay == NULL) {
        tools_complain("out of memory");
        return MC_EXIT_FAILED;
    }
    replay->options = *(const struct options *)options;
    replay->clock.speed = replay->options.speed;
    uv_loop_init(&replay->loop);
    bool good = open_recording(replay, &err) && serve(replay, program->socket, &err);
    if (!good) {
        tools_complain("%s", err.message);
    }
    server_publisher_destroy(replay->publisher);
    protocol_recording_close(replay->recording);
    uv_loop_close(&replay->loop);
    good = good && !replay->failed;
    free(replay->message);
    free(replay);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option table[] = {
    { "FILE", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a recording of mocapctl record", MC_OPTION_FIELD(struct options, file) },
    { "speed", 0, "S", "play S times as fast; default: 1", MC_OPTION_DOUBLE, .min = 0.001,
      .max = 1e6, MC_OPTION_FIELD(struct options, speed) },
    { "from", 0, "S", "start S seconds into the recording", MC_OPTION_DOUBLE, .min = 0, .max = 1e8,
      MC_OPTION_FIELD(struct options, from) },
    { "loop", 'l', NULL, "start again at the end; numbers and times go on", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct options, loop) },
    { "every-frame", 0, NULL, "drop nothing: wait for the slowest subscriber instead of the clock",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct options, every_frame) },
    { "wait-subscribers", 0, "N", "start once N connections have subscribed; default: 1",
      MC_OPTION_INT, .min = 0, .max = 1000, MC_OPTION_FIELD(struct options, wait) },
    { 0 },
};

static const struct options defaults = { .speed = 1, .wait = 1 };

const struct mc_command mocapctl_replay_command = {
    .name = "replay",
    .summary = "serve a recording on the socket, as mocapd would",
    .details =
        "A stream that was added during the recording appears where it did then: subscribers "
        "to all streams get it, those that name it can subscribe from then on.",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .run = run,
};
