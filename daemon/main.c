// mocapd: watches video, publishes motion.
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <uv.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/path.h"
#include "daemon/metrics.h"
#include "daemon/notify.h"
#include "daemon/on_demand.h"
#include "daemon/options.h"
#include "daemon/stream.h"
#include "nn/model.h"
#include "pipeline/stats.h"
#include "pipeline/stream.h"
#include "pipeline/worker.h"
#include "protocol/record.h"
#include "server/listener.h"
#include "server/publisher.h"

enum { EXIT_USAGE = 2, EXIT_CONFIG = 78 }; // as sysexits(3)
enum { METRICS_CONNECTIONS = 64 };         // told one by one

struct app;

struct app_stream {
    struct app *app;
    int index;
    struct pipeline_stream *stream;         // NULL: closed
    struct daemon_on_demand_sources demand; // zero: open all the time
    bool done;                              // it has ended or failed
    bool failed, gave_records;
};

struct app {
    struct daemon_options options;
    uv_loop_t loop;
    struct nn_model *model, *locator;
    struct pipeline_workers *workers;
    struct server_publisher *publisher;
    struct server_listener server;
    uv_signal_t signals[2];
    uv_timer_t watchdog;
    struct app_stream streams[PROTOCOL_STREAMS_MAX];
    int open_streams;
    bool started, stopping;
    int status; // of the process
};

// ---- stopping: streams, then subscribers, then the rest ---------------------------

static void on_finished(void *user)
{
    struct app *app = user;
    uv_close((uv_handle_t *)&app->watchdog, NULL);
    for (int i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&app->signals[i], NULL);
    }
}

static void on_stream_closed(void *user)
{
    struct app_stream *stream = user;
    stream->stream = NULL;
    if (--stream->app->open_streams == 0) {
        server_publisher_finish(stream->app->publisher);
    }
}

static void stop(struct app *app, int status)
{
    if (app->stopping) {
        return;
    }
    app->stopping = true;
    app->status = status;
    daemon_notify("STOPPING=1");
    server_listener_close(&app->server);
    if (app->open_streams == 0) {
        server_publisher_finish(app->publisher);
        return;
    }
    for (int i = 0; i < app->options.stream_count; i++) {
        if (app->streams[i].stream != NULL) {
            daemon_on_demand_sources_close(&app->streams[i].demand);
            pipeline_stream_close(app->streams[i].stream, on_stream_closed, &app->streams[i]);
        }
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct app *app = handle->data;
    if (app->stopping) {
        mc_log(MC_LOG_WARNING, "%s again: exiting at once", strsignal(number));
        _exit(EXIT_FAILURE);
    }
    mc_log(MC_LOG_INFO, "%s: stopping", strsignal(number));
    stop(app, EXIT_SUCCESS);
}

// ---- streams -------------------------------------------------------------------------

// What to do once a stream is over: nothing, unless it was the last.
static void check_end(struct app *app)
{
    bool all_done = true, any_failed = false, any_records = false;
    for (int i = 0; i < app->options.stream_count; i++) {
        all_done = all_done && app->streams[i].done;
        any_failed = any_failed || app->streams[i].failed;
        any_records = any_records || app->streams[i].gave_records;
    }
    if (!all_done) {
        return;
    }
    if (app->options.exit_on_end) {
        stop(app, any_failed ? EXIT_FAILURE : EXIT_SUCCESS);
    } else if (any_failed && !any_records) {
        stop(app, EXIT_FAILURE); // there is nothing to serve
    }
}

static void on_record(void *user, struct protocol_record *record, const struct AVFrame *picture)
{
    struct app_stream *stream = user;
    (void)picture;
    stream->gave_records = true;
    server_publisher_record(stream->app->publisher, stream->index, record);
}

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    struct app_stream *stream = user;
    struct app *app = stream->app;
    const char *name = app->options.streams[stream->index].name;
    enum mc_log_level level = state == PIPELINE_FAILED    ? MC_LOG_ERROR
                              : state == PIPELINE_STALLED ? MC_LOG_WARNING
                                                          : MC_LOG_INFO;
    mc_log(level, "stream %s is %s%s%s", name, pipeline_state_name(state),
           reason[0] == '\0' ? "" : ": ", reason);
    server_publisher_state(app->publisher, stream->index, pipeline_state_name(state), reason);
    if (state == PIPELINE_ENDED || state == PIPELINE_FAILED) {
        stream->done = true;
        stream->failed = state == PIPELINE_FAILED;
        server_publisher_end(app->publisher, stream->index);
        check_end(app);
    }
}

static void on_pressure(void *user, int index, bool held)
{
    struct app *app = user;
    if (app->streams[index].stream != NULL && !app->stopping) {
        pipeline_stream_hold(app->streams[index].stream, held);
    }
}

// ---- what requests ask of the streams ---------------------------------------------

static void get_stats(const struct app *app, int index, struct pipeline_stats *stats)
{
    *stats = (struct pipeline_stats){ 0 };
    if (app->streams[index].stream != NULL) {
        pipeline_stream_stats(app->streams[index].stream, stats);
    }
}

static void on_status(void *user, int index, struct protocol_stream_status *status)
{
    struct pipeline_stats stats;
    get_stats(user, index, &stats);
    status->dropped = pipeline_stats_dropped(&stats);
    status->drops.mailbox = stats.dropped[PIPELINE_DROP_MAILBOX];
    status->drops.late = stats.dropped[PIPELINE_DROP_LATE];
    status->drops.decode = stats.dropped[PIPELINE_DROP_DECODE];
    status->connects = stats.connects;
}

static void on_metrics(void *user, int index, struct protocol_buffer *text)
{
    struct app *app = user;
    static struct pipeline_stats stats[PROTOCOL_STREAMS_MAX];
    static struct protocol_status status;
    struct server_connection connections[METRICS_CONNECTIONS];
    for (int i = 0; i < app->options.stream_count; i++) {
        get_stats(app, i, &stats[i]);
    }
    server_publisher_status(app->publisher, &status);
    const struct daemon_metrics metrics = {
        .version = MOCAPD_VERSION,
        .status = &status,
        .stats = stats,
        .first = index < 0 ? 0 : index,
        .end = index < 0 ? app->options.stream_count : index + 1,
        .connections = connections,
        .connection_count =
            server_publisher_connections(app->publisher, connections, METRICS_CONNECTIONS),
    };
    daemon_metrics_write(text, &metrics);
}

static void on_calibrated(void *user, int faces)
{
    const struct app_stream *stream = user;
    mc_log(MC_LOG_INFO, "stream %s: calibrated, faces: %d",
           stream->app->options.streams[stream->index].name, faces);
    server_publisher_calibrated(stream->app->publisher, stream->index, faces);
}

static void on_calibrate(void *user, int index)
{
    struct app *app = user;
    if (app->streams[index].stream != NULL && !app->stopping) {
        pipeline_stream_calibrate(app->streams[index].stream, on_calibrated, &app->streams[index]);
    }
}

// ---- starting streams --------------------------------------------------------------

static void start_streams(struct app *app)
{
    app->started = true;
    for (int i = 0; i < app->options.stream_count; i++) {
        struct mc_error err = { 0 };
        if (!pipeline_stream_start(app->streams[i].stream, &err)) {
            on_state(&app->streams[i], PIPELINE_FAILED, err.message);
        }
    }
}

static void on_subscribed(void *user, int count)
{
    struct app *app = user;
    if (app->stopping) {
        return;
    }
    for (int i = 0; i < app->options.stream_count; i++) {
        daemon_on_demand_sources_update(&app->streams[i].demand,
                                        server_publisher_count(app->publisher, i));
    }
    if (!app->started && count >= app->options.wait_subscribers) {
        start_streams(app);
    }
}

static bool create_streams(struct app *app, struct mc_error *err)
{
    for (int i = 0; i < app->options.stream_count; i++) {
        const struct daemon_stream_options *wanted = &app->options.streams[i];
        struct app_stream *stream = &app->streams[i];
        *stream = (struct app_stream){ .app = app, .index = i };
        struct pipeline_motion_options motion;
        struct pipeline_stream_options options;
        daemon_stream_resolve(&app->options, wanted, &motion, &options);
        const struct pipeline_stream_callbacks callbacks = { on_record, on_state, stream };
        stream->stream =
            pipeline_stream_create(&app->loop, app->workers, &options, &callbacks, err);
        if (stream->stream == NULL) {
            return mc_error_wrap(err, "stream %s", wanted->name);
        }
        app->open_streams++;
        if (daemon_stream_on_demand(wanted)) {
            daemon_on_demand_sources_init(&stream->demand, &app->loop, stream->stream,
                                          (uint64_t)app->options.linger_s * 1000);
        }
    }
    return true;
}

// ---- starting ------------------------------------------------------------------------

static void on_connection(void *user, uv_stream_t *listener)
{
    struct app *app = user;
    server_publisher_accept(app->publisher, listener);
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    daemon_notify("WATCHDOG=1");
}

static void start_handles(struct app *app)
{
    const int numbers[2] = { SIGINT, SIGTERM };
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&app->loop, &app->signals[i]);
        app->signals[i].data = app;
        uv_signal_start(&app->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&app->loop, &app->watchdog);
    uint64_t interval_ms = daemon_notify_watchdog_ms();
    if (interval_ms > 0) {
        uv_timer_start(&app->watchdog, on_watchdog, interval_ms, interval_ms);
    }
}

// The webcam where there is one, else the clip that is built in, for ever. A service waits
// for the webcam: its subscribers would take the clip for somebody in front of it.
static bool add_default_stream(struct daemon_options *options, struct mc_error *err)
{
    const char *camera = "/dev/video0";
    struct daemon_stream_options *stream = daemon_options_add_stream(options, "main", err);
    if (stream == NULL) {
        return false;
    }
    if (daemon_notify_wanted() || access(camera, F_OK) == 0) {
        mc_log(MC_LOG_INFO, "no stream is given: watching %s", camera);
        snprintf(stream->url, sizeof stream->url, "v4l2:%s", camera);
    } else {
        mc_log(MC_LOG_INFO,
               "no stream is given and no %s is there: watching the clip that is built in", camera);
        snprintf(stream->url, sizeof stream->url, "demo:");
        stream->repeat = options->exit_on_end ? -1 : 1;
    }
    return true;
}

static bool fill_defaults(struct daemon_options *options, struct mc_error *err)
{
    char socket_path[PROTOCOL_ENDPOINT_BYTES];
    if (options->socket[0] == '\0') {
        if (!protocol_endpoint_default(socket_path, err)) {
            return false;
        }
        snprintf(options->socket, sizeof options->socket, "%s", socket_path);
    }
    if (options->workers == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        options->workers = processors < 1                      ? 1
                           : processors > PIPELINE_WORKERS_MAX ? PIPELINE_WORKERS_MAX
                                                               : (int)processors;
    }
    return (options->model[0] != '\0' ||
            mc_path_data(options->model, sizeof options->model, NN_MODEL_DEFAULT_FILE, err)) &&
           (options->locator[0] != '\0' || mc_path_data(options->locator, sizeof options->locator,
                                                        NN_LOCATOR_DEFAULT_FILE, err)) &&
           (options->stream_count > 0 || add_default_stream(options, err));
}

static struct server_publisher *create_publisher(struct app *app, struct mc_error *err)
{
    static char names[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
    for (int i = 0; i < app->options.stream_count; i++) {
        memcpy(names[i], app->options.streams[i].name, PROTOCOL_NAME_BYTES);
    }
    const struct server_publisher_options options = {
        .server = "mocapd " MOCAPD_VERSION,
        .streams = (const char(*)[PROTOCOL_NAME_BYTES])names,
        .stream_count = app->options.stream_count,
        .workers = app->options.workers,
        .every_frame = app->options.every_frame,
        .limits = app->options.limits,
    };
    const struct server_publisher_callbacks callbacks = {
        on_subscribed, on_pressure, on_calibrate, on_status, on_metrics, on_finished, app,
    };
    return server_publisher_create(&app->loop, &options, &callbacks, err);
}

static bool serve(struct app *app, unsigned cpu_flags, struct mc_error *err)
{
    app->publisher = create_publisher(app, err);
    if (app->publisher == NULL) {
        return false;
    }
    start_handles(app);
    app->server.on_connection = on_connection;
    app->server.user = app;
    if (!create_streams(app, err) ||
        !server_listener_open(&app->server, &app->loop, app->options.socket, err)) {
        stop(app, EXIT_FAILURE);
        uv_run(&app->loop, UV_RUN_DEFAULT);
        return false;
    }
    mc_log(MC_LOG_INFO, "mocapd %s listens on %s: %d workers, %s kernels, %s", MOCAPD_VERSION,
           app->options.socket, app->options.workers, mc_cpu_level_name(cpu_flags),
           app->options.model);
    daemon_notify("READY=1");
    if (app->options.wait_subscribers == 0) {
        start_streams(app);
    }
    uv_run(&app->loop, UV_RUN_DEFAULT);
    return true;
}

// Everything between the options and the loop; undone in reverse.
static int run(struct app *app)
{
    struct mc_error err = { 0 };
    unsigned cpu_flags = 0;
    int status = uv_loop_init(&app->loop);
    if (status < 0) {
        mc_log(MC_LOG_ERROR, "loop: %s", uv_strerror(status));
        return EXIT_FAILURE;
    }
    bool good = fill_defaults(&app->options, &err) && mc_cpu_flags(&cpu_flags, &err);
    app->model = good ? nn_model_load(app->options.model, cpu_flags, &err) : NULL;
    app->locator = app->model != NULL ? nn_model_load(app->options.locator, cpu_flags, &err) : NULL;
    app->workers = app->locator == NULL
                       ? NULL
                       : pipeline_workers_create(&app->loop, app->model, app->locator,
                                                 app->options.workers, &err);
    good = app->workers != NULL && serve(app, cpu_flags, &err);
    if (!good) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        app->status = EXIT_FAILURE;
    }
    server_publisher_destroy(app->publisher);
    pipeline_workers_destroy(app->workers);
    nn_model_destroy(app->locator);
    nn_model_destroy(app->model);
    uv_run(&app->loop, UV_RUN_DEFAULT);
    uv_loop_close(&app->loop);
    return app->status;
}

// Room for as many connections as are allowed; systems start with 1024.
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); // as many as may be, then
    }
}

int main(int argc, char **argv)
{
    struct app *app = calloc(1, sizeof *app);
    struct mc_error err = { 0 };
    if (app == NULL) {
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN); // a failed write says so
    raise_file_limit();
    int status = EXIT_SUCCESS;
    switch (daemon_options_parse(&app->options, argc, argv, &err)) {
    case DAEMON_OPTIONS_HELP:
        fputs(daemon_options_usage, stdout);
        break;
    case DAEMON_OPTIONS_VERSION:
        puts("mocapd " MOCAPD_VERSION);
        break;
    case DAEMON_OPTIONS_USAGE:
        fprintf(stderr, "mocapd: %s; see mocapd --help\n", err.message);
        status = EXIT_USAGE;
        break;
    case DAEMON_OPTIONS_CONFIG:
        fprintf(stderr, "mocapd: %s\n", err.message);
        status = EXIT_CONFIG;
        break;
    case DAEMON_OPTIONS_RUN:
        mc_log_level_set(app->options.log_level);
        status = run(app);
        break;
    }
    free(app);
    return status;
}
