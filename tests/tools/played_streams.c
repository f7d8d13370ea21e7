// A daemon without cameras, for tests and measurements: streams NAME0, NAME1, … whose records all
// have one face, with the server's own code. A stream is live, and publishes, while it has a
// subscriber; otherwise it is idle, as a camera that is opened on demand.
//
//     played_streams SOCKET NAME COUNT RECORDS_PER_SECOND
//
// Prints "NAME0 1" and "NAME0 0" when a stream is wanted and no longer is. Ends with its input.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/clock.h"
#include "protocol/message.h"
#include "server/listener.h"
#include "server/publisher.h"

enum { KEYPOINTS = 68, DENSE = 212 };

static struct {
    uv_loop_t loop;
    uv_timer_t timer;
    uv_pipe_t input;
    struct server_listener listener;
    struct server_publisher *publisher;
    char names[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
    int count;
    double rate;
    bool is_live[PROTOCOL_STREAMS_MAX];
    uint64_t seq[PROTOCOL_STREAMS_MAX];
    uint64_t ticks;
    int64_t start_ns;
    struct protocol_record record;
} played;

static void on_subscribed(void *user, int count)
{
    (void)user, (void)count;
    for (int i = 0; i < played.count; i++) {
        const bool is_live = server_publisher_count(played.publisher, i) > 0;
        if (is_live != played.is_live[i]) {
            played.is_live[i] = is_live;
            printf("%s %d\n", played.names[i], is_live);
            server_publisher_state(played.publisher, i,
                                   is_live ? PROTOCOL_STREAM_LIVE : PROTOCOL_STREAM_IDLE, "");
        }
    }
}

static bool on_calibration(void *user, int stream, const struct protocol_request *request,
                           struct protocol_calibration *calibration, struct protocol_error *error)
{
    (void)user, (void)stream, (void)request, (void)calibration;
    error->code = PROTOCOL_ERROR_UNSUPPORTED;
    return false;
}

static void on_finished(void *user)
{
    (void)user;
}

static void on_connection(void *user, uv_stream_t *listener)
{
    (void)user;
    server_publisher_accept(played.publisher, listener);
}

static void publish(int stream)
{
    struct protocol_record *record = &played.record;
    memcpy(record->stream, played.names[stream], sizeof record->stream);
    record->seq = played.seq[stream]++;
    record->pts = (double)record->seq / played.rate;
    record->t_arrival_ns = mc_clock_now_ns() - 10 * MC_NS_PER_MS;
    server_publisher_record(played.publisher, stream, record);
}

// The streams' records are spread over the time between two of one stream.
static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    const double passed_s = (double)(mc_clock_now_ns() - played.start_ns) / MC_NS_PER_SECOND;
    const uint64_t due = (uint64_t)(passed_s * played.rate * played.count);
    for (; played.ticks < due; played.ticks++) {
        const int stream = (int)(played.ticks % (uint64_t)played.count);
        if (played.is_live[stream]) {
            publish(stream);
        }
    }
}

static void fill_record(void)
{
    struct protocol_record *record = &played.record;
    struct protocol_face *face = &record->faces[0];
    record->width = 640;
    record->height = 480;
    record->face_count = 1;
    face->id = 1;
    face->score = 0.75f;
    face->keypoint_count = KEYPOINTS;
    face->has_pose = face->has_shapes = face->has_gaze = face->has_dense = true;
    face->dense_count = DENSE;
    face->pose = (struct protocol_pose){ .rotation = { 0, 0, 0, 1 }, .euler = { -3, 12, 0 } };
}

static void on_allocate(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    static char bytes[64];
    (void)handle, (void)size;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void on_input(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)stream, (void)buffer;
    if (count < 0) {
        exit(EXIT_SUCCESS);
    }
}

int main(int argc, char **argv)
{
    struct mc_error err = { 0 };
    if (argc != 5) {
        fprintf(stderr, "usage: played_streams SOCKET NAME COUNT RECORDS_PER_SECOND\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    played.count = atoi(argv[3]);
    played.rate = atof(argv[4]);
    if (played.count < 1 || played.count > PROTOCOL_STREAMS_MAX || played.rate <= 0) {
        fprintf(stderr, "played_streams: 1 to %d streams, more than 0 records\n",
                PROTOCOL_STREAMS_MAX);
        return 2;
    }
    for (int i = 0; i < played.count; i++) {
        snprintf(played.names[i], sizeof played.names[i], "%.40s%d", argv[2], i);
    }
    fill_record();
    uv_loop_init(&played.loop);
    const struct server_publisher_options options = {
        .server = "played 1",
        .streams = (const char(*)[PROTOCOL_NAME_BYTES])played.names,
        .stream_count = played.count,
        .workers = 1,
        .limits = SERVER_LIMITS_DEFAULT,
    };
    const struct server_publisher_callbacks callbacks = { .on_subscribed = on_subscribed,
                                                          .on_calibration = on_calibration,
                                                          .on_finished = on_finished };
    played.publisher = server_publisher_create(&played.loop, &options, &callbacks, &err);
    played.listener.on_connection = on_connection;
    if (played.publisher == NULL ||
        !server_listener_open(&played.listener, &played.loop, argv[1], &err)) {
        fprintf(stderr, "played_streams: %s\n", err.message);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < played.count; i++) {
        server_publisher_state(played.publisher, i, PROTOCOL_STREAM_IDLE, "");
    }
    played.start_ns = mc_clock_now_ns();
    uv_timer_init(&played.loop, &played.timer);
    uv_timer_start(&played.timer, on_timer, 1, 1);
    uv_pipe_init(&played.loop, &played.input, 0);
    if (uv_pipe_open(&played.input, 0) == 0) {
        uv_read_start((uv_stream_t *)&played.input, on_allocate, on_input);
    }
    uv_run(&played.loop, UV_RUN_DEFAULT);
    return EXIT_SUCCESS;
}
