// mocap-fleet serve: the fleet's streams on a socket of this machine, as mocapd's own.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "protocol/endpoint.h"
#include "server/listener.h"
#include "server/publisher.h"
#include "tools/fleet/broker.h"
#include "tools/fleet/commands.h"
#include "tools/fleet/fleet_options.h"
#include "tools/fleet/serve_metrics.h"
#include "tools/fleet/served_streams.h"
#include "tools/fleet/upstream.h"

enum {
    SIGNALS = 2,
    CHECK_MS = 250,
    FILES_MIN = 32, // descriptors to start with
};

// The dense points of the models that ship.
#define DENSE_SET "ict212"
enum { DENSE_COUNT = 212 };

struct serve {
    const char *socket; // NULL: the default one
    struct fleet_patterns patterns;
};

struct app {
    const struct serve *options;
    const struct fleet_options *fleet;
    uv_loop_t loop;
    uv_signal_t signals[SIGNALS];
    uv_timer_t check;
    struct server_listener listener;
    struct server_publisher *publisher;
    struct fleet_broker *broker;
    struct fleet_upstream *upstream;
    struct fleet_served_streams *served;
    bool is_listening, is_stopping;
};

static bool add_pattern(void *field, const char *label, const char *value, struct mc_error *err)
{
    struct fleet_patterns *patterns = field;
    if (patterns->count == FLEET_PATTERNS_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s '%.40s': more than %d patterns", label,
                            value, FLEET_PATTERNS_MAX);
    }
    patterns->items[patterns->count++] = value;
    return true;
}

static const struct mc_option serve_table[] = {
    { "socket", 0, "PATH", "where to listen; default: where mocapd would", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct serve, socket) },
    { "stream", 0, "PATTERN",
      "serve the streams whose names match, such as 'hall-*'; may be repeated; default: all",
      MC_OPTION_CALL, .set = add_pattern, MC_OPTION_FIELD(struct serve, patterns) },
    { 0 },
};

// ---- what the server asks

static void on_subscribed(void *user, int count)
{
    struct app *app = user;
    (void)count;
    if (app->served != NULL && app->upstream != NULL && !app->is_stopping) {
        fleet_served_streams_follow(app->served);
    }
}

// Calibration belongs to the machine with the camera.
static bool on_calibration(void *user, int stream, const struct protocol_request *request,
                           struct protocol_calibration *calibration, struct protocol_error *error)
{
    (void)user, (void)stream, (void)request, (void)calibration;
    error->code = PROTOCOL_ERROR_UNSUPPORTED;
    snprintf(error->message, sizeof error->message,
             "streams of a fleet are calibrated on the machine that watches them");
    return false;
}

static void on_metrics(void *user, int stream, struct protocol_buffer *text)
{
    struct app *app = user;
    struct fleet_upstream_counts counts;
    (void)stream;
    fleet_upstream_counts(app->upstream, &counts);
    fleet_serve_metrics_write(text, &counts, fleet_served_streams_count(app->served),
                              fleet_broker_is_connected(app->broker));
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

// All connections are closed.
static void on_finished(void *user)
{
    struct app *app = user;
    fleet_upstream_stop(app->upstream);
    close_handle((uv_handle_t *)&app->check);
    for (int i = 0; i < SIGNALS; i++) {
        close_handle((uv_handle_t *)&app->signals[i]);
    }
}

static void stop(struct app *app)
{
    if (!app->is_stopping) {
        app->is_stopping = true;
        if (app->is_listening) {
            server_listener_close(&app->listener);
        }
        server_publisher_finish(app->publisher);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

static void on_connection(void *user, uv_stream_t *listener)
{
    struct app *app = user;
    server_publisher_accept(app->publisher, listener);
}

// ---- what the fleet says

static void on_state(void *user, const struct fleet_state_report *report)
{
    struct app *app = user;
    if (!app->is_stopping) {
        fleet_served_streams_report(app->served, report);
    }
}

// Times of another machine mean nothing here: what counts is how long the record took there.
static void on_record(void *user, int stream, struct protocol_record *record)
{
    const struct app *app = user;
    const int64_t latency_ns = record->t_publish_ns - record->t_arrival_ns;
    record->t_arrival_ns = mc_clock_now_ns() - (latency_ns > 0 ? latency_ns : 0);
    record->t_arrival_ns = record->t_arrival_ns > 0 ? record->t_arrival_ns : 0;
    server_publisher_record(app->publisher, stream, record);
}

static void on_check(uv_timer_t *timer)
{
    const struct app *app = timer->data;
    if (!app->is_stopping) {
        fleet_served_streams_check(app->served);
    }
}

// ---- beginning

static bool create_server(struct app *app, struct mc_error *err)
{
    struct protocol_point_set dense;
    protocol_point_set_init(&dense, DENSE_SET, DENSE_COUNT);
    const struct server_publisher_options options = { .server = "mocap-fleet " MOCAPD_VERSION,
                                                      .limits = SERVER_LIMITS_DEFAULT,
                                                      .dense = &dense };
    const struct server_publisher_callbacks callbacks = { .on_subscribed = on_subscribed,
                                                          .on_calibration = on_calibration,
                                                          .on_metrics = on_metrics,
                                                          .on_finished = on_finished,
                                                          .user = app };
    app->publisher = server_publisher_create(&app->loop, &options, &callbacks, err);
    if (app->publisher == NULL) {
        return false;
    }
    app->served = fleet_served_streams_create(app->publisher, &app->options->patterns);
    return app->served != NULL ||
           mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the fleet's streams");
}

static void start_handles(struct app *app)
{
    const int numbers[SIGNALS] = { SIGINT, SIGTERM };
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(&app->loop, &app->signals[i]);
        app->signals[i].data = app;
        uv_signal_start(&app->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&app->loop, &app->check);
    app->check.data = app;
    uv_timer_start(&app->check, on_check, CHECK_MS, CHECK_MS);
}

static bool start_fleet(struct app *app, struct mc_error *err)
{
    const struct fleet_broker_options broker = { .fleet = app->fleet, .name = "mocap-fleet serve" };
    app->broker = fleet_broker_start(&broker, err);
    if (app->broker == NULL) {
        return false;
    }
    const struct fleet_upstream_options upstream = { .broker = app->broker,
                                                     .site = fleet_options_site(app->fleet),
                                                     .on_state = on_state,
                                                     .on_record = on_record,
                                                     .user = app };
    app->upstream = fleet_upstream_start(&app->loop, &upstream, err);
    if (app->upstream == NULL) {
        return false;
    }
    fleet_served_streams_set_upstream(app->served, app->upstream);
    return true;
}

static bool open_listener(struct app *app, struct mc_error *err)
{
    char path[PROTOCOL_ENDPOINT_BYTES];
    if (app->options->socket == NULL && !protocol_endpoint_default(path, err)) {
        return false;
    }
    app->listener.on_connection = on_connection;
    app->listener.user = app;
    const char *chosen = app->options->socket != NULL ? app->options->socket : path;
    app->is_listening = server_listener_open(&app->listener, &app->loop, chosen, err);
    if (app->is_listening) {
        mc_log(MC_LOG_INFO, "serving the streams of site '%s' at %s",
               fleet_options_site(app->fleet), chosen);
    }
    return app->is_listening;
}

static bool serve(struct app *app, struct mc_error *err)
{
    if (!mc_file_room(FILES_MIN, err)) {
        return false;
    }
    uv_loop_init(&app->loop);
    bool is_good = create_server(app, err);
    if (is_good) {
        start_handles(app);
        is_good = start_fleet(app, err) && open_listener(app, err);
        if (!is_good) {
            stop(app);
        }
        uv_run(&app->loop, UV_RUN_DEFAULT);
    }
    fleet_broker_stop(app->broker);
    fleet_upstream_destroy(app->upstream);
    fleet_served_streams_destroy(app->served);
    server_publisher_destroy(app->publisher);
    uv_loop_close(&app->loop);
    return is_good;
}

static int run(const void *chosen, const void *globals)
{
    struct mc_error err = { 0 };
    struct app *app = calloc(1, sizeof *app);
    if (app == NULL) {
        mc_log(MC_LOG_ERROR, "out of memory");
        return MC_EXIT_FAILED;
    }
    app->options = chosen;
    app->fleet = globals;
    fleet_options_set_log(app->fleet, MC_LOG_INFO);
    int status = MC_EXIT_OK;
    if (!fleet_options_check(app->fleet, NULL, &err) || !serve(app, &err)) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        status = fleet_options_exit_status(&err);
    }
    free(app);
    return status;
}

const struct mc_command fleet_serve_command = {
    .name = "serve",
    .summary = "offer the fleet's streams on a socket of this machine, as mocapd would its own",
    .details = "Every program that talks to mocapd works with them unchanged. A stream's records "
               "come over the network while somebody here is subscribed to it.",
    .options = serve_table,
    .options_size = sizeof(struct serve),
    .run = run,
};
