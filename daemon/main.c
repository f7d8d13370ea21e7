// mocapd: watches video, publishes motion.
#include <assert.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <uv.h>

#include "base/command.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/reserve.h"
#include "base/text_file.h"
#include "daemon/activation.h"
#include "daemon/command_line.h"
#include "daemon/config.h"
#include "daemon/defaults.h"
#include "daemon/limits.h"
#include "daemon/metrics.h"
#include "daemon/networks.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/reload.h"
#include "daemon/stream_control.h"
#include "daemon/streams.h"
#include "nn/model.h"
#include "pipeline/isolate/decoder_process.h"
#include "pipeline/models.h"
#include "pipeline/stats.h"
#include "pipeline/worker.h"
#include "server/listener.h"
#include "server/publisher.h"

enum { EXIT_USAGE = 2, EXIT_CONFIG = 78 }; // as in sysexits.h
enum { FILES_MIN = 24 };                   // descriptors to start with

// SIGINT, SIGTERM, and SIGHUP where there is a configuration to read again.
enum { SIGNALS = 3 };

struct app {
    int argc;
    char **argv;
    struct daemon_options options;
    uv_loop_t loop;
    struct pipeline_models models;
    struct pipeline_workers *workers;
    struct server_publisher *publisher;
    struct server_listener listener;
    int passed_socket;     // that the service manager has opened; -1: none
    char socket[PATH_MAX]; // where that one or our own listens
    struct daemon_streams *streams;
    uv_signal_t signals[SIGNALS];
    uv_timer_t watchdog;
    bool started, was_signalled, stopping;
    bool was_changed; // its streams: more may come
    int status;       // of the process
};

// ---- Stopping: first the streams, then the subscribers, then the rest

static void on_finished(void *user)
{
    struct app *app = user;
    uv_close((uv_handle_t *)&app->watchdog, NULL);
    for (int i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&app->signals[i], NULL);
    }
}

static void on_streams_closed(void *user)
{
    struct app *app = user;
    server_publisher_finish(app->publisher);
}

static void stop(struct app *app, int status)
{
    if (app->stopping) {
        return;
    }
    app->stopping = true;
    app->status = status;
    daemon_notify("STOPPING=1");
    server_listener_close(&app->listener);
    if (app->streams != NULL) {
        daemon_streams_close(app->streams);
    } else {
        on_streams_closed(app);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct app *app = handle->data;
    if (app->was_signalled) {
        mc_log(MC_LOG_WARNING, "%s again: exiting at once", strsignal(number));
        _exit(EXIT_FAILURE);
    }
    app->was_signalled = true;
    mc_log(MC_LOG_INFO, "%s: stopping", strsignal(number));
    stop(app, EXIT_SUCCESS);
}

static void on_streams_ended(void *user, bool any_failed, bool any_records)
{
    struct app *app = user;
    if (app->options.exit_on_end) {
        stop(app, any_failed ? EXIT_FAILURE : EXIT_SUCCESS);
    } else if (any_failed && !any_records && !app->was_changed) {
        stop(app, EXIT_FAILURE); // there is nothing to serve
    }
}

// ---- Requests of subscribers

static void start_streams(struct app *app)
{
    app->started = true;
    daemon_streams_start(app->streams);
}

static void on_subscribed(void *user, int count)
{
    struct app *app = user;
    if (app->stopping) {
        return;
    }
    daemon_streams_update_subscribers(app->streams);
    if (!app->started && count >= app->options.wait_subscribers) {
        start_streams(app);
    }
}

static void on_pressure(void *user, int index, bool held)
{
    struct app *app = user;
    daemon_streams_hold(app->streams, index, held);
}

static bool on_calibrate(void *user, int index, const struct protocol_request *request,
                         struct protocol_error *error)
{
    struct app *app = user;
    return daemon_streams_calibrate(app->streams, index, request, error);
}

static bool on_calibration(void *user, int index, const struct protocol_request *request,
                           struct protocol_calibration *calibration, struct protocol_error *error)
{
    struct app *app = user;
    return daemon_streams_calibration(app->streams, index, request, calibration, error);
}

static bool on_settings(void *user, int index, struct protocol_settings *settings,
                        struct protocol_error *error)
{
    struct app *app = user;
    return daemon_streams_settings(app->streams, index, settings, error);
}

static bool on_stream(void *user, const struct protocol_stream_change *change,
                      struct protocol_stream_changed *changed, struct protocol_error *error)
{
    struct app *app = user;
    if (app->stopping) {
        error->code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error->message, sizeof error->message, "stream: mocapd is stopping");
        return false;
    }
    if (!daemon_stream_control(app->streams, &app->options, change, changed, error)) {
        return false;
    }
    app->was_changed = app->was_changed || changed->changed;
    daemon_streams_check_ended(app->streams);
    return true;
}

static bool reload(struct app *app, struct protocol_reloaded *reloaded, struct mc_error *err)
{
    const struct daemon_reload reload = { app->argc, app->argv, &app->options, app->streams,
                                          app->publisher };
    daemon_notify_reloading();
    const bool good = daemon_reload_run(&reload, reloaded, err);
    if (good) {
        app->was_changed = true;
        daemon_notify("READY=1\nSTATUS=configuration read again");
        daemon_streams_check_ended(app->streams);
    } else {
        mc_log(MC_LOG_ERROR, "the configuration stays as it was: %s", err->message);
        daemon_notify(
            "READY=1\nSTATUS=the configuration stays as it was: it is wrong, see the log");
    }
    return good;
}

static bool on_reload(void *user, struct protocol_reloaded *reloaded, struct protocol_error *error)
{
    struct app *app = user;
    struct mc_error err = { 0 };
    if (app->stopping) {
        error->code = PROTOCOL_ERROR_UNSUPPORTED;
        snprintf(error->message, sizeof error->message, "reload: mocapd is stopping");
        return false;
    }
    if (!reload(app, reloaded, &err)) {
        error->code = PROTOCOL_ERROR_CONFIGURATION;
        snprintf(error->message, sizeof error->message, "%.255s", err.message);
        return false;
    }
    return true;
}

static void on_hangup(uv_signal_t *handle, int number)
{
    static struct protocol_reloaded reloaded; // 12 kB
    struct app *app = handle->data;
    struct mc_error err = { 0 };
    (void)number;
    reloaded = (struct protocol_reloaded){ 0 };
    if (!app->stopping) {
        (void)!reload(app, &reloaded, &err);
    }
}

static void on_status(void *user, int index, struct protocol_stream_status *status)
{
    const struct app *app = user;
    daemon_streams_status(app->streams, index, status);
}

static void on_metrics(void *user, int index, struct protocol_buffer *text)
{
    const struct app *app = user;
    static struct pipeline_stats stats[PROTOCOL_STREAMS_MAX];
    static struct protocol_status status;
    struct daemon_metrics metrics = { .version = MOCAPD_VERSION,
                                      .status = &status,
                                      .stats = stats };
    server_publisher_status(app->publisher, &status);
    metrics.end = status.stream_count;
    for (int i = 0; i < status.stream_count; i++) {
        const int stream = server_publisher_find_stream(app->publisher, status.streams[i].stream);
        daemon_streams_stats(app->streams, stream, &stats[i]);
        if (stream == index) {
            metrics.first = i;
            metrics.end = i + 1;
        }
    }
    daemon_metrics_write(text, &metrics);
}

static struct server_publisher *create_publisher(struct app *app, struct mc_error *err)
{
    const struct daemon_options *given = &app->options;
    char names[PROTOCOL_STREAMS_MAX][PROTOCOL_NAME_BYTES];
    for (int i = 0; i < given->stream_count; i++) {
        memcpy(names[i], given->streams[i].name, sizeof names[i]);
    }
    const struct nn_model_info *model = nn_model_info(app->models.landmarks);
    struct protocol_point_set dense;
    protocol_point_set_init(&dense, model->dense_set, model->dense_count);
    struct protocol_network_status networks[PROTOCOL_NETWORKS_MAX];
    const int network_count = daemon_networks_describe(&app->models, given, networks);
    struct server_publisher_options options = {
        .server = "mocapd " MOCAPD_VERSION,
        .streams = (const char(*)[PROTOCOL_NAME_BYTES])names,
        .stream_count = given->stream_count,
        .workers = given->workers,
        .every_frame = given->every_frame,
        .control_group = given->control_group,
        .limits = daemon_limits(given),
        .dense = &dense,
        .networks = networks,
        .network_count = network_count,
    };
    static_assert(PIPELINE_JOBS_PER_WORKER * PIPELINE_WORKERS_MAX <= SERVER_IN_FLIGHT_MAX,
                  "every-frame: all that is in flight when a stream is held has room");
    const struct server_publisher_callbacks callbacks = {
        on_subscribed, on_pressure, on_calibrate, on_calibration, on_settings, on_stream,
        on_reload,     on_status,   on_metrics,   on_finished,    app,
    };
    return server_publisher_create(&app->loop, &options, &callbacks, err);
}

// ---- Starting

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
    const int numbers[SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(&app->loop, &app->signals[i]);
        app->signals[i].data = app;
        if (numbers[i] != SIGHUP || app->options.config != NULL) {
            uv_signal_start(&app->signals[i], numbers[i] == SIGHUP ? on_hangup : on_signal,
                            numbers[i]);
        }
    }
    uv_timer_init(&app->loop, &app->watchdog);
    uint64_t interval_ms = daemon_notify_watchdog_ms();
    if (interval_ms > 0) {
        uv_timer_start(&app->watchdog, on_watchdog, interval_ms, interval_ms);
    }
}

// The service manager's socket, or one of our own.
static bool open_listener(struct app *app, struct mc_error *err)
{
    struct server_listener *listener = &app->listener;
    listener->on_connection = on_connection;
    listener->user = app;
    return app->passed_socket >= 0
               ? server_listener_adopt(listener, &app->loop, app->passed_socket, app->socket, err)
               : server_listener_open(listener, &app->loop, app->socket, err);
}

// Runs until the streams end or a signal comes. Returns false and sets err when it cannot start.
static bool serve(struct app *app, unsigned cpu_flags, struct mc_error *err)
{
    const struct daemon_streams_callbacks callbacks = { on_streams_ended, on_streams_closed, app };
    app->publisher = create_publisher(app, err);
    if (app->publisher == NULL) {
        return false;
    }
    start_handles(app);
    app->streams = daemon_streams_create(&app->loop, app->publisher, app->workers, &callbacks, err);
    if (app->streams == NULL || !daemon_streams_open(app->streams, &app->options, err) ||
        !open_listener(app, err)) {
        stop(app, EXIT_FAILURE);
        uv_run(&app->loop, UV_RUN_DEFAULT);
        return false;
    }
    mc_log(MC_LOG_INFO, "mocapd %s listens on %s: %d worker%s, %s kernels, %s", MOCAPD_VERSION,
           app->socket, app->options.workers, app->options.workers == 1 ? "" : "s",
           mc_cpu_level_name(cpu_flags), app->options.model);
    daemon_networks_log(&app->models, &app->options);
    mc_text_file_never_wait(); // the configuration and passwords are read again by the loop
    daemon_notify("READY=1");
    if (app->options.wait_subscribers == 0) {
        start_streams(app);
    }
    uv_run(&app->loop, UV_RUN_DEFAULT);
    return true;
}

static bool load_networks(struct app *app, unsigned cpu_flags, struct mc_error *err)
{
    const struct daemon_options *options = &app->options;
    const struct pipeline_model_files files = { options->model, options->locator,
                                                options->expression, options->precision };
    if (!pipeline_models_load(&app->models, &files, cpu_flags, err)) {
        return false;
    }
    app->workers = pipeline_workers_create(&app->models, options->workers, err);
    return app->workers != NULL;
}

static bool take_socket(struct app *app, struct mc_error *err)
{
    memcpy(app->socket, app->options.socket, sizeof app->socket);
    app->passed_socket = daemon_activation_take(app->socket, err);
    return app->passed_socket >= 0 || err->code == MC_ERROR_NONE;
}

// Returns the exit status.
static int run(struct app *app)
{
    struct mc_error err = { 0 };
    unsigned cpu_flags = 0;
    if (!mc_file_room(FILES_MIN, &err)) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        return EXIT_FAILURE;
    }
    int status = uv_loop_init(&app->loop);
    if (status < 0) {
        mc_log(MC_LOG_ERROR, "loop: %s", uv_strerror(status));
        return EXIT_FAILURE;
    }
    if (!daemon_defaults_fill(&app->options, &err) || !take_socket(app, &err) ||
        !mc_cpu_flags(&cpu_flags, &err) || !load_networks(app, cpu_flags, &err) ||
        !serve(app, cpu_flags, &err)) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        app->status = EXIT_FAILURE;
    }
    server_publisher_destroy(app->publisher);
    pipeline_workers_destroy(app->workers);
    pipeline_models_unload(&app->models);
    uv_run(&app->loop, UV_RUN_DEFAULT);
    daemon_streams_destroy(app->streams);
    uv_loop_close(&app->loop);
    return app->status;
}

// Prints what would run. Returns the exit status.
static int check_config(struct daemon_options *options)
{
    struct mc_error err = { 0 };
    mc_log_level_set(MC_LOG_WARNING);
    if (!daemon_defaults_fill(options, &err)) {
        fprintf(stderr, "mocapd: %s\n", err.message);
        return EXIT_CONFIG;
    }
    daemon_config_write(options, stdout);
    return EXIT_SUCCESS;
}

// Sources and subscribers come and go for months. glibc would give nearly every thread an arena of
// its own, up to eight for each processor, which keeps what its thread once held; and would raise
// the sizes from which blocks are mapped and free memory is given back, to 32 and 64 MiB. Threads
// allocate a few times a frame, so that they hardly ever meet in the same arena.
static void keep_memory_small(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 1 << 20); // most packets are smaller: mapping each costs time
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

int main(int argc, char **argv)
{
    keep_memory_small();
    pipeline_decoder_process(argc, argv);
    json_set_alloc_funcs(mc_reserve_alloc, mc_reserve_free);
    uv_replace_allocator(mc_reserve_alloc, mc_reserve_realloc, mc_reserve_calloc, mc_reserve_free);
    struct app *app = calloc(1, sizeof *app);
    struct mc_error err = { 0 };
    if (app == NULL) {
        fputs("mocapd: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    app->argc = argc;
    app->argv = argv;
    signal(SIGPIPE, SIG_IGN); // a failed write reports itself
    mc_file_limit_raise();    // for all connections
    int status = EXIT_SUCCESS;
    switch (daemon_command_line_read(&app->options, argc, argv, &err)) {
    case DAEMON_COMMAND_LINE_HELP:
        daemon_command_line_write_help(stdout);
        break;
    case DAEMON_COMMAND_LINE_VERSION:
        puts("mocapd " MOCAPD_VERSION);
        break;
    case DAEMON_COMMAND_LINE_USAGE:
        fprintf(stderr, "mocapd: %s; see mocapd --help\n", err.message);
        status = EXIT_USAGE;
        break;
    case DAEMON_COMMAND_LINE_CONFIG:
        fprintf(stderr, "mocapd: %s\n", err.message);
        status = EXIT_CONFIG;
        break;
    case DAEMON_COMMAND_LINE_RUN:
        if (app->options.check_config) {
            status = check_config(&app->options);
            break;
        }
        mc_log_level_set(app->options.log_level);
        status = run(app);
        break;
    }
    free(app);
    return mc_command_finish_output("mocapd", status);
}
